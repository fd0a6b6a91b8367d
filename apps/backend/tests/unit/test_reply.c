#include "http/assets.h"
#include "http/state.h"

#include "test.h"

#include <string.h>

/* A request that no connection sent. */
static void make_request(struct request *request, const struct text_pair *headers)
{
	memset(request, 0, sizeof(*request));
	arena_init(&request->arena);
	reply_init(&request->reply);
	request->headers = headers;
}

static void finish_request(struct request *request)
{
	reply_finish(&request->reply);
	arena_finish(&request->arena);
}

static const struct asset page = {
	"/index.html",
	"text/html",
	"\"abc\"",
	{ [CODING_IDENTITY] = (const unsigned char *)"identity",
	  [CODING_GZIP] = (const unsigned char *)"gzipgz",
	  [CODING_BROTLI] = (const unsigned char *)"brot" },
	{ [CODING_IDENTITY] = 8, [CODING_GZIP] = 6, [CODING_BROTLI] = 4 },
};
static const struct asset script = {
	"/assets/a-1f.js", "text/javascript", "\"def\"", { (const unsigned char *)"x" }, { 1 },
};

static void check_encoding(const char *accept, const char *expected)
{
	const struct text_pair headers[] = { { "accept-encoding", accept }, { NULL, NULL } };
	struct request request;

	make_request(&request, headers);
	reply_asset(&request, &page);
	assert_int_equal(request.reply.status, 200);
	assert_memory_equal(request.reply.fixed, expected, request.reply.fixed_length);
	assert_int_equal(request.reply.fixed_length, strlen(expected));
	assert_int_equal(strstr(request.reply.headers.data, "Content-Encoding") != NULL,
			 strcmp(expected, "identity") != 0);
	assert_non_null(strstr(request.reply.headers.data, "Vary: Accept-Encoding\r\n"));
	finish_request(&request);
}

static void assets_come_in_the_encoding_that_the_client_likes_best(void **state)
{
	(void)state;
	check_encoding("gzip, deflate, br", "brot");
	check_encoding("gzip, deflate, br, zstd", "brot");
	check_encoding("gzip", "gzipgz");
	check_encoding("GZIP;q=0.5", "gzipgz");
	check_encoding("br;q=0.1, gzip;q=0.2", "gzipgz");
	check_encoding("br;q=0, gzip", "gzipgz");
	check_encoding("*", "brot");
	check_encoding("*;q=0.5, br;q=0", "gzipgz");
	check_encoding("zstd", "identity");
	check_encoding("identity, gzip;q=0.5", "identity");
	check_encoding("gzip;q=0", "identity");
	check_encoding("", "identity");
	check_encoding("gzipp, xgzip", "identity");
	check_encoding(",,;;=q, ;q=1", "identity");
}

static void assets_without_encodings_do_not_vary(void **state)
{
	const struct text_pair headers[] = { { "accept-encoding", "br" }, { NULL, NULL } };
	struct request request;

	(void)state;
	make_request(&request, headers);
	reply_asset(&request, &script);
	assert_null(strstr(request.reply.headers.data, "Vary"));
	assert_string_equal(request.reply.cache_control, "public, max-age=31536000, immutable");
	finish_request(&request);
}

static void check_match(const char *if_none_match, int status)
{
	const struct text_pair headers[] = { { "if-none-match", if_none_match }, { NULL, NULL } };
	struct request request;

	make_request(&request, headers);
	reply_asset(&request, &page);
	assert_int_equal(request.reply.status, status);
	assert_non_null(strstr(request.reply.headers.data, "ETag: W/\"abc\"\r\n"));
	assert_string_equal(request.reply.cache_control, "no-cache");
	finish_request(&request);
}

static void what_the_client_has_is_not_sent_again(void **state)
{
	(void)state;
	check_match("W/\"abc\"", 304);
	check_match("\"abc\"", 304);
	check_match("\"x\", W/\"y\" , \"abc\"", 304);
	check_match("*", 304);
	check_match("\"ab\"", 200);
	check_match("\"abcd\"", 200);
	check_match("abc", 200);
	check_match("", 200);
}

static void check_cookie(const char *cookies, const char *expected)
{
	const struct text_pair headers[] = { { "cookie", cookies }, { NULL, NULL } };
	struct request request;
	const char *value;

	make_request(&request, headers);
	value = request_cookie(&request, "name");
	if (expected == NULL)
		assert_null(value);
	else
		assert_string_equal(value, expected);
	finish_request(&request);
}

static void cookies_are_found(void **state)
{
	const struct text_pair none[] = { { NULL, NULL } };
	struct request request;

	(void)state;
	check_cookie("name=value", "value");
	check_cookie("a=b; name=v=w; c=d", "v=w");
	check_cookie("a=b;name=", "");
	check_cookie("name=first; name=second", "first");
	check_cookie("xname=a; namex=b; Name=c; name", NULL);
	check_cookie("a=name=x", NULL);
	check_cookie("", NULL);
	make_request(&request, none);
	assert_null(request_cookie(&request, "name"));
	finish_request(&request);
}

static void a_problem_keeps_headers_and_drops_the_body(void **state)
{
	const struct text_pair none[] = { { NULL, NULL } };
	struct request request;

	(void)state;
	make_request(&request, none);
	memcpy(request.id, "i", 2);
	reply_header(&request, "Retry-After", "3");
	reply_text(&request, 200, "text/plain", "half", 4);
	reply_problem(&request, ERR_TOO_MANY);
	assert_int_equal(request.reply.status, 429);
	assert_string_equal(request.reply.media, "application/problem+json");
	assert_string_equal(request.reply.headers.data, "Retry-After: 3\r\n");
	assert_string_equal(
		request.reply.body.data,
		"{\"type\":\"urn:webplus:problem:too_many_requests\","
		"\"title\":\"Too many requests. Try again later.\",\"status\":429,"
		"\"code\":\"too_many_requests\",\"detail\":\"Too many requests. Try again later.\","
		"\"errors\":[],\"request_id\":\"i\"}");
	finish_request(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assets_come_in_the_encoding_that_the_client_likes_best),
		cmocka_unit_test(assets_without_encodings_do_not_vary),
		cmocka_unit_test(what_the_client_has_is_not_sent_again),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(a_problem_keeps_headers_and_drops_the_body),
	};

	return RUN_TESTS(tests);
}
