/*
 * A redis-server of a test's own, which it may kill, hang and start again on the same port. Everything asserts; without
 * redis-server the test fails.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_REDIS_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_REDIS_H

#include <sys/types.h>

struct redis_server {
	pid_t pid;       /* 0: not running */
	int port, place; /* and the socket that keeps the port while it does not run */
	char url[64];
	const char *password; /* or NULL; set before it starts */
};

/* Chooses a port and starts it. */
void redis_server_start(struct redis_server *server);
/* On the port that it has. Returns once it can be connected to. */
void redis_server_restart(struct redis_server *server);
void redis_server_kill(struct redis_server *server);
/* For good: its port is free. */
void redis_server_end(struct redis_server *server);
void redis_server_signal(struct redis_server *server, int number);

/* A socket that listens on a free port of 127.0.0.1. */
int listen_on_free_port(int *ret_port);

#endif
