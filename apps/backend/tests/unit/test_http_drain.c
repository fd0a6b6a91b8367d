#include "support_http_client.h"

#include <unistd.h>

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void running_work_ends_and_idle_connections_close(void **state)
{
	int64_t grace_ms = 60 * 1000;
	struct fixture fixture;
	struct answer answer;
	int idle, busy, stream, half;

	(void)state;
	fixture_start(&fixture, server_limits_default);
	idle = client_connect(&fixture);
	client_send(idle, GET("/hello"));
	client_check_answer(idle, 200, "hello");
	busy = client_connect(&fixture);
	client_send(busy, GET("/gate"));
	wait_for(&fixture.app.gate_arrived);
	stream = client_connect(&fixture);
	client_send(stream, GET("/events"));
	wait_for(&fixture.app.taken);
	half = client_connect(&fixture);
	client_send(half, "GET /he");
	fixture_await_connections(&fixture, 4);

	fixture_drain(&fixture, grace_ms);
	assert_true(client_sees_end(idle));
	wait_for(&fixture.app.drain_told);
	answer = client_read(stream, true);
	assert_string_equal(answer.body, "bye");
	assert_false(answer.cut);
	answer_free(&answer);
	close(stream);
	client_send(half, "llo HTTP/1.1\r\n" HOST "\r\n"); /* begun before: still answered */
	answer = client_read(half, true);
	assert_int_equal(answer.status, 200);
	assert_true(answer_has(&answer, "Connection", "close"));
	answer_free(&answer);
	close(half);
	sem_post(&fixture.app.gate);
	answer = client_read(busy, true);
	assert_string_equal(answer.body, "through");
	assert_true(answer_has(&answer, "Connection", "close"));
	answer_free(&answer);
	assert_true(client_sees_end(busy));
	close(busy);
	close(idle);
	fixture_join(&fixture);
}

static void what_does_not_end_is_aborted(void **state)
{
	int64_t grace_ms = 100;
	struct fixture fixture;
	struct answer answer;
	int held, gone;

	(void)state;
	fixture_start(&fixture, server_limits_default);
	fixture.app.finish_on_cancel = true;
	held = client_connect(&fixture);
	client_send(held, GET("/held"));
	wait_for(&fixture.app.held_arrived);
	gone = client_connect(&fixture);
	client_send(gone, GET("/gate"));
	wait_for(&fixture.app.gate_arrived);
	close(gone);
	fixture_drain(&fixture, grace_ms);
	answer = client_read(held, true);
	assert_int_equal(answer.status, 0);
	answer_free(&answer);
	close(held);
	/* A worker's request is waited for though nobody wants its reply. */
	sem_post(&fixture.app.gate);
	fixture_join(&fixture);
	assert_int_equal(atomic_load(&fixture.app.cancels), 1);
	assert_int_equal(atomic_load(&fixture.app.dones), 2);
}

static void nothing_drains_at_once(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, server_limits_default);
	fixture_stop(&fixture);
}

static void addresses_are_checked(void **state)
{
	static const struct route *const tables[] = { fixture_routes, NULL };
	static const struct middleware *const middlewares[] = { NULL };
	static const char *const bad[] = {
		"",        "8080",         ":80",        "localhost:80", "1.2.3:80",
		"[::1:80", "::1:80",       "127.0.0.1:", "127.0.0.1:x",  "127.0.0.1:65536",
		"[x]:80",  "127.0.0.1:-1", "[]:80"
	};
	struct server_options options = { .routes = tables,
					  .middlewares = middlewares,
					  .limits = server_limits_default };
	struct loop loop;
	struct server *server;
	const char *reason;

	(void)state;
	loop_init(&loop);
	options.loop = &loop;
	assert_int_equal(server_create(&options, &server, &reason), ERR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(server_listen(server, bad[i], &reason), ERR_INVALID);
	assert_int_equal(server_listen(server, "203.0.113.1:80", &reason),
			 ERR_INVALID); /* not ours */
	server_destroy(server);
	loop_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_work_ends_and_idle_connections_close),
		cmocka_unit_test(what_does_not_end_is_aborted),
		cmocka_unit_test(nothing_drains_at_once),
		cmocka_unit_test(addresses_are_checked),
	};

	return RUN_TESTS(tests);
}
