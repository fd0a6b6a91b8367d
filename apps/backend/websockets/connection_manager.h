/*
 * Every WebSocket (RFC 6455) of the server: its life, who it is, what it subscribed to.
 *
 * A socket says who it is by a credential of the upgrade or by its first message; then it subscribes
 * to topics, each authorised on a worker. See docs/websockets.md for the messages. How many sockets
 * there may be is limits.h, how often they may speak rate_limiter.h. A reader that falls behind a
 * bound of bytes is cut with 4408 and comes back by number. When the server drains, sockets are
 * closed with 1001; those that hear something which ends within the grace, when it has ended. Loop
 * thread only, but for `authenticate` and `authorize`, which are called on workers.
 */
#ifndef WEBPLUS_WEBSOCKETS_CONNECTION_MANAGER_H
#define WEBPLUS_WEBSOCKETS_CONNECTION_MANAGER_H

#include "base/err.h"
#include "base/loop.h"
#include "base/pool.h"
#include "http/request.h"
#include "security/authorize.h"
#include "websockets/frames.h"
#include "websockets/limits.h"
#include "websockets/topics.h"

struct connection_manager;
struct websocket;

/* What one socket listens to; freed with it. */
struct subscription {
	struct subscriber subscriber;
	struct websocket *socket;
	struct list node;       /* in its socket */
	char topic[TOPIC_SIZE]; /* as the client named it */
	int64_t seq;            /* the last number that the client said it has */
	void *state;            /* for the kind, between `join` and `left` */
	const struct topic_kind *kind;
};

/* A kind of topic, given by a feature: "message", "conversation", "conversations", "models". */
struct topic_kind {
	const char *name; /* the part before the colon */
	bool has_id;
	/* Worker: may the principal listen? */
	enum err (*authorize)(struct app *app, const struct principal *principal, const char *id);
	/*
	 * Loop: the client was told "subscribed"; send what it lacks and topic_join what follows.
	 */
	void (*join)(struct app *app, struct subscription *subscription,
		     const struct principal *principal, const char *id);
	/* Loop: it unsubscribed or went away. May be NULL. topic_leave is done by the caller. */
	void (*left)(struct app *app, struct subscription *subscription);
	/* Loop: whether a server that drains is still to be heard on it. NULL: no. */
	bool (*holds)(struct app *app, const struct subscription *subscription);
};

struct connection_manager_options {
	struct loop *loop;
	struct pool *workers;
	struct app *app;
	struct topics *topics;
	const struct topic_kind *const *kinds; /* ended by NULL */
	/* Worker: who holds this access token? ERR_UNAUTHENTICATED for nobody. */
	enum err (*authenticate)(struct app *app, const char *token,
				 struct principal *ret_principal);
	/* Loop: the credential that came with the upgrade, in the request's arena; NULL: none. */
	const char *(*credential)(struct request *request);
	struct socket_limits sockets;
	size_t pending_max;         /* bytes waiting for a slow reader: 1 MiB */
	size_t message_max;         /* bytes of one message from the client: 64 KiB */
	unsigned subscriptions_max; /* of one socket: 256 */
	int64_t authenticate_ms;    /* 10 s */
	int64_t ping_ms;            /* 30 s; without an answer by the next, the socket is cut */
};

struct connection_manager *
connection_manager_create(const struct connection_manager_options *options);
/* Every socket must be closed (server_drain). */
void connection_manager_destroy(struct connection_manager *manager);

/* The handler of GET /api/v1/ws (a route `on_loop`). */
enum err websocket_upgrade(struct connection_manager *manager, struct request *request) WARN_UNUSED;

/*
 * Any thread: the rights of this account (NULL: everybody's), or of this session or API key of it (NULL: of all), have
 * changed or ended: its sockets are closed with 4401, and come back with the rights of now, or not at all.
 */
void connection_manager_end(struct connection_manager *manager, const char *account_id,
			    const char *session_id);

/* How many there are now, and since the start. */
struct websocket_counts {
	unsigned open, known, subscriptions;
	uint64_t opened;
	uint64_t refused[REFUSALS];  /* by enum refusal */
	uint64_t closed[CLOSE_ROWS]; /* by close_rows: what the server said */
	uint64_t silent, lost;       /* cut without an answer to a ping; gone without a word */
	uint64_t received[RATE_TYPES];
	uint64_t warned;
	uint64_t events, event_bytes; /* sent on topics */
};

struct websocket_counts connection_manager_counts(const struct connection_manager *manager);

#endif
