/*
 * A real server on a free port, on a thread of its own, with routes of every kind and a middleware that does one of
 * each thing. The client is in support_http_client.h. Everything asserts, and what never comes fails the test.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_HTTP_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_HTTP_H

#include "base/loop.h"
#include "http/server.h"

#include "support.h"

#include <pthread.h>
#include <semaphore.h>

enum { BIG_BYTES = 8 * 1024 * 1024 };

/* What the routes note down. It is in the place of the server's own. */
struct app {
	struct request *held; /* by GET /held */
	sem_t held_arrived;
	atomic_int cancels, dones, last_status;
	bool finish_on_cancel;
	sem_t gate; /* GET /gate waits for it on a worker */
	sem_t gate_arrived;
	struct transport *transport; /* the last one taken */
	sem_t taken, closed, drain_told;
	atomic_int producer_destroyed;
	sem_t piece_made;
	atomic_bool ended; /* by GET /pieces?ends=1; X-While is refused from then on */
};

struct fixture {
	struct loop loop;
	struct pool *pool;
	struct server *server;
	struct app app;
	pthread_t thread;
	int port;
};

extern const struct route fixture_routes[];
extern char big_reply[BIG_BYTES]; /* to GET /big */

void fixture_start(struct fixture *fixture, struct server_limits limits);
/* Begins to end it; whoever works or streams has so much time. */
void fixture_drain(struct fixture *fixture, int64_t grace_ms);
/* Waits until it has ended, and frees what it had. */
void fixture_join(struct fixture *fixture);
/* Both, without time. */
void fixture_stop(struct fixture *fixture);

/* Runs something on the loop's thread, and waits for it. */
void fixture_on_loop(struct fixture *fixture, void (*run)(struct fixture *fixture, void *argument),
		     void *argument);

/* Waits until the server has that many connections. */
void fixture_await_connections(struct fixture *fixture, unsigned count);
struct server_counts fixture_counts(struct fixture *fixture);
/* Waits until another thread has brought a number to a value. */
void wait_until(atomic_int *number, int value);

#endif
