/*
 * Private to http/: what a server, a connection and an exchange are made of, and what their files
 * offer each other.
 *
 *	server.c      listeners, deadlines, drain
 *	connection.c  bytes from a socket become heads and bodies, one request after the other
 *	body.c        where a body goes; spill.c the file of a large one
 *	shares.c      what each address has of all this
 *	exchange.c    a request's life: route, admit, run, answer
 *	send.c        the reply's way to the socket
 *
 * A connection has one exchange at a time; what arrives meanwhile waits in `input`. An exchange
 * outlives its connection when somebody (a worker, a holder of a PENDING request) still has it:
 * then request.conn is NULL and its reply is for nobody. Loop thread only, but for what exchange.c
 * runs on workers.
 */
#ifndef WEBPLUS_HTTP_STATE_H
#define WEBPLUS_HTTP_STATE_H

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/pool.h"
#include "http/chunked.h"
#include "http/parse.h"
#include "http/request.h"
#include "http/router.h"
#include "http/server.h"

#include <netinet/in.h>
#include <uv.h>

struct exchange;
struct share;
struct spill;
struct transport;
struct transport_owner;

enum {
	READ_BUFFER_BYTES = 64 * 1024,
	PIPELINE_BYTES_MAX = 16 * 1024, /* of later requests, before reading stops */
	DISCARD_BYTES_MAX = 64 * 1024,  /* of a refused body; above it the connection closes */
	REPLY_HEADERS_MAX = 16 * 1024,
	REPLY_BODY_MAX = 64 * 1024 * 1024,
	LINGER_MS = 3000,
	TICK_MS = 250,
	ENCODED_PIECE_MAX = REPLY_PIECE_MAX + 4096, /* what does not shrink grows a little */
	HTTP_DATE_SIZE = 30,                        /* "Mon, 23 Nov 2026 15:48:55 GMT" and NUL */
};

/* What a connection waits for, each with its own time limit. */
enum deadline {
	DEADLINE_IDLE,    /* the first byte of a request */
	DEADLINE_HEAD,    /* the rest of a head */
	DEADLINE_BODY,    /* a body */
	DEADLINE_REQUEST, /* the handler */
	DEADLINE_WRITE,   /* the client, to read */
	DEADLINE_LINGER,  /* the client, to close */
	DEADLINES,
	DEADLINE_NONE = DEADLINES,
};

struct server {
	struct server_options options;
	struct server_limits limits;
	struct loop *loop;
	struct router *router;
	bool prepares; /* one of the middlewares has `prepare` */

	struct list listeners;
	struct list conns;
	struct list exchanges;
	struct list waiting[DEADLINES]; /* connections, the longest waiting first */
	struct map shares;              /* to struct share, by address */
	uv_timer_t tick;
	uv_timer_t grace;
	unsigned handles; /* open ones: listeners and timers */
	int port;
	struct server_counts counts;
	unsigned closing; /* of its connections, those that are as good as gone */

	bool draining;
	void (*drained)(void *context);
	void *drained_context;

	struct buf head; /* of the reply that is being written */
	int64_t date_s;  /* of `date` */
	char date[HTTP_DATE_SIZE];
	/* One for all connections: what is not used up at once is copied out of it. */
	char read_buffer[READ_BUFFER_BYTES];
};

enum conn_state {
	CONN_HEAD,      /* between requests, or in the middle of a head */
	CONN_BODY,      /* the body of `exchange` */
	CONN_BUSY,      /* `exchange` is worked at or its reply is written */
	CONN_TRANSPORT, /* the bytes belong to `transport` */
	CONN_LINGER,    /* all is said; waits for the client to close */
	CONN_CLOSING,
};

struct conn {
	uv_tcp_t tcp;
	struct server *server;
	struct list node;
	struct list waiting;
	struct list idle;    /* of its share, between two requests */
	int64_t since_ms;    /* that it waits */
	int64_t progress_ms; /* DEADLINE_WRITE: when the client last took something */
	size_t queued_bytes; /* DEADLINE_WRITE: at the last look, to see progress */
	size_t queued_first; /* DEADLINE_WRITE: when the wait began */
	struct buf input;    /* arrived and not yet used */
	size_t scanned;      /* bytes of `input` that are known not to end the head */
	struct exchange *exchange;
	struct transport *transport;
	uv_shutdown_t shutdown;
	struct share *share; /* of `peer`; NULL if it was never accepted */
	enum conn_state state;
	enum deadline deadline;
	bool skipped_line; /* the one empty line that may stand before a request */
	bool eof;          /* the client sends no more */
	bool paused;       /* not reading */
	bool consuming;    /* inside `input`: who wants to go on need only return */
	char peer[INET6_ADDRSTRLEN];
};

enum body_sink { SINK_DISCARD, SINK_MEMORY, SINK_SPILL };

struct body {
	struct chunked chunked;
	bool is_chunked;
	enum body_sink sink;
	int64_t left; /* bytes to come, where the length was given */
	int64_t received;
	int64_t max;
	struct spill *spill;
	size_t held;         /* bytes of memory that are counted for it, */
	struct share *share; /* for this address; NULL: none yet */
};

enum exchange_state {
	EXCHANGE_READING,  /* its head or body */
	EXCHANGE_ASKING,   /* a middleware may answer it */
	EXCHANGE_RUNNING,  /* on a worker or the loop */
	EXCHANGE_PENDING,  /* somebody holds it */
	EXCHANGE_ANSWERED, /* request.result says with what */
	EXCHANGE_HELD,     /* a middleware has to see to something before it is sent */
	EXCHANGE_SENDING,
};

struct exchange {
	struct request request;
	struct server *server;
	struct list node;
	const struct endpoint *endpoint;
	struct body body;
	enum exchange_state state;
	enum err early;   /* refused, but its short body is read to keep the connection */
	enum err outcome; /* of the worker, until it is back on the loop */
	unsigned holds;   /* callbacks and workers inside; it is not freed before they leave */
	bool http_1_0;
	bool keep_alive;
	bool expect_continue;
	const struct middleware *const *next; /* to be asked, or to hold it */
	bool encoded;                         /* the reply is made */
	bool answered;                        /* by a middleware: not encoded, not held */
	bool cancel_told;
	bool timed_out; /* a stand-in answered 503 */
	bool stand_in;  /* is such: no middleware admitted it */
	bool taken;     /* by a transport */
	bool sent;

	struct task work;
	struct loop_task arrival;
	uv_write_t write;
	void (*written)(struct exchange *exchange);
	bool head_sent, last_piece; /* of a producer's reply */
	char chunk_head[CHUNK_HEAD_MAX];
};

static inline struct exchange *exchange_of(struct request *request)
{
	return CONTAINER_OF(request, struct exchange, request);
}

/* server.c */
/* Calls `drained` once nothing is left. */
void server_check_drained(struct server *server);

/* connection.c */
void conn_accept(struct server *server, uv_stream_t *listener);
void conn_wait(struct conn *conn, enum deadline deadline);
/* Goes on with what has arrived and with reading, after something that it waited for. */
void conn_resume(struct conn *conn);
/* The reply of `exchange` is written; the exchange is gone. */
void conn_replied(struct conn *conn, bool keep_alive);
/* Answers what is no request with a problem and closes. */
void conn_refuse(struct conn *conn, enum err err, const char *detail);
/* Says that no more comes, waits a little for the client to close, closes. */
void conn_linger(struct conn *conn);
void conn_close(struct conn *conn);
void conn_expire(struct conn *conn);
/* Whether a body or a reader is too slow, looked at on each tick. */
bool conn_is_slow(struct conn *conn, int64_t now_ms);
static inline bool conn_usable(const struct conn *conn)
{
	return conn != NULL && conn->state != CONN_CLOSING;
}

/* body.c */
void body_expect(struct exchange *exchange, const struct head *head);
bool body_expected(const struct body *body);
/* ERR_TOO_LARGE, with how long it may be. */
enum err body_refuse_large(struct exchange *exchange);
/*
 * ERR_OK and *ret_used; ERR_TOO_LARGE, ERR_MALFORMED, what befell the file, or ERR_TOO_MANY and ERR_UNAVAILABLE while
 * too many bodies wait.
 */
enum err body_feed(struct exchange *exchange, const char *data, size_t length,
		   size_t *ret_used) WARN_UNUSED;
bool body_complete(const struct body *body);
/* A write is under way: nothing more is taken. */
bool body_blocked(const struct body *body);
/* Gives back what it has, the request's bytes too. */
void body_finish(struct exchange *exchange);

/* exchange.c */
struct exchange *exchange_create(struct server *server, struct conn *conn);
/*
 * Its head was read: finds the route, asks the middlewares, and leaves the connection in BODY or
 * BUSY.
 */
void exchange_begin(struct exchange *exchange, const struct head *head);
void exchange_run(struct exchange *exchange);
/* Answers with a problem and closes the connection. */
void exchange_refuse(struct exchange *exchange, enum err err);
/* The client sends no more; who holds the request is told. */
void exchange_client_left(struct exchange *exchange);
/* The connection is gone. */
void exchange_abandon(struct exchange *exchange);
void exchange_time_out(struct exchange *exchange);
/* Its reply stands: ends it and lets the connection go on. */
void exchange_sent(struct exchange *exchange);
void exchange_end(struct exchange *exchange);
/* Ends a request that a transport took over. */
void exchange_taken(struct exchange *exchange);
/* Hands it to a worker, and to `come_back` on the loop. */
void exchange_submit(struct exchange *exchange, void (*work)(struct task *task),
		     void (*come_back)(struct loop_task *task));

/* send.c */
void exchange_send(struct exchange *exchange);
/* Into server->head; `length` < 0: chunked. */
void render_head(struct exchange *exchange, int64_t length);

/* reply.c */
void reply_init(struct reply *reply);
void reply_finish(struct reply *reply);
/* Makes the problem document; headers that were set stay. */
void reply_problem(struct request *request, enum err err);
bool status_has_body(int status);

/* transport.c */
void transport_received(struct transport *transport, const char *data, size_t length);
void transport_drain(struct transport *transport);
/* The connection is closed; frees the transport. */
void transport_finish(struct transport *transport);

#endif
