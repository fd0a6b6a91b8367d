#include "http/client.h"

#include "base/clock.h"

#include "support_upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	struct buf body;
	unsigned heads, ends, pieces;
	int status;
	enum fetch_end end;
	struct fetch *fetch;
	struct fetch *cancel_at_data; /* cancelled by the first bytes */
	struct fetch *cancel_at_end;
	void (*then)(struct seen *seen);
};

static struct loop loop;
static struct client *client;
static struct upstream upstream;

static void on_head(void *context, int status)
{
	struct seen *seen = context;
	seen->heads++;
	seen->status = status;
}

static void on_data(void *context, const char *data, size_t length)
{
	struct seen *seen = context;

	buf_append(&seen->body, data, length);
	seen->pieces++;
	if (seen->cancel_at_data != NULL) {
		fetch_cancel(seen->cancel_at_data);
		seen->cancel_at_data = NULL;
	}
	if (seen->then != NULL)
		seen->then(seen);
}

static void on_end(void *context, enum fetch_end end, int status)
{
	struct seen *seen = context;

	seen->ends++;
	seen->end = end;
	seen->status = status;
	if (seen->cancel_at_end != NULL)
		fetch_cancel(seen->cancel_at_end);
}

static const struct fetch_events events = { on_head, on_data, on_end };

static int set_up(void **state)
{
	(void)state;
	loop_init(&loop);
	client = client_create(&loop, &client_limits_default, NULL);
	upstream_listen(&upstream, &loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	client_destroy(client);
	upstream_close(&upstream);
	loop_finish(&loop);
	return 0;
}

static void seen_init(struct seen *seen)
{
	*seen = (struct seen){ 0 };
	buf_init(&seen->body, 32 << 20);
}

static void start(struct seen *seen, struct fetch_options options)
{
	options.method = options.method != NULL ? options.method : "GET";
	options.url = options.url != NULL ? options.url : upstream.url;
	seen->fetch = fetch_start(client, &options, &events, seen);
	assert_int_equal(seen->ends + seen->heads, 0);
}

/* Plays the steps to one fetch and says how it ended. */
static enum fetch_end play(struct seen *seen, const struct step *steps,
			   struct fetch_options options)
{
	seen_init(seen);
	upstream.steps = steps;
	start(seen, options);
	run_until(&loop, &seen->ends, 1);
	assert_int_equal(seen->ends, 1);
	return seen->end;
}

static void a_reply_arrives_whole(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
			  "5\r\n\r\nhel" },
		{ .send = "lo", .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ 0 }), FETCH_OK);
	assert_string_equal(seen.body.data, "hello");
	assert_int_equal(seen.status, 200);
	assert_int_equal(seen.heads, 1);
	buf_finish(&seen.body);
}

static void what_is_sent_is_what_was_asked(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", .then = THEN_SERVE },
	};
	static const char *const headers[] = { "X-Test: yes", "Content-Type: application/json",
					       NULL };
	char body[] = "{\"a\":1}";
	struct seen seen;

	(void)state;
	/* Neither the body nor the address of a proxy is taken from elsewhere. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	seen_init(&seen);
	upstream.steps = steps;
	start(&seen, (struct fetch_options){ .method = "POST",
					     .headers = headers,
					     .body = body,
					     .body_length = strlen(body) });
	memset(body, 'x', sizeof(body) - 1);
	run_until(&loop, &seen.ends, 1);
	unsetenv("http_proxy");
	assert_int_equal(seen.end, FETCH_OK);
	assert_int_equal(seen.status, 201);
	assert_memory_equal(upstream.request.data, "POST / HTTP/1.1\r\n", 17);
	assert_non_null(strstr(upstream.request.data, "\r\nX-Test: yes\r\n"));
	assert_non_null(strstr(upstream.request.data, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(upstream.request.data, "\r\n\r\n{\"a\":1}"));
	assert_null(strstr(upstream.request.data, "Expect:"));
	buf_finish(&seen.body);
}

static void a_head_request_has_no_body(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ .method = "HEAD" }), FETCH_OK);
	assert_memory_equal(upstream.request.data, "HEAD ", 5);
	buf_finish(&seen.body);
}

static void a_connection_is_used_again(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(play(&seen, steps, (struct fetch_options){ 0 }), FETCH_OK);
		buf_finish(&seen.body);
	}
	assert_int_equal(upstream.requests, 3);
	assert_int_equal(upstream.connections, 1);
}

static void interim_replies_and_trailers_are_no_heads(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\n"
			  "Content-Type: a/b\r\nTransfer-Encoding: "
			  "chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
		  .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ 0 }), FETCH_OK);
	assert_int_equal(seen.status, 404);
	assert_int_equal(seen.heads, 1);
	assert_string_equal(seen.body.data, "abc");
	buf_finish(&seen.body);
}

static void redirects_are_not_followed(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
			  "0\r\n\r\n",
		  .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ 0 }), FETCH_OK);
	assert_int_equal(seen.status, 302);
	assert_int_equal(upstream.requests, 1);
	buf_finish(&seen.body);
}

static void every_fault_has_its_end(void **state)
{
#define BEGIN "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	static const struct {
		struct step steps[3];
		enum fetch_end end;
	} cases[] = {
		{ { { .send = NULL, .then = THEN_CLOSE } }, FETCH_TRUNCATED },
		{ { { .send = NULL, .then = THEN_RESET } }, FETCH_TRUNCATED },
		{ { { .send = BEGIN "abc", .then = THEN_CLOSE } }, FETCH_TRUNCATED },
		{ { { .send = BEGIN "abc", .then = THEN_RESET } }, FETCH_TRUNCATED },
		{ { { .send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		      .then = THEN_CLOSE } },
		  FETCH_TRUNCATED },
		{ { { .send = NULL, .then = THEN_HANG } }, FETCH_TIMEOUT },
		{ { { .send = BEGIN, .then = THEN_HANG } }, FETCH_TIMEOUT },
		{ { { .send = BEGIN "abc", .then = THEN_HANG } }, FETCH_STALLED },
		{ { { .send = "SSH-2.0-OpenSSH_9.2\r\n", .then = THEN_HANG } }, FETCH_FAILED },
		{ { { .send = "garbage without an end", .then = THEN_CLOSE } }, FETCH_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fetch_options patience = { .first_byte_ms = 15000, .stall_ms = 15000 };
		struct seen seen;
		enum fetch_end end;

		/* What has to be waited for alone is short, so that nothing else passes for it. */
		if (cases[i].end == FETCH_TIMEOUT)
			patience.first_byte_ms = 100;
		if (cases[i].end == FETCH_STALLED)
			patience.stall_ms = 50;
		end = play(&seen, cases[i].steps, patience);
		if (end != cases[i].end)
			fail_msg("case %zu ended with %d", i, (int)end);
		buf_finish(&seen.body);
	}
}

static void a_stall_is_noticed_long_before_the_patience_for_the_first_byte_ends(void **state)
{
	static const struct step steps[] = { { .send = BEGIN "abc", .then = THEN_HANG } };
	struct fetch_options patience = { .first_byte_ms = 15000, .stall_ms = 50 };
	int64_t start = clock_monotonic_ms();
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, patience), FETCH_STALLED);
	assert_true(clock_monotonic_ms() - start < 10000);
	buf_finish(&seen.body);
}

static void bytes_keep_a_slow_reply_alive(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world",
		  .one_by_one = true,
		  .then = THEN_SERVE },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ .stall_ms = 5000 }), FETCH_OK);
	assert_string_equal(seen.body.data, "hello, world");
	buf_finish(&seen.body);
}

static void the_whole_has_a_time_too(void **state)
{
	static const struct step steps[] = { { .send = BEGIN "abc", .then = THEN_HANG } };
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ .total_ms = 50 }),
			 FETCH_TIMEOUT);
	buf_finish(&seen.body);
}

static void nobody_there_is_refused(void **state)
{
	struct seen seen;
	char url[64];

	(void)state;
	/* A port that was ours and is closed. */
	uv_close((uv_handle_t *)&upstream.listener, NULL);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	snprintf(url, sizeof(url), "%s", upstream.url);
	assert_int_equal(play(&seen, NULL, (struct fetch_options){ .url = url }), FETCH_REFUSED);
	assert_int_equal(
		play(&seen, NULL, (struct fetch_options){ .url = "http://no.such.host.invalid/" }),
		FETCH_REFUSED);
	assert_int_equal(play(&seen, NULL, (struct fetch_options){ .url = "ftp://127.0.0.1/" }),
			 FETCH_FAILED);
	assert_int_equal(play(&seen, NULL, (struct fetch_options){ .url = "file:///etc/passwd" }),
			 FETCH_FAILED);
	upstream_listen(&upstream, &loop);
}

static void too_much_is_cut(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n" },
		{ .send = "6\r\n678901\r\n", .then = THEN_HANG },
	};
	struct seen seen;

	(void)state;
	assert_int_equal(play(&seen, steps, (struct fetch_options){ .reply_max = 10 }),
			 FETCH_TOO_LARGE);
	assert_true(seen.body.length <= 10);
	buf_finish(&seen.body);
}

static void a_private_address_is_out_of_public_reach(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .then = THEN_SERVE },
	};
	struct fetch_options options = { .reach = REACH_PUBLIC };
	struct seen seen;
	char name[64];

	(void)state;
	assert_int_equal(play(&seen, steps, options), FETCH_FORBIDDEN);
	assert_int_equal(upstream.connections, 0);
	/* By a name, and by spellings of the number. */
	snprintf(name, sizeof(name), "http://localhost:%d/", upstream.port);
	options.url = name;
	assert_int_equal(play(&seen, steps, options), FETCH_FORBIDDEN);
	snprintf(name, sizeof(name), "http://0x7f000001:%d/", upstream.port);
	assert_int_equal(play(&seen, steps, options), FETCH_FORBIDDEN);
	snprintf(name, sizeof(name), "http://[::ffff:127.0.0.1]:%d/", upstream.port);
	assert_int_equal(play(&seen, steps, options), FETCH_FORBIDDEN);
	/* Nor over a connection that one with more reach left open. */
	snprintf(name, sizeof(name), "http://localhost:%d/", upstream.port);
	options.reach = REACH_ANY;
	assert_int_equal(play(&seen, steps, options), FETCH_OK);
	buf_finish(&seen.body);
	options.reach = REACH_PUBLIC;
	assert_int_equal(play(&seen, steps, options), FETCH_FORBIDDEN);
	assert_int_equal(upstream.requests, 1);
}

static const struct step stream[] = {
	{ .send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	  .then = THEN_HANG },
};

static void a_cancel_closes_the_connection_and_says_nothing(void **state)
{
	struct seen seen;

	(void)state;
	seen_init(&seen);
	upstream.steps = stream;
	start(&seen, (struct fetch_options){ 0 });
	run_until(&loop, &seen.pieces, 1);
	assert_int_equal(upstream.open, 1);
	fetch_cancel(seen.fetch);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(seen.ends, 0);
	buf_finish(&seen.body);
}

static void a_cancel_before_anything_happened_is_quiet(void **state)
{
	struct seen seen;

	(void)state;
	seen_init(&seen);
	start(&seen, (struct fetch_options){ 0 });
	fetch_cancel(seen.fetch);
	start(&seen, (struct fetch_options){ .url = "http://no.such.host.invalid/" });
	uv_run(&loop.uv, UV_RUN_NOWAIT); /* a thread looks the name up */
	fetch_cancel(seen.fetch);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	assert_int_equal(seen.ends + seen.heads + seen.pieces, 0);
}

static void an_owner_may_cancel_from_its_callbacks(void **state)
{
	struct seen first, second;

	(void)state;
	upstream.steps = stream;
	/* Itself. */
	seen_init(&first);
	start(&first, (struct fetch_options){ 0 });
	first.cancel_at_data = first.fetch;
	run_until(&loop, &first.pieces, 1);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(first.ends, 0);
	buf_finish(&first.body);
	/* Another one. */
	seen_init(&first);
	seen_init(&second);
	start(&second, (struct fetch_options){ 0 });
	run_until(&loop, &second.pieces, 1);
	start(&first, (struct fetch_options){ 0 });
	first.cancel_at_data = second.fetch;
	run_until(&loop, &first.pieces, 1);
	assert_int_equal(second.ends, 0);
	fetch_cancel(first.fetch);
	run_until_zero(&loop, &upstream.open);
	buf_finish(&first.body);
	buf_finish(&second.body);
}

static void two_that_expire_together_may_cancel_each_other(void **state)
{
	struct fetch_options patience = { .first_byte_ms = 50 };
	static const struct step silence[] = { { .then = THEN_HANG } };
	struct seen first, second;

	(void)state;
	upstream.steps = silence;
	seen_init(&first);
	seen_init(&second);
	start(&first, patience);
	start(&second, patience);
	first.cancel_at_end = second.fetch;
	run_until(&loop, &first.ends, 1);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(first.end, FETCH_TIMEOUT);
	assert_int_equal(second.ends, 0);
}

static struct seen started;

static void start_another(struct seen *seen)
{
	if (seen->pieces == 1)
		start(&started, (struct fetch_options){ 0 });
}

static void start_and_cancel_another(struct seen *seen)
{
	start_another(seen);
	fetch_cancel(started.fetch);
}

static void an_owner_may_start_another_from_its_callbacks(void **state)
{
	struct seen seen;

	(void)state;
	upstream.steps = stream;
	seen_init(&seen);
	seen_init(&started);
	seen.then = start_another;
	start(&seen, (struct fetch_options){ 0 });
	run_until(&loop, &started.pieces, 1);
	fetch_cancel(seen.fetch);
	fetch_cancel(started.fetch);
	buf_finish(&started.body);
	buf_finish(&seen.body);
	seen_init(&seen);
	seen_init(&started);
	seen.then = start_and_cancel_another;
	start(&seen, (struct fetch_options){ 0 });
	run_until(&loop, &seen.pieces, 1);
	fetch_cancel(seen.fetch);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(started.ends + started.pieces, 0);
	buf_finish(&seen.body);
}

static void the_end_of_the_client_ends_what_is_under_way(void **state)
{
	struct seen seen;

	(void)state;
	seen_init(&seen);
	upstream.steps = stream;
	start(&seen, (struct fetch_options){ 0 });
	run_until(&loop, &seen.pieces, 1);
	client_destroy(client);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(seen.ends, 0);
	client = client_create(&loop, &client_limits_default, NULL);
	buf_finish(&seen.body);
}

/* A client with other limits, for the rest of the test. */
static void limit(unsigned per_host, int64_t queue_ms)
{
	struct client_limits limits = client_limits_default;

	limits.per_host = per_host;
	limits.queue_ms = queue_ms;
	client_destroy(client);
	client = client_create(&loop, &limits, NULL);
}

enum { CROWD = 6 };

static void no_more_than_so_many_go_to_a_host_at_once(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .then = THEN_SERVE },
	};
	struct seen seen[CROWD];

	(void)state;
	limit(2, 10000);
	upstream.steps = steps;
	for (int i = 0; i < CROWD; i++) {
		seen_init(&seen[i]);
		start(&seen[i], (struct fetch_options){ 0 });
	}
	assert_int_equal(client_counts(client)->under_way, 2);
	assert_int_equal(client_counts(client)->waiting, CROWD - 2);
	for (int i = 0; i < CROWD; i++) {
		run_until(&loop, &seen[i].ends, 1);
		assert_int_equal(seen[i].end, FETCH_OK);
		buf_finish(&seen[i].body);
	}
	assert_int_equal(upstream.requests, CROWD);
	assert_int_equal(upstream.connections, 2);
	assert_int_equal(client_counts(client)->opened, 2);
	assert_int_equal(client_counts(client)->reused, CROWD - 2);
	assert_int_equal(client_counts(client)->connections, 2);
	assert_int_equal(client_counts(client)->ends[FETCH_OK], CROWD);
	assert_int_equal(client_counts(client)->durations.count, CROWD);
	assert_int_equal(client_counts(client)->waits.count, CROWD - 2);
	assert_int_equal(client_counts(client)->under_way, 0);
}

/* More at once than were kept in the beginning. */
static void a_crowd_keeps_its_connections(void **state)
{
	enum { MANY = 150 };
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .then = THEN_SERVE },
	};
	static struct seen seen[MANY];

	(void)state;
	limit(MANY, 10000);
	upstream.steps = steps;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++) {
			seen_init(&seen[i]);
			start(&seen[i], (struct fetch_options){ 0 });
		}
		for (int i = 0; i < MANY; i++) {
			run_until(&loop, &seen[i].ends, 1);
			assert_int_equal(seen[i].end, FETCH_OK);
			buf_finish(&seen[i].body);
		}
	}
	assert_int_equal(upstream.requests, 3 * MANY);
	assert_int_equal(upstream.connections, MANY);
}

static void who_waits_too_long_is_told_so(void **state)
{
	struct seen first, second;

	(void)state;
	limit(1, 50);
	seen_init(&first);
	seen_init(&second);
	upstream.steps = stream;
	start(&first, (struct fetch_options){ 0 });
	start(&second, (struct fetch_options){ 0 });
	run_until(&loop, &second.ends, 1);
	assert_int_equal(second.end, FETCH_BUSY);
	assert_int_equal(first.ends, 0);
	assert_int_equal(upstream.requests, 1);
	fetch_cancel(first.fetch);
	run_until_zero(&loop, &upstream.open);
	buf_finish(&first.body);
	buf_finish(&second.body);
}

static void a_cancel_gives_the_turn_to_the_next(void **state)
{
	struct seen first, second, third;

	(void)state;
	limit(1, 10000);
	seen_init(&first);
	seen_init(&second);
	seen_init(&third);
	upstream.steps = stream;
	start(&first, (struct fetch_options){ 0 });
	start(&second, (struct fetch_options){ 0 });
	start(&third, (struct fetch_options){ 0 });
	fetch_cancel(second.fetch);
	run_until(&loop, &first.pieces, 1);
	fetch_cancel(first.fetch);
	run_until(&loop, &third.pieces, 1);
	assert_int_equal(second.ends + second.heads, 0);
	assert_int_equal(upstream.requests, 2);
	fetch_cancel(third.fetch);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(client_counts(client)->under_way, 0);
	buf_finish(&first.body);
	buf_finish(&second.body);
	buf_finish(&third.body);
}

static void cancelled_at_its_first_bytes_it_makes_room(void **state)
{
	struct seen first, second;

	(void)state;
	limit(1, 10000);
	seen_init(&first);
	seen_init(&second);
	upstream.steps = stream;
	start(&first, (struct fetch_options){ 0 });
	start(&second, (struct fetch_options){ 0 });
	first.cancel_at_data = first.fetch;
	run_until(&loop, &second.pieces, 1);
	assert_int_equal(first.pieces, 1);
	fetch_cancel(second.fetch);
	run_until_zero(&loop, &upstream.open);
	buf_finish(&first.body);
	buf_finish(&second.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_reply_arrives_whole),
		TEST(what_is_sent_is_what_was_asked),
		TEST(a_head_request_has_no_body),
		TEST(a_connection_is_used_again),
		TEST(interim_replies_and_trailers_are_no_heads),
		TEST(redirects_are_not_followed),
		TEST(every_fault_has_its_end),
		TEST(a_stall_is_noticed_long_before_the_patience_for_the_first_byte_ends),
		TEST(bytes_keep_a_slow_reply_alive),
		TEST(the_whole_has_a_time_too),
		TEST(nobody_there_is_refused),
		TEST(too_much_is_cut),
		TEST(a_private_address_is_out_of_public_reach),
		TEST(a_cancel_closes_the_connection_and_says_nothing),
		TEST(a_cancel_before_anything_happened_is_quiet),
		TEST(an_owner_may_cancel_from_its_callbacks),
		TEST(two_that_expire_together_may_cancel_each_other),
		TEST(an_owner_may_start_another_from_its_callbacks),
		TEST(the_end_of_the_client_ends_what_is_under_way),
		TEST(no_more_than_so_many_go_to_a_host_at_once),
		TEST(a_crowd_keeps_its_connections),
		TEST(who_waits_too_long_is_told_so),
		TEST(a_cancel_gives_the_turn_to_the_next),
		TEST(cancelled_at_its_first_bytes_it_makes_room),
	};

	return RUN_TESTS(tests);
}
