/*
 * All outbound HTTP: libcurl's multi interface on the loop, with pooled connections.
 *
 * A connection is kept and used again, and over TLS one of HTTP/2 carries many fetches where the server offers it. How
 * many fetches are under way is limited, to each host and in all; the others wait for their turn, for a while.
 *
 * Every fetch is limited in time and size, and guarded: the address that is connected to is checked
 * in binary, at each hop, against what its purpose may reach. Loop thread only. Callbacks come from
 * the loop, never from inside fetch_start or fetch_cancel.
 */
#ifndef WEBPLUS_HTTP_CLIENT_H
#define WEBPLUS_HTTP_CLIENT_H

#include "base/err.h"
#include "base/histogram.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct fetch;

/* What a fetch may connect to. */
enum reach {
	/* An address that the administrator configured: a provider, on this host or the network. */
	REACH_ANY,
	/* An address that a user named: no loopback, private, link-local or mapped address. */
	REACH_PUBLIC,
};

enum fetch_end {
	FETCH_OK,        /* the whole reply arrived, whatever its status */
	FETCH_REFUSED,   /* no connection: refused, unresolved, unreachable, TLS */
	FETCH_FORBIDDEN, /* the address is out of reach */
	FETCH_TIMEOUT,   /* no first byte in time, or not over in total_ms */
	FETCH_STALLED,   /* silent for too long in the middle */
	FETCH_TRUNCATED, /* closed before its end */
	FETCH_TOO_LARGE,
	FETCH_FAILED, /* broke HTTP */
	FETCH_BUSY,   /* its turn did not come in time */
	FETCH_ENDS,
};

/* "refused", for metrics. */
const char *fetch_end_name(enum fetch_end end);

struct fetch_options {
	const char *method;         /* "GET", "POST" */
	const char *url;            /* http or https; redirects are not followed */
	const char *const *headers; /* "Name: value", ended by NULL; copied */
	const void *body;           /* copied; NULL for none */
	size_t body_length;
	enum reach reach;
	int64_t connect_ms;    /* 5 s when 0 */
	int64_t first_byte_ms; /* from its turn to the first byte of the body: 60 s when 0 */
	int64_t stall_ms;      /* between later bytes: 60 s when 0 */
	int64_t total_ms;      /* 0: none */
	size_t reply_max;      /* bytes of body; 16 MiB when 0 */
};

struct fetch_events {
	/* The status line and headers are complete. */
	void (*head)(void *context, int status);
	/* Bytes of the body. */
	void (*data)(void *context, const char *data, size_t length);
	/* Last, exactly once, unless cancelled. The fetch is freed after it. */
	void (*end)(void *context, enum fetch_end end, int status);
};

struct client_limits {
	unsigned per_host, total; /* fetches under way, and so connections: 1 024, 2 048 */
	int64_t queue_ms;         /* that one waits for its turn: 10 s */
	int64_t idle_ms;          /* that a connection is kept without use: 60 s */
	int64_t life_ms;          /* after which it is not used again: 10 min */
};

extern const struct client_limits client_limits_default;

struct client_counts {
	unsigned under_way, waiting; /* fetches */
	unsigned connections;        /* open, in use or not */
	uint64_t opened, reused;     /* fetches over a new connection, over one that was there */
	uint64_t ends[FETCH_ENDS];
	struct histogram durations; /* from the start of a fetch, or its turn, to its end */
	struct histogram waits;     /* of those that had to wait for their turn */
};

/* `ca_file`: certificates (PEM) that are trusted besides those of the system; copied; NULL for none. */
struct client *client_create(struct loop *loop, const struct client_limits *limits,
			     const char *ca_file);
const struct client_counts *client_counts(struct client *client);
/* Cancels what is under way. */
void client_destroy(struct client *client);

struct fetch *fetch_start(struct client *client, const struct fetch_options *options,
			  const struct fetch_events *events, void *context);
/* Closes the connection to the upstream; no callback comes any more. */
void fetch_cancel(struct fetch *fetch);
/* Shortens the patience between bytes from here on, for a reply whose rest does not matter. */
void fetch_set_stall(struct fetch *fetch, int64_t stall_ms);

#endif
