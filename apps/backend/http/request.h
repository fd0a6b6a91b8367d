/*
 * A request on its way, and the reply that it gets.
 *
 * A request belongs to one thread at a time: the loop while it is read, admitted and written; a
 * worker while its handler runs. What it makes lives in its arena and dies with it, after the reply
 * was sent.
 *
 * A handler returns
 *	ERR_OK       `out` is encoded as the reply with the route's status (or what reply_* was
 *	             told is sent);
 *	an error     a problem document is sent (RFC 9457), with the words of request_fail and the
 *	             fields of request_invalid;
 *	ERR_PENDING  the answer follows: whoever holds the request calls request_finish on the
 *	             loop, exactly once, even if the client has left meanwhile (request_cancelled).
 */
#ifndef WEBPLUS_HTTP_REQUEST_H
#define WEBPLUS_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/route.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct app;       /* the program's services, app.h */
struct asset;     /* http/assets.h */
struct conn;      /* http/connection.c */
struct loop_task; /* base/loop.h */
struct principal; /* security/authorize.h */
struct rate_state;

/* What a reply's body is. */
enum reply_kind {
	REPLY_NONE,
	REPLY_BODY,
	REPLY_STATIC,
	REPLY_PRODUCER,
	REPLY_EVENTS,
	REPLY_UPGRADE,
};

/*
 * A body made piece by piece. `next` runs on a worker and appends up to REPLY_PIECE_MAX bytes to
 * `out` each time it is called, which is when the piece before has been written to the client; it
 * sets *ret_done with the last. An error cuts the connection, so that a truncated body cannot be
 * taken for a whole one. `destroy` is called once, on the loop.
 */
enum { REPLY_PIECE_MAX = 64 * 1024 };

struct producer {
	enum err (*next)(struct producer *producer, struct buf *out, bool *ret_done);
	void (*destroy)(struct producer *producer);
};

/*
 * Changes the bytes of a reply that is made piece by piece, a content coding. What was encoded so far can be decoded by
 * who has it: each piece is flushed. One thread at a time, a worker for a producer's and the loop for events; `destroy`
 * is called once, on the loop.
 */
struct encoder {
	/* Appends to `out` what becomes of the piece, and with the last one what ends the body. */
	enum err (*encode)(struct encoder *encoder, const void *data, size_t length, bool last,
			   struct buf *out);
	void (*destroy)(struct encoder *encoder);
};

struct reply {
	int status;
	enum reply_kind kind;
	const char *media;         /* content type */
	const char *cache_control; /* NULL: no-store */
	struct buf headers;        /* complete lines, "Name: value\r\n" */
	struct buf body;           /* REPLY_BODY */
	const void *fixed;         /* REPLY_STATIC: bytes that outlive the request */
	size_t fixed_length;
	struct producer *producer;
	struct encoder *encoder; /* REPLY_PRODUCER, REPLY_EVENTS; NULL: sent as they are */
	const char *detail;      /* of a problem */
	long long retry_after_s; /* of a problem; 0: it says nothing, but a 503 that it is 1 */
	bool passing; /* not to be kept, though the route says so: it changes without a write of its own */
	struct field_errors *errors;
};

struct request {
	struct arena arena;
	struct app *app;
	struct conn *conn;
	const struct route *route;
	const struct principal *principal; /* NULL: nobody is signed in */

	char id[37]; /* sent as X-Request-Id, logged, and passed upstream */
	const char *method;
	const char *path;   /* decoded, without the query */
	const char *target; /* as sent */
	const char *peer;   /* the client's address as text, without the port: http/forwarded.h */
	bool secure;        /* a trusted proxy says that it was asked over TLS */
	/* Each ended by a NULL name; names of headers in lower case. */
	const struct text_pair *path_values, *query, *headers;

	struct buf body; /* BODY_JSON */
	int body_fd;     /* BODY_STREAM: readable from 0; -1 otherwise */
	int64_t body_size;

	struct rate_state *limits;     /* middleware/rate_limit.c */
	struct cached_request *cached; /* middleware/cache.c */

	void *out; /* the handler's, schema->size bytes */
	struct reply reply;

	int64_t start_us;    /* monotonic */
	int64_t deadline_ms; /* monotonic: after it the answer is 503 */
	bool begun;          /* its handler was called, and may have written */
	atomic_bool cancelled;
	/* On the loop, once, when the client leaves or the deadline passes while PENDING. */
	void (*on_cancel)(struct request *request);
	void *holder;                          /* for whoever holds a PENDING request */
	void (*step)(struct request *request); /* request_on_loop's */
	enum err result;
};

/* NULL when the request has none. `name` in lower case. */
const char *request_header(const struct request *request, const char *name);
/*
 * The same of a header that is a list: what stands on several lines is one list (RFC 9110, section 5.3), joined in the
 * arena.
 */
const char *request_header_list(struct request *request, const char *name);
/* The value of a cookie, or NULL. */
const char *request_cookie(struct request *request, const char *name);
/* The next of that name, since other hosts of a site may set some, too; NULL: no more. *at is NULL before the first. */
const char *request_cookie_next(struct request *request, const char *name, const char **at);
/* Whether the client has left or the deadline has passed: the work is for nobody. Any thread. */
bool request_cancelled(const struct request *request);

/* Sets the sentence of the problem document and returns `err`, to be returned by the handler. */
enum err request_fail(struct request *request, enum err err, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* Adds an error of one field and returns ERR_INVALID. */
enum err request_invalid(struct request *request, const char *field, const char *format, ...)
	PRINTF_LIKE(3, 4);

/*
 * `name` and `value` must hold no control characters (asserted); a header is never made of what a
 * client sent.
 */
void reply_header(struct request *request, const char *name, const char *value);
/* Sends text instead of `out`. `media` must outlive the request. */
void reply_text(struct request *request, int status, const char *media, const char *text,
		size_t length);
/* Sends bytes that outlive the request, uncopied. */
void reply_fixed(struct request *request, int status, const char *media, const void *data,
		 size_t length);
/* Sends the asset in the best encoding that the client takes; 304 where its ETag matches. */
void reply_asset(struct request *request, const struct asset *asset);
/* RFC 9110, section 13.1.2: whether If-None-Match (NULL: none) names this ETag. */
bool etag_matches(const char *list, const char *etag);
/* Sends what the producer makes, chunked. */
void reply_producer(struct request *request, int status, const char *media,
		    struct producer *producer);

/*
 * Hands the request to the loop, where `step` is called with it; returns ERR_PENDING for the
 * handler to return.
 */
enum err request_on_loop(struct request *request,
			 void (*step)(struct request *request)) WARN_UNUSED;
/*
 * On the loop, later: what a middleware's `answer` or `hold` said ERR_PENDING for has come. `err` is what it would have
 * returned (of `hold`: ERR_OK).
 */
void request_resume(struct request *request, enum err err);
/* On the loop: ends a PENDING request as if the handler had returned `err`. */
void request_finish(struct request *request, enum err err);

#endif
