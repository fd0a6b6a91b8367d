#include "support_http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int client_connect(const struct fixture *fixture)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)fixture->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { CLIENT_MS / 1000, 0 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void client_send_bytes(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, 0);

		assert_true(sent > 0);
		at += sent;
		length -= (size_t)sent;
	}
}

void client_send(int fd, const char *text)
{
	client_send_bytes(fd, text, strlen(text));
}

bool client_read_until(int fd, char *text, size_t size, const char *end)
{
	size_t length = 0, end_length = strlen(end);

	while (length + 1 < size && recv(fd, text + length, 1, 0) == 1) {
		length++;
		text[length] = '\0';
		if (length >= end_length && strcmp(text + length - end_length, end) == 0)
			return true;
	}
	text[length] = '\0';
	return false;
}

static bool read_exactly(int fd, struct answer *answer, size_t length)
{
	answer->body = realloc(answer->body, answer->length + length + 1);
	while (length > 0) {
		ssize_t got = recv(fd, answer->body + answer->length, length, 0);

		if (got <= 0)
			return false;
		answer->length += (size_t)got;
		length -= (size_t)got;
		answer->body[answer->length] = '\0';
	}
	return true;
}

static bool read_chunks(int fd, struct answer *answer)
{
	char line[64];
	size_t size;

	do {
		if (!client_read_until(fd, line, sizeof(line), "\r\n"))
			return false;
		size = strtoul(line, NULL, 16);
		if (!read_exactly(fd, answer, size) ||
		    !client_read_until(fd, line, sizeof(line), "\r\n"))
			return false;
	} while (size > 0);
	return true;
}

const char *answer_header(const struct answer *answer, const char *name, char *value, size_t size)
{
	char start[64];
	const char *at;

	snprintf(start, sizeof(start), "\r\n%s: ", name);
	at = strstr(answer->head, start);
	if (at == NULL)
		return NULL;
	at += strlen(start);
	snprintf(value, size, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

bool answer_has(const struct answer *answer, const char *name, const char *value)
{
	char found[1024];

	return answer_header(answer, name, found, sizeof(found)) != NULL &&
	       strcmp(found, value) == 0;
}

struct answer client_read(int fd, bool body)
{
	struct answer answer = { .body = calloc(1, 1) };
	char value[64];

	if (!client_read_until(fd, answer.head, sizeof(answer.head), "\r\n\r\n")) {
		assert_true(errno != EAGAIN);
		return answer;
	}
	assert_memory_equal(answer.head, "HTTP/1.1 ", 9);
	answer.status = (int)strtol(answer.head + 9, NULL, 10);
	if (!body || answer.status < 200 || answer.status == 204 || answer.status == 304)
		return answer;
	if (answer_has(&answer, "Transfer-Encoding", "chunked"))
		answer.cut = !read_chunks(fd, &answer);
	else if (answer_header(&answer, "Content-Length", value, sizeof(value)) != NULL)
		answer.cut = !read_exactly(fd, &answer, strtoul(value, NULL, 10));
	else
		while (read_exactly(fd, &answer, 1))
			;
	return answer;
}

void answer_free(struct answer *answer)
{
	free(answer->body);
}

bool client_sees_end(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, 0);

	return got == 0 || (got < 0 && errno == ECONNRESET);
}

void client_check_answer(int fd, int status, const char *body)
{
	struct answer answer = client_read(fd, true);

	assert_int_equal(answer.status, status);
	assert_false(answer.cut);
	if (body != NULL)
		assert_string_equal(answer.body, body);
	answer_free(&answer);
}

struct answer client_exchange(const struct fixture *fixture, const char *text, size_t length)
{
	int fd = client_connect(fixture);
	struct answer answer;

	client_send_bytes(fd, text, length);
	answer = client_read(fd, memcmp(text, "HEAD", 4) != 0);
	close(fd);
	return answer;
}
