/*
 * A client of support_http.h that speaks bytes. Its sockets wait CLIENT_MS at most, so that a reply that never comes fails
 * the test instead of hanging it.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_HTTP_CLIENT_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_HTTP_CLIENT_H

#include "support_http.h"

enum { CLIENT_MS = 20000 };

/* A socket, which the test closes. */
int client_connect(const struct fixture *fixture);
void client_send_bytes(int fd, const void *data, size_t length);
void client_send(int fd, const char *text);

struct answer {
	int status;
	char head[8192];
	char *body; /* NUL-terminated */
	size_t length;
	bool cut; /* the connection ended before the reply did */
};

/* With its body, if it can have one and `body` is true. Status 0: the connection ended without a reply. */
struct answer client_read(int fd, bool body);
void answer_free(struct answer *answer);
/* The value of a header, in `value`; NULL when there is none. */
const char *answer_header(const struct answer *answer, const char *name, char *value, size_t size);
bool answer_has(const struct answer *answer, const char *name, const char *value);

/* Byte by byte, so that nothing of the next reply is taken; whether `end` came. */
bool client_read_until(int fd, char *text, size_t size, const char *end);
/* Whether the server closes the connection, having sent nothing more. */
bool client_sees_end(int fd);
/* Reads a whole reply, which has this status and, unless NULL, this body. */
void client_check_answer(int fd, int status, const char *body);

/* One request on a connection of its own, whose end is not waited for. */
struct answer client_exchange(const struct fixture *fixture, const char *text, size_t length);

#endif
