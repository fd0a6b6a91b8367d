#include "support_http_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fixture fixture;

#define HOST "Host: a\r\n"

struct sent {
	const char *text;
	size_t length;
};
#define BYTES(literal) { literal, sizeof(literal) - 1 }

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

/*
 * Sends one request on its own connection; the reply has this status, and the connection then
 * closes or stays.
 */
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
		client_check_answer(fd, 200, "hello");
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

/* What RFC 9110 and RFC 9112 do not allow is refused, and the connection closes. */
static void what_the_rfcs_forbid_is_refused(void **state)
{
	static const struct sent requests[] = {
		/* the request line */
		BYTES("GET  /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES(" GET /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.1 \r\n" HOST "\r\n"),
		BYTES("GET /hello\r\n" HOST "\r\n"),
		BYTES("GET\r\n\r\n"),
		BYTES("\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/2.0\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.10\r\n" HOST "\r\n"),
		BYTES("GET /hello http/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.x\r\n" HOST "\r\n"),
		BYTES("G@T /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("G\0T /hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("\x16\x03\x01\x02\n\x01\x01"), /* TLS */
		/* line ends */
		BYTES("GET /hello HTTP/1.1\n" HOST "\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: a\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "\n"),
		BYTES("GET /hello HTTP/1.1\r" HOST "\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "\r\r\n\r\n"),
		/* targets */
		BYTES("GET hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello#a HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hel\x7Flo HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hel\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a\tb HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a\\b HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a%00b HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a%2Fb HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a%2 HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a%zz HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a%ff HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a/../hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /a/%2e%2E/hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /./hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello?a=%00 HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET /hello?a=% HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET ftp://a/hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET http:///hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("GET http://u@a/hello HTTP/1.1\r\n" HOST "\r\n"),
		BYTES("CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n"),
		/* headers */
		BYTES("GET /hello HTTP/1.1\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nX: b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST HOST "\r\n"),
		BYTES("GET /hello HTTP/1.0\r\n" HOST HOST "\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\nHost: a,b\r\nX : b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X : b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST ": b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X\0: b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X: a\x7F\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"),
		BYTES("GET /hello HTTP/1.1\r\n X: a\r\n" HOST "\r\n"),
		/* lengths */
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Content-Length: 9999999999999999999\r\n\r\n{}"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
		BYTES("POST /echo HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		BYTES("POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		check(requests[i], 400, true);
}

#define CHUNKED                                                                                    \
	"POST /echo HTTP/1.1\r\n" HOST                                                             \
	"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

static void chunked_bodies_are_read_strictly(void **state)
{
	static const struct sent good[] = {
		BYTES(CHUNKED "c\r\n{\"text\":\"a\"}\r\n0\r\n\r\n"),
		BYTES(CHUNKED "00C\r\n{\"text\":\"a\"}\r\n0;a=\"b c\"\r\nX: y\r\nZ:\r\n\r\n"),
		BYTES(CHUNKED "1\r\n{\r\nB;x\r\n\"text\":\"a\"}\r\n0000\r\n\r\n"),
	};
	static const struct sent bad[] = {
		BYTES(CHUNKED "g\r\n"),
		BYTES(CHUNKED "\r\n"),
		BYTES(CHUNKED ";a\r\n"),
		BYTES(CHUNKED "-1\r\n"),
		BYTES(CHUNKED "0x1\r\n"),
		BYTES(CHUNKED " 1\r\n"),
		BYTES(CHUNKED "1 \r\n"),
		BYTES(CHUNKED "1\n{"),
		BYTES(CHUNKED "1\r{"),
		BYTES(CHUNKED "1;a\n{"),
		BYTES(CHUNKED "1;a\0\r\n{"),
		BYTES(CHUNKED "1\r\n{}"),
		BYTES(CHUNKED "1\r\n{\n"),
		BYTES(CHUNKED "1\r\n{\r0"),
		BYTES(CHUNKED "0\r\nX\r\n\r\n"),
		BYTES(CHUNKED "0\r\n X: y\r\n\r\n"),
		BYTES(CHUNKED "0\r\nX : y\r\n\r\n"),
		BYTES(CHUNKED "0\r\nX: y\n\r\n"),
		BYTES(CHUNKED "0\r\n\r0"),
		BYTES(CHUNKED "fffffffffffffffff\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check(good[i], 201, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(bad[i], 400, true);
}

static void sizes_are_bounded(void **state)
{
	static char text[3 * 1024 * 1024];
	size_t used;

	(void)state;
	used = (size_t)snprintf(text, sizeof(text),
				"GET /hello HTTP/1.1\r\n" HOST "X: %015000d\r\n\r\n", 0);
	check((struct sent){ text, used }, 200, false);
	used = (size_t)snprintf(text, sizeof(text),
				"GET /hello HTTP/1.1\r\n" HOST "X: %017000d\r\n\r\n", 0);
	check((struct sent){ text, used }, 431, true);

	used = (size_t)snprintf(text, sizeof(text), "GET /hello HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "X: y\r\n");
	snprintf(text + used, sizeof(text) - used, "\r\n");
	check((struct sent){ text, used + 2 }, 431, true);

	check((struct sent)BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 16385\r\n\r\n"),
	      413, true);
	check((struct sent)BYTES("POST /nothing HTTP/1.1\r\n" HOST "Content-Length: 1025\r\n\r\n"),
	      413, true);
	used = (size_t)snprintf(text, sizeof(text), CHUNKED "4001\r\n%016385d", 0);
	check((struct sent){ text, used }, 413, true);
	used = (size_t)snprintf(text, sizeof(text), CHUNKED "1;%05000d\r\n", 0);
	check((struct sent){ text, used }, 400, true);
	used = (size_t)snprintf(text, sizeof(text), CHUNKED "0\r\nX:%09000d\r\n", 0);
	check((struct sent){ text, used }, 400, true);
	check((struct sent)BYTES("POST /upload HTTP/1.1\r\n" HOST
				 "Content-Length: 4194305\r\n\r\n"),
	      413, true);
}

static void check_head(const char *request, int status, const char *header, const char *value)
{
	struct answer answer = client_exchange(&fixture, request, strlen(request));

	assert_int_equal(answer.status, status);
	if (value != NULL)
		assert_true(answer_has(&answer, header, value));
	else
		assert_null(strstr(answer.head, header));
	answer_free(&answer);
}

static void methods_and_paths_find_their_routes(void **state)
{
	(void)state;
	check((struct sent)BYTES("GET /none HTTP/1.1\r\n" HOST "\r\n"), 404, false);
	check((struct sent)BYTES("GET /worker?x=1 HTTP/1.1\r\n" HOST "\r\n"), 422, false);
	check((struct sent)BYTES("PUT /hello HTTP/1.1\r\n" HOST "\r\n"), 405, false);
	check((struct sent)BYTES("get /hello HTTP/1.1\r\n" HOST "\r\n"), 405, false);
	check_head("PUT /nothing HTTP/1.1\r\n" HOST "\r\n", 405, "Allow", "POST, DELETE, OPTIONS");
	check_head("OPTIONS /hello HTTP/1.1\r\n" HOST "\r\n", 204, "Allow", "GET, HEAD, OPTIONS");
	check_head("OPTIONS /hello HTTP/1.1\r\n" HOST "\r\n", 204, "Content-Length", NULL);
	check_head("OPTIONS /none HTTP/1.1\r\n" HOST "\r\n", 404, "Allow", NULL);
	check_head("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 204, "Allow",
		   "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	check_head("HEAD /hello HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length", "5");
	check_head("HEAD /none HTTP/1.1\r\n" HOST "\r\n", 404, "Content-Type",
		   "application/problem+json");
	check_head("HEAD /pieces HTTP/1.1\r\n" HOST "\r\n", 200, "Transfer-Encoding", "chunked");
	check_head("HEAD /events HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Type",
		   "text/event-stream");
	check_head("POST /nothing HTTP/1.1\r\n" HOST "\r\n", 204, "Content-Length", NULL);
	check_head("GET /hello HTTP/1.0\r\n\r\n", 200, "Connection", "close");
	check_head("GET /hello HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n", 200, "Connection",
		   "close");
	check_head("GET /hello HTTP/1.1\r\n" HOST "Expect: a-miracle\r\n\r\n", 417, "Connection",
		   "close");
}

static void head_has_no_body(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd,
		    "HEAD /hello HTTP/1.1\r\n" HOST "\r\nHEAD /pieces HTTP/1.1\r\n" HOST
		    "\r\nHEAD /none HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n");
	for (int i = 0; i < 3; i++) {
		answer = client_read(fd, false);
		assert_int_equal(answer.status, i < 2 ? 200 : 404);
		answer_free(&answer);
	}
	client_check_answer(fd, 200, "hello");
	close(fd);
}

static void targets_are_decoded(void **state)
{
	static const struct {
		const char *target, *shown;
	} rows[] = {
		{ "/show/1/x", "/show/1/x|id=1|rest=x|host=a|peer=127.0.0.1" },
		{ "/show/1/", "/show/1/|id=1|rest=|host=a|peer=127.0.0.1" },
		{ "/show/a%20%C3%A9/b/c%5C%3f?x=1+2%2B&x=&y&&=z",
		  "/show/a \xC3\xA9/b/c\\?|id=a \xC3\xA9|rest=b/c\\?|x=1 "
		  "2+|x=|y=|=z|host=a|peer=127.0.0.1" },
		{ "hTTp://b:1/show/1/x?", "/show/1/x|id=1|rest=x|host=b:1|peer=127.0.0.1" },
		{ "/show/+/x", "/show/+/x|id=+|rest=x|host=a|peer=127.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char request[512];
		struct answer answer;

		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "\r\n",
			 rows[i].target);
		answer = client_exchange(&fixture, request, strlen(request));
		assert_string_equal(answer.body, rows[i].shown);
		answer_free(&answer);
	}
}

static void bodies_must_be_what_the_route_takes(void **state)
{
#define POST(path, type, length, body)                                                             \
	BYTES("POST " path " HTTP/1.1\r\n" HOST type "Content-Length: " length "\r\n\r\n" body)
#define JSON "Content-Type: application/json\r\n"
	(void)state;
	check((struct sent)POST("/echo", JSON, "12", "{\"text\":\"a\"}"), 201, false);
	check((struct sent)POST("/echo", "Content-Type: Application/JSON; charset=utf-8\r\n", "12",
				"{\"text\":\"a\"}"),
	      201, false);
	check((struct sent)POST("/echo", "Content-Type: text/plain\r\n", "12", "{\"text\":\"a\"}"),
	      415, false);
	check((struct sent)POST("/echo", "Content-Type: application/jsonx\r\n", "12",
				"{\"text\":\"a\"}"),
	      415, false);
	check((struct sent)POST("/echo", "", "12", "{\"text\":\"a\"}"), 415, false);
	check((struct sent)POST("/echo", JSON, "1", "{"), 400, false);
	check((struct sent)POST("/echo", JSON, "2", "{}"), 422, false);
	check((struct sent)POST("/nothing", "", "0", ""), 204, false);
	check((struct sent)POST("/nothing", "", "4", " {} "), 204, false);
	check((struct sent)POST("/nothing", "", "7", "{\"a\":1}"), 400, false);
	check((struct sent)POST("/nothing", "", "3", "{}\0"), 400, false);
	check((struct sent)POST("/none", "", "3", "abc"), 404, false);
	check((struct sent)POST("/hello", "", "3", "abc"), 405, false);
	check((struct sent)POST("/none", "", "70000", "abc"), 404, true);
	check((struct sent)BYTES("POST /none HTTP/1.1\r\n" HOST
				 "Transfer-Encoding: chunked\r\n\r\n"),
	      404, true);
	check((struct sent)POST("/echo", "X-Deny: 1\r\n", "3", "abc"), 403, false);
	check((struct sent)POST("/echo", "X-Deny-Later: 1\r\n", "3", "abc"), 403, false);
	check((struct sent)BYTES("GET /signed HTTP/1.1\r\n" HOST "\r\n"), 200, false);
	check((struct sent)BYTES("GET /signed HTTP/1.1\r\n" HOST "X-Deny-Later: 1\r\n\r\n"), 403,
	      false);
}

static void problems_are_documents(void **state)
{
	static const char request[] = "GET /refuse HTTP/1.1\r\n" HOST "\r\n";
	struct answer answer = client_exchange(&fixture, request, sizeof(request) - 1);
	char expected[1024], id[64];

	(void)state;
	assert_int_equal(answer.status, 409);
	assert_true(answer_has(&answer, "Content-Type", "application/problem+json"));
	assert_true(answer_has(&answer, "Retry-After", "3"));
	assert_non_null(answer_header(&answer, "Date", id, sizeof(id)));
	assert_int_equal(strlen(id), 29);
	assert_non_null(answer_header(&answer, "X-Request-Id", id, sizeof(id)));
	assert_int_equal(strlen(id), 36);
	snprintf(expected, sizeof(expected),
		 "{\"type\":\"urn:webplus:problem:conflict\","
		 "\"title\":\"This is at odds with the present state.\",\"status\":409,"
		 "\"code\":\"conflict\",\"detail\":\"Say \\\"why\\\".\","
		 "\"errors\":[{\"field\":\"a\",\"message\":\"is wrong\"}],\"request_id\":\"%s\"}",
		 id);
	assert_string_equal(answer.body, expected);
	answer_free(&answer);
}

static void expectations_are_met(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd, "POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: 12\r\n"
			"Expect: 100-Continue\r\n\r\n");
	answer = client_read(fd, true);
	assert_int_equal(answer.status, 100);
	answer_free(&answer);
	client_send(fd, "{\"text\":\"a\"}");
	client_check_answer(fd, 201, "{\"text\":\"a\",\"number\":0}");
	/* who did not wait is not told to go on */
	client_send(fd, "POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: 12\r\n"
			"Expect: 100-continue\r\n\r\n{\"text\":\"a\"}");
	client_check_answer(fd, 201, NULL);
	/* the final answer comes instead where the body is not wanted */
	client_send(fd, "POST /none HTTP/1.1\r\n" HOST
			"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	client_check_answer(fd, 404, NULL);
	assert_true(client_sees_end(fd));
	close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	static const char *const paths[] = { "/worker", "/hello", "/later", "/pieces?count=2",
					     "/none" };
	static const char *const bodies[] = { "hello", "hello", "later", "piece 0\npiece 1\n",
					      NULL };
	int fd = client_connect(&fixture);
	struct buf requests;

	(void)state;
	buf_init(&requests, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_printf(&requests, "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i % 5]);
	client_send_bytes(fd, requests.data, requests.length);
	for (int i = 0; i < 1000; i++)
		client_check_answer(fd, i % 5 == 4 ? 404 : 200, bodies[i % 5]);
	buf_finish(&requests);
	close(fd);
}

/* The same bytes, cut in two at every place, in three at some, and one by one. */
static void splits_change_nothing(void **state)
{
	static const char text[] =
		"\r\nPOST /echo HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"
		"5;a=b\r\n{\"tex\r\n7\r\nt\":\"a\"}\r\n0\r\nX: y\r\n\r\n"
		"GET /show/%41/?q=%20 HTTP/1.1\r\n" HOST "\r\n"
		"POST /upload HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nabc\0ef"
		"GET /worker HTTP/1.1\r\n" HOST "\r\n"
		"GET /hello HTTP/1.1\r\n" HOST "\nX: bare line feed\r\n\r\n";
	const size_t length = sizeof(text) - 1;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		int fd = client_connect(&fixture);

		for (size_t at = 0; cut == 0 && at < length; at++)
			client_send_bytes(fd, text + at, 1);
		if (cut > 0) {
			client_send_bytes(fd, text, cut);
			client_send_bytes(fd, text + cut, length - cut);
		}
		client_check_answer(fd, 201, "{\"text\":\"a\",\"number\":0}");
		client_check_answer(fd, 200, "/show/A/|id=A|rest=|q= |host=a|peer=127.0.0.1");
		client_check_answer(fd, 200, "abc");
		client_check_answer(fd, 200, "hello");
		client_check_answer(fd, 400, NULL);
		assert_true(client_sees_end(fd));
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_requests_are_answered),
		cmocka_unit_test(what_the_rfcs_forbid_is_refused),
		cmocka_unit_test(chunked_bodies_are_read_strictly),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(methods_and_paths_find_their_routes),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(targets_are_decoded),
		cmocka_unit_test(bodies_must_be_what_the_route_takes),
		cmocka_unit_test(problems_are_documents),
		cmocka_unit_test(expectations_are_met),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(splits_change_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
