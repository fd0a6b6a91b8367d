/*
 * The HTTP/1.1 server (RFC 9110, RFC 9112): strict, small, bounded in everything.
 *
 *	loop      socket -> parse -> router: match -> middleware.admit -> body -> middleware.answer
 *	worker    middleware.prepare -> decode body -> handler -> encode -> middleware.encoded
 *	loop      middleware.hold -> middleware.decorate -> write -> middleware.done
 *
 * The server owns its sockets, connections and requests. Loop thread only, but for what runs on
 * workers as above.
 */
#ifndef WEBPLUS_HTTP_SERVER_H
#define WEBPLUS_HTTP_SERVER_H

#include "base/err.h"
#include "base/loop.h"
#include "base/pool.h"
#include "http/request.h"
#include "http/route.h"

struct proxies;
struct server;

/*
 * One concern of every request. Each function may be NULL; they run in the order of the list.
 * An error from admit or prepare is the reply.
 */
struct middleware {
	const char *name;
	/* Loop, when the head is routed, before the body is read. */
	enum err (*admit)(struct request *request);
	/*
	 * Loop, when the whole request is there, instead of its handler: a reply that it makes is sent as it
	 * stands, an error as a problem. ERR_PENDING: request_resume follows.
	 */
	enum err (*answer)(struct request *request);
	/*
	 * Worker, before the handler, and again before each piece that a producer makes. A public
	 * route that runs on the loop goes without; any other one takes the way over a worker first.
	 */
	enum err (*prepare)(struct request *request);
	/*
	 * After the handler, once its reply stands, an error's too: may change the body, or keep it. Where the
	 * handler ran, a worker most often; on the loop after request_finish.
	 */
	void (*encoded)(struct request *request);
	/* Worker, after prepare and the handler, whatever came of them. */
	void (*conclude)(struct request *request);
	/*
	 * Loop, before a reply that was encoded is sent. ERR_PENDING: not before request_resume. Not called when
	 * nobody wants it any more, nor for the answer that its time is over.
	 */
	enum err (*hold)(struct request *request);
	/* Loop: adds headers to any reply, errors too. The route is NULL where none was found. */
	void (*decorate)(struct request *request);
	/*
	 * Loop, once: the reply was written or given up (its status then is 499, or 503 past the
	 * deadline).
	 */
	void (*done)(struct request *request);
};

struct server_limits {
	size_t head_bytes;        /* request line and headers: 16 KiB */
	int64_t head_ms;          /* from the first byte to the end of the head: 10 s */
	int64_t body_ms;          /* a whole JSON body: 60 s */
	size_t body_bytes_per_s;  /* that any body, and any reader, keeps up after 10 s: 1 KiB */
	int64_t idle_ms;          /* between requests: 75 s */
	int64_t write_ms;         /* without progress while the client has to read: 30 s */
	int64_t request_ms;       /* from the whole request to the handler's answer: 60 s */
	size_t body_bytes_max;    /* of all JSON bodies: 64 MiB; of an address' a quarter */
	unsigned connections_max; /* 20 000; above it the longest idle one gives way */
	/* 1 000, but of trusted proxies; above it the longest idle one gives way, or the new one is closed at once */
	unsigned connections_per_address;
	unsigned headers_max; /* 100 */
};

extern const struct server_limits server_limits_default;

struct server_options {
	struct loop *loop;
	struct pool *workers;
	struct app *app;
	const struct route *const *routes;           /* tables, ended by NULL */
	const struct middleware *const *middlewares; /* ended by NULL */
	struct server_limits limits;
	const char *spill_folder;      /* for BODY_STREAM */
	const struct proxies *proxies; /* http/forwarded.h; NULL: none is trusted */
};

/*
 * ERR_INVALID where a route table is wrong: no access, two rows alike, a bad schema. *ret_reason
 * then lies in static memory until the next call.
 */
enum err server_create(const struct server_options *options, struct server **ret_server,
		       const char **ret_reason) WARN_UNUSED;
/* All connections must be closed: after server_drain called back. */
void server_destroy(struct server *server);

/* "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one. *ret_reason as above. */
enum err server_listen(struct server *server, const char *address,
		       const char **ret_reason) WARN_UNUSED;
/* The port that the first listener got. */
int server_port(const struct server *server);

/*
 * Stops accepting, lets requests end for at most `grace_ms`, tells transports to drain, then calls
 * `drained`.
 */
void server_drain(struct server *server, int64_t grace_ms, void (*drained)(void *context),
		  void *context);

struct server_counts {
	unsigned connections, transports;
	uint64_t accepted, requests;
	size_t body_bytes; /* of JSON bodies, until their requests are answered */
};

struct server_counts server_counts(const struct server *server);

#endif
