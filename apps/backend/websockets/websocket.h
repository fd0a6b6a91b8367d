/*
 * One socket, as the files of this room share it: websocket.c (its life, sending, and work that is
 * done elsewhere), commands.c (what the client asks), connection_manager.c (bytes, time, and all
 * sockets together).
 *
 * A socket lives while its transport or a job holds it. Loop thread only, but for job->work.
 */
#ifndef WEBPLUS_WEBSOCKETS_WEBSOCKET_H
#define WEBPLUS_WEBSOCKETS_WEBSOCKET_H

#include "http/transport.h"
#include "websockets/connection_manager.h"
#include "websockets/frames.h"

enum websocket_state {
	WEBSOCKET_NEW, /* who it is, is not known yet */
	WEBSOCKET_OPEN,
	WEBSOCKET_CLOSING, /* a close frame was sent; nothing else is sent or obeyed any more */
};

struct connection_manager {
	struct connection_manager_options options;
	struct list sockets; /* those with a transport */
	struct limits limits;
	struct websocket_counts counts; /* but for those of `limits` */
	unsigned count;
	unsigned references; /* the creator's, and one for each struct websocket */
	uv_timer_t timer;    /* runs while there are sockets */
	int64_t sweep_ms;    /* when users without sockets are looked at next */
	struct payload *ping;
};

struct websocket {
	struct connection_manager *manager;
	struct transport *transport; /* NULL when it is closed */
	struct list node;            /* in manager->sockets */
	unsigned references;         /* the transport's and the job's */
	enum websocket_state state;
	bool pinged;   /* and nothing was heard since */
	bool pong_due; /* of the last ping */
	bool leaves;   /* the server drains: closed when nothing of it holds any more */
	struct party *address,
		*user; /* which it counts for; the user's is NULL until it is known */
	struct rates rates;
	int64_t deadline_ms; /* NEW: must be known by then; OPEN: next ping; CLOSING: is cut */
	int64_t ends_ms;     /* monotonic: end of the session or key, which the token may not see */
	struct principal principal; /* constant while a job is under way */
	struct frame_reader reader;
	struct job *job;
	struct list waiting; /* messages that came while a job was under way */
	size_t waiting_bytes;
	struct list subscriptions;
	unsigned subscription_count;
};

/*
 * What a message waits for on a worker. A socket has one job at a time, and what it sends meanwhile
 * waits its turn: so a client may authenticate and subscribe in one breath.
 */
struct job {
	struct task task;
	struct loop_task done;
	struct websocket *socket;
	enum err (*work)(struct job *job); /* worker */
	void (*finish)(struct job *job);   /* loop, unless the socket closes */
	enum err err;                      /* what `work` returned */
	struct principal principal;        /* authenticate: found by `work` */
	bool stale;                        /* a session ended meanwhile: `work` is done again */
	const struct topic_kind *kind;     /* subscribe */
	int64_t seq;                       /* subscribe */
	char text[];                       /* token or topic */
};

struct websocket *websocket_create(struct connection_manager *manager);
void websocket_unref(struct websocket *socket);
void connection_manager_unref(struct connection_manager *manager);

/*
 * Sends a frame, unless the socket is closing, and drops the payload; a reader too slow for it is
 * closed.
 */
void websocket_send(struct websocket *socket, struct payload *payload);
/*
 * Says goodbye and stops obeying; the connection is closed when the peer has answered, or in
 * seconds.
 */
void websocket_close(struct websocket *socket, enum close_code code, const char *reason);

/* Counts a message of the client's; false: it was one too many, and the socket is closed. */
bool websocket_allow(struct websocket *socket, enum rate_type type);

/* A job with a copy of `text`, to be filled and then submitted. The socket must have none. */
struct job *job_create(struct websocket *socket, const char *text,
		       enum err (*work)(struct job *job), void (*finish)(struct job *job));
void job_submit(struct job *job);

/* A whole message from the client: obeyed now, or in its turn. */
void websocket_obey(struct websocket *socket, const char *text, size_t length);
void websocket_drop_waiting(struct websocket *socket);

/* commands.c */
void command_run(struct websocket *socket, const char *text, size_t length);
void command_authenticate(struct websocket *socket, const char *token);
bool command_is_authenticate(const struct job *job);
/* The socket is `principal` from here on. */
void command_admit(struct websocket *socket, const struct principal *principal);
/* Whether one of its subscriptions keeps it while the server drains. */
bool command_holds(const struct websocket *socket);
void command_unsubscribe_all(struct websocket *socket);

#endif
