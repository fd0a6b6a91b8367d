#include "base/clock.h"

#include "support_http_client.h"

#include <sys/socket.h>
#include <unistd.h>

static struct fixture fixture;

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

/*
 * Each limit so short that a test can wait for it, and unlike the others, so that it is seen which
 * one was kept.
 */
static const struct server_limits short_limits = {
	.head_bytes = 16 * 1024,
	.head_ms = 600,
	.body_ms = 800,
	.body_bytes_per_s = 1024,
	.idle_ms = 2000,
	.write_ms = 700,
	.request_ms = 500,
	.body_bytes_max = 1024 * 1024,
	.connections_max = 8,
	.connections_per_address = 100,
	.headers_max = 100,
};

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture, short_limits);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_stop(&fixture);
	return 0;
}

/*
 * Whether what began at `since_ms` took as long as the limit, and was not left to the patience of the client. The server
 * looks every 250 ms, and the machine may be busy.
 */
static void check_took(int64_t since_ms, int64_t limit_ms)
{
	int64_t took_ms = clock_monotonic_ms() - since_ms;

	assert_true(took_ms >= limit_ms - 50);
	assert_true(took_ms < CLIENT_MS / 2);
}

static void an_idle_connection_is_closed(void **state)
{
	int64_t since_ms = clock_monotonic_ms();
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, GET("/hello"));
	client_check_answer(fd, 200, "hello");
	assert_true(client_sees_end(fd));
	check_took(since_ms, short_limits.idle_ms);
	close(fd);
}

/* Sends `text` byte by byte for as long as the server lets it; returns the status it was told. */
static int drip(int fd, const char *text, useconds_t pause_us)
{
	struct answer answer;
	int status;

	for (; *text != '\0'; text++) {
		char byte;

		if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			break;
		send(fd, text, 1, MSG_NOSIGNAL);
		usleep(pause_us);
	}
	answer = client_read(fd, true);
	status = answer.status;
	answer_free(&answer);
	return status;
}

/* A byte now and then does not keep a head alive: the limit is for the whole. */
static void a_head_must_arrive_in_time(void **state)
{
	int64_t since_ms = clock_monotonic_ms();
	int fd = client_connect(&fixture);

	(void)state;
	assert_int_equal(drip(fd,
			      "GET /hello HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			      20000),
			 408);
	check_took(since_ms, short_limits.head_ms);
	assert_true(client_sees_end(fd));
	close(fd);
}

static void a_body_must_arrive_in_time(void **state)
{
	int64_t since_ms = clock_monotonic_ms();
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
	assert_int_equal(
		drip(fd, "{\"text\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		     20000),
		408);
	check_took(since_ms, short_limits.body_ms);
	assert_true(client_sees_end(fd));
	close(fd);
}

static void resume_held(struct fixture *f, void *argument)
{
	struct request *request = f->app.held;

	(void)argument;
	f->app.held = NULL;
	request_resume(request, ERR_OK);
}

/* Its answer is held back; the rest of the body is not waited for any more. */
static void a_refused_body_is_not_late(void **state)
{
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, "POST /echo HTTP/1.1\r\n" HOST
			"X-Hold: yes\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n");
	wait_for(&fixture.app.held_arrived);
	usleep((useconds_t)(short_limits.body_ms + 600) * 1000);
	fixture_on_loop(&fixture, resume_held, NULL);
	client_check_answer(fd, 400, NULL);
	close(fd);
}

static void finish_held(struct fixture *f, void *argument)
{
	struct request *request = f->app.held;

	(void)argument;
	f->app.held = NULL;
	request_finish(request, ERR_OK);
}

/*
 * Past its deadline a request is answered for whoever still works at it, and the connection goes
 * on. No middleware holds that answer: it may wait for the very thing that took too long.
 */
static void a_held_request_has_a_deadline(void **state)
{
	int cancels = atomic_load(&fixture.app.cancels), dones;
	int64_t since_ms = clock_monotonic_ms();
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, GET("/held") GET("/hello"));
	wait_for(&fixture.app.held_arrived);
	dones = atomic_load(&fixture.app.dones);
	client_check_answer(fd, 503, NULL);
	check_took(since_ms, short_limits.request_ms);
	client_check_answer(fd, 200, "hello");
	wait_until(&fixture.app.cancels, cancels + 1);
	assert_true(request_cancelled(fixture.app.held));
	assert_string_equal(fixture.app.held->path, "/held");
	wait_until(&fixture.app.dones, dones + 1); /* of /hello */
	fixture_on_loop(&fixture, finish_held, NULL);
	assert_int_equal(atomic_load(&fixture.app.dones), dones + 2);
	assert_int_equal(atomic_load(&fixture.app.last_status), 503);
	close(fd);
}

static void a_workers_request_has_a_deadline(void **state)
{
	int64_t since_ms = clock_monotonic_ms();
	int fd = client_connect(&fixture);
	int dones;

	(void)state;
	client_send(fd, GET("/gate"));
	wait_for(&fixture.app.gate_arrived);
	client_check_answer(fd, 503, NULL);
	check_took(since_ms, short_limits.request_ms);
	dones = atomic_load(&fixture.app.dones);
	sem_post(&fixture.app.gate);
	wait_until(&fixture.app.dones, dones + 1);
	client_send(fd, GET("/hello"));
	client_check_answer(fd, 200, "hello");
	close(fd);
}

static uint64_t accepted(void)
{
	return fixture_counts(&fixture).accepted;
}

/* Reads what the kernel had taken, which then ends too early. */
static void a_reader_that_stops_is_cut(void **state)
{
	static const char *const requests[] = { GET("/big_reply"),
						GET("/pieces?count=1000&bytes=65536") };
	int small = 65536;

	(void)state;
	fixture_await_connections(&fixture, 0);
	for (int i = 0; i < 2; i++) {
		struct answer answer;
		uint64_t before = accepted();
		int64_t since_ms = clock_monotonic_ms();
		int fd = client_connect(&fixture);

		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		client_send(fd, requests[i]);
		while (accepted() == before)
			usleep(1000);
		fixture_await_connections(&fixture, 0); /* given up */
		check_took(since_ms, short_limits.write_ms);
		answer = client_read(fd, true);
		assert_int_equal(answer.status, 200);
		assert_true(answer.cut);
		answer_free(&answer);
		close(fd);
	}
}

/* Where there are as many as there may be, the one that was idle the longest makes room. */
static void the_longest_idle_connection_gives_way(void **state)
{
	int fds[9];

	(void)state;
	fixture_await_connections(&fixture, 0);
	for (int i = 0; i < 8; i++) {
		fds[i] = client_connect(&fixture);
		client_send(fds[i], GET("/hello"));
		client_check_answer(fds[i], 200, "hello");
	}
	client_send(fds[0], GET("/hello"));
	client_check_answer(fds[0], 200, "hello");
	fds[8] = client_connect(&fixture);
	client_send(fds[8], GET("/hello"));
	client_check_answer(fds[8], 200, "hello");
	assert_true(client_sees_end(fds[1]));
	for (int i = 0; i < 9; i++) {
		if (i != 1) {
			client_send(fds[i], GET("/hello"));
			client_check_answer(fds[i], 200, "hello");
		}
		close(fds[i]);
	}
}

/* While all ask for something, one more is closed at once; when one has gone there is room again. */
static void connections_are_bounded(void **state)
{
	char text[100];
	int fds[9];

	(void)state;
	fixture_await_connections(&fixture, 0);
	for (int i = 0; i < 8; i++) {
		fds[i] = client_connect(&fixture);
		client_send(fds[i],
			    "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
			    "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n");
		assert_true(client_read_until(fds[i], text, sizeof(text), "\r\n\r\n"));
	}
	fds[8] = client_connect(&fixture);
	assert_true(client_sees_end(fds[8]));
	close(fds[8]);
	for (int i = 0; i < 8; i++) {
		client_send(fds[i], "{\"text\":\"a\"}");
		client_check_answer(fds[i], 201, NULL);
		close(fds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_connection_is_closed),
		cmocka_unit_test(a_head_must_arrive_in_time),
		cmocka_unit_test(a_body_must_arrive_in_time),
		cmocka_unit_test(a_refused_body_is_not_late),
		cmocka_unit_test(a_held_request_has_a_deadline),
		cmocka_unit_test(a_workers_request_has_a_deadline),
		cmocka_unit_test(a_reader_that_stops_is_cut),
		cmocka_unit_test(the_longest_idle_connection_gives_way),
		cmocka_unit_test(connections_are_bounded),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
