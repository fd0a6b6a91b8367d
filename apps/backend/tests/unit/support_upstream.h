/*
 * A scripted server on the test's own loop: it reads a request, then plays its steps. For the tests of what goes out:
 * the client and the providers. And the running of that loop until something has happened; what never does fails the
 * test.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_UPSTREAM_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_UPSTREAM_H

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"

#include "test.h"

enum then {
	THEN_NEXT,
	THEN_CLOSE,
	THEN_RESET,
	THEN_HANG,
	THEN_SERVE /* wait for the next request */
};

struct step {
	const char *send; /* NULL: nothing */
	size_t length;    /* 0: up to the NUL */
	enum then then;
	bool one_by_one; /* a byte at a time */
};

struct upstream {
	struct loop *loop;
	uv_tcp_t listener;
	int port;
	char url[64]; /* "http://127.0.0.1:port" */
	/* Chooses by the request; by default `steps`. */
	const struct step *(*choose)(struct upstream *upstream, const char *request);
	const struct step *steps;
	struct buf request; /* the latest, head and body */
	unsigned requests, connections, open;
	struct list links;
};

/* On a free port. */
void upstream_listen(struct upstream *upstream, struct loop *loop);
void upstream_close(struct upstream *upstream);

/* Runs the loop until *value is at least `least`. */
void run_until(struct loop *loop, const unsigned *value, unsigned least);
void run_until_zero(struct loop *loop, const unsigned *value);

#endif
