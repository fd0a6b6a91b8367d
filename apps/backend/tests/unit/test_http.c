#include "http_fixture.h"

static struct fixture fixture;

#define HOST "Host: a\r\n"

struct sent {
	const char *text;
	size_t length;
};
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture, server_limits_default);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

/* Sends one request on its own connection; the reply has this status, and the connection then closes or stays. */
static void check(struct sent request, int status, bool closes)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	client_send_bytes(fd, request.text, request.length);
	answer = client_read(fd, true);
	if (answer.status != status)
		print_error("%s\n-> %s%s\n", request.text, answer.head, answer.body);
	assert_int_equal(answer.status, status);
	assert_int_equal(answer_has(&answer, "Connection", "close"), closes);
	assert_true(answer_has(&answer, "X-Decorated", "yes"));
	if (closes) {
		assert_true(client_sees_end(fd));
	} else {
		client_send(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
		check_answer(fd, 200, "hello");
	}
	answer_free(&answer);
	close(fd);
}

static void ordinary_requests_are_answered(void **state)
{
	static const struct sent requests[] = {
		BYTES("GET /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /worker HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nhOsT:a:80\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: \t[::1]:80\t \r\nX: \r\nY:a\tb "
		      "\x80\xFF\r\n\r\n"),
		BYTES("GET /hello?a=b&c[]=|{} HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET http://b/hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n{ }"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n"),
		BYTES("GET /later HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /later-on-loop HTTP/1.1\r\n" HOST "\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		check(requests[i], 200, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_requests_are_answered),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
