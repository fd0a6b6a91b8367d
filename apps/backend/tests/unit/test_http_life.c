#include "http/sse.h"
#include "http/transport.h"

#include "support_http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture fixture;

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

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

static void finish_held(struct fixture *f, void *argument)
{
	struct request *request = f->app.held;

	(void)argument;
	f->app.held = NULL;
	reply_text(request, 200, "text/plain", "released", 8);
	request_finish(request, ERR_OK);
}

static void a_held_request_is_finished_from_the_loop(void **state)
{
	static const char *const requests[] = { GET("/held"), GET("/held-at-once") };

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = client_connect(&fixture);

		client_send(fd, requests[i]);
		client_send(fd, GET("/hello")); /* waits behind it */
		wait_for(&fixture.app.held_arrived);
		fixture_on_loop(&fixture, finish_held, NULL);
		client_check_answer(fd, 200, "released");
		client_check_answer(fd, 200, "hello");
		close(fd);
	}
}

static void who_holds_is_told_that_the_client_left(void **state)
{
	int cancels = atomic_load(&fixture.app.cancels), dones;
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, GET("/held"));
	wait_for(&fixture.app.held_arrived);
	dones = atomic_load(&fixture.app.dones);
	close(fd);
	wait_until(&fixture.app.cancels, cancels + 1);
	assert_true(request_cancelled(fixture.app.held));
	assert_string_equal(fixture.app.held->path, "/held"); /* still valid */
	fixture_on_loop(&fixture, finish_held, NULL);
	wait_until(&fixture.app.dones, dones + 1);
	fixture_await_connections(&fixture, 0);
}

static void a_reset_ends_the_connection_but_not_the_request(void **state)
{
	struct linger reset = { 1, 0 };
	int cancels = atomic_load(&fixture.app.cancels), dones;
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, GET("/held"));
	wait_for(&fixture.app.held_arrived);
	dones = atomic_load(&fixture.app.dones);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	wait_until(&fixture.app.cancels, cancels + 1);
	fixture_await_connections(&fixture, 0);
	assert_int_equal(atomic_load(&fixture.app.dones), dones);
	assert_string_equal(fixture.app.held->path, "/held");
	assert_string_equal(fixture.app.held->peer, "127.0.0.1");
	fixture_on_loop(&fixture, finish_held, NULL);
	wait_until(&fixture.app.dones, dones + 1);
	assert_int_equal(atomic_load(&fixture.app.last_status), 499);
}

static void finishing_inside_the_cancellation_is_fine(void **state)
{
	int cancels = atomic_load(&fixture.app.cancels), dones = atomic_load(&fixture.app.dones);
	int fd = client_connect(&fixture);

	(void)state;
	fixture.app.finish_on_cancel = true;
	client_send(fd, GET("/held"));
	wait_for(&fixture.app.held_arrived);
	close(fd);
	wait_until(&fixture.app.dones, dones + 1);
	assert_int_equal(atomic_load(&fixture.app.cancels), cancels + 1);
	fixture.app.finish_on_cancel = false;
	fixture_await_connections(&fixture, 0);
}

static void a_client_may_stop_sending_and_still_read(void **state)
{
	static const char *const requests[] = { GET("/hello"), GET("/worker"),
						GET("/pieces?count=3") GET("/worker") };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int fd = client_connect(&fixture);

		client_send(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		if (i == 2)
			client_check_answer(fd, 200, "piece 0\npiece 1\npiece 2\n");
		client_check_answer(fd, 200, "hello");
		assert_true(client_sees_end(fd));
		close(fd);
	}
}

static void leaving_during_a_workers_work_harms_nobody(void **state)
{
	struct linger reset = { 1, 0 };
	int dones;
	int fd = client_connect(&fixture);

	(void)state;
	client_send(fd, GET("/gate"));
	wait_for(&fixture.app.gate_arrived);
	dones = atomic_load(&fixture.app.dones);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	fixture_await_connections(&fixture, 0);
	assert_int_equal(atomic_load(&fixture.app.dones), dones);
	sem_post(&fixture.app.gate);
	wait_until(&fixture.app.dones, dones + 1);
	assert_int_equal(atomic_load(&fixture.app.last_status), 499);
}

static void a_half_request_ends_with_its_client(void **state)
{
	static const char *const halves[] = {
		"GET /hel", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n{",
		"POST /upload HTTP/1.1\r\n" HOST "Content-Length: 500000\r\n\r\nabc", "\r\n", ""
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		int fd = client_connect(&fixture);

		client_send(fd, halves[i]);
		shutdown(fd, SHUT_WR);
		assert_true(client_sees_end(fd));
		close(fd);
	}
	fixture_await_connections(&fixture, 0);
}

/* Bodies above the memory's measure go through a file, whole and in order. */
static void large_bodies_are_spilled(void **state)
{
	enum { SIZE = 4 * 1024 * 1024 };
	static char body[SIZE];
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		body[i] = (char)(i * 7 ^ i >> 11);
	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 4194304\r\n\r\n");
	client_send_bytes(fd, body, SIZE);
	client_send(fd, GET("/hello"));
	answer = client_read(fd, true);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.length, SIZE);
	assert_memory_equal(answer.body, body, SIZE);
	answer_free(&answer);
	client_check_answer(fd, 200, "hello");

	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0; at < 100000; at += 1000) {
		client_send(fd, "3e8\r\n");
		client_send_bytes(fd, body + at, 1000);
		client_send(fd, "\r\n");
	}
	client_send(fd, "0\r\n\r\n" GET("/hello"));
	answer = client_read(fd, true);
	assert_int_equal(answer.length, 100000);
	assert_memory_equal(answer.body, body, 100000);
	answer_free(&answer);
	client_check_answer(fd, 200, "hello");

	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	client_check_answer(fd, 200, "");
	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			"400001\r\n");
	send(fd, body, SIZE, MSG_NOSIGNAL);
	send(fd, "xyz", 3, MSG_NOSIGNAL);
	client_check_answer(fd, 413, NULL);
	close(fd);
}

/* A file that cannot grow stands for a full disk. */
static void a_full_disk_is_told_and_passes(void **state)
{
	enum { SIZE = 2 * 1024 * 1024 };
	static char body[SIZE];
	struct rlimit limit, low;
	int fd = client_connect(&fixture);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	low = limit;
	low.rlim_cur = SIZE / 2;
	setrlimit(RLIMIT_FSIZE, &low);
	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 2097152\r\n\r\n");
	for (size_t at = 0; at < SIZE && send(fd, body + at, 4096, MSG_NOSIGNAL) == 4096;)
		at += 4096;
	client_check_answer(fd, 507, NULL);
	close(fd);
	setrlimit(RLIMIT_FSIZE, &limit);
	fd = client_connect(&fixture);
	client_send(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
	client_check_answer(fd, 200, "abc");
	close(fd);
}

static void producers_make_their_replies_piece_by_piece(void **state)
{
	int destroyed, fd;
	struct answer answer;

	(void)state;
	fixture_await_connections(&fixture, 0); /* those before have gone, with their producers */
	destroyed = atomic_load(&fixture.app.producer_destroyed);
	fd = client_connect(&fixture);
	client_send(fd, GET("/pieces?count=3") GET("/pieces?count=2&bytes=65536") GET("/hello"));
	answer = client_read(fd, true);
	assert_true(answer_has(&answer, "Transfer-Encoding", "chunked"));
	assert_string_equal(answer.body, "piece 0\npiece 1\npiece 2\n");
	answer_free(&answer);
	answer = client_read(fd, true);
	assert_int_equal(answer.length, 131072);
	assert_int_equal(answer.body[0], 'a');
	assert_int_equal(answer.body[131071], 'b');
	answer_free(&answer);
	client_check_answer(fd, 200, "hello");
	close(fd);

	fd = client_connect(&fixture);
	client_send(fd, "GET /pieces?count=2 HTTP/1.0\r\n\r\n");
	answer = client_read(fd, true);
	assert_null(strstr(answer.head, "Transfer-Encoding"));
	assert_string_equal(answer.body, "piece 0\npiece 1\n");
	answer_free(&answer);
	close(fd);
	wait_until(&fixture.app.producer_destroyed, destroyed + 3);
}

static void a_producer_that_fails_is_never_taken_for_done(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd, GET("/pieces?count=0&fail=1") GET("/pieces?count=2&fail=1"));
	client_check_answer(fd, 502, NULL); /* before its first byte it can be said properly */
	answer = client_read(fd, true);
	assert_int_equal(answer.status, 200);
	assert_true(answer.cut);
	assert_string_equal(answer.body, "piece 0\npiece 1\n");
	answer_free(&answer);
	close(fd);
}

static void a_producer_goes_on_for_those_alone_who_still_may(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd, "GET /pieces?count=3&ends=1 HTTP/1.1\r\n" HOST "X-While: 1\r\n\r\n");
	answer = client_read(fd, true);
	assert_int_equal(answer.status, 200);
	assert_true(answer.cut);
	assert_string_equal(answer.body, "piece 0\n");
	answer_free(&answer);
	close(fd);
}

/* Who does not read makes the producer wait, not the memory grow. */
static void a_producer_waits_for_its_reader(void **state)
{
	int small = 65536, made = 0, destroyed, fd;

	(void)state;
	fixture_await_connections(&fixture, 0); /* those before have gone, with their producers */
	destroyed = atomic_load(&fixture.app.producer_destroyed);
	fd = client_connect(&fixture);
	while (sem_trywait(&fixture.app.piece_made) == 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_send(fd, GET("/pieces?count=2000&bytes=65536")); /* 128 MiB */
	wait_for(&fixture.app.piece_made);
	for (int quiet = 0; quiet < 300; quiet++) { /* until nothing was made for 300 ms */
		usleep(1000);
		while (sem_trywait(&fixture.app.piece_made) == 0) {
			made++;
			quiet = 0;
		}
	}
	assert_true(made < 500);
	client_send(fd, GET("/hello")); /* others are served meanwhile; this one waits */
	close(fd);
	wait_until(&fixture.app.producer_destroyed, destroyed + 1);
	fixture_await_connections(&fixture, 0);
}

static void a_slow_reader_gets_the_whole_reply(void **state)
{
	int small = 65536, fd = client_connect(&fixture), other;
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < BIG_BYTES; i++)
		big_reply[i] = (char)(i >> 8 ^ i);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_send(fd, GET("/big_reply") GET("/hello"));
	other = client_connect(&fixture);
	client_send(other, GET("/hello"));
	client_check_answer(other, 200, "hello");
	close(other);
	answer = client_read(fd, true);
	assert_int_equal(answer.length, BIG_BYTES);
	assert_memory_equal(answer.body, big_reply, BIG_BYTES);
	answer_free(&answer);
	client_check_answer(fd, 200, "hello");
	close(fd);
}

static void an_upgraded_connection_belongs_to_its_owner(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;
	char text[16];

	(void)state;
	client_send(fd, GET("/upgrade") "first ");
	answer = client_read(fd, false);
	assert_int_equal(answer.status, 101);
	assert_true(answer_has(&answer, "Connection", "Upgrade"));
	assert_true(answer_has(&answer, "X-Decorated", "yes"));
	answer_free(&answer);
	wait_for(&fixture.app.taken);
	assert_true(client_read_until(fd, text, sizeof(text), "first "));
	client_send(fd, "then ");
	assert_true(client_read_until(fd, text, sizeof(text), "then "));
	client_send(fd, "last!");
	assert_true(client_read_until(fd, text, sizeof(text), "last!"));
	assert_true(client_sees_end(fd));
	close(fd);
	wait_for(&fixture.app.closed);
}

static void an_owner_is_told_that_the_peer_left(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd, GET("/upgrade"));
	answer = client_read(fd, false);
	answer_free(&answer);
	wait_for(&fixture.app.taken);
	close(fd);
	wait_for(&fixture.app.closed);
	fixture_await_connections(&fixture, 0);
}

static void send_events(struct fixture *f, void *argument)
{
	struct payload *event = sse_event("delta", 7, "{\"a\":1}", 7);
	struct payload *ping = sse_heartbeat();

	(void)argument;
	transport_write(f->app.transport, event);
	transport_write(f->app.transport, ping);
	payload_unref(event);
	payload_unref(ping);
	transport_close(f->app.transport);
}

static void events_are_streamed_in_chunks(void **state)
{
	static const char *const requests[] = { GET("/events"), "GET /events HTTP/1.0\r\n\r\n" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = client_connect(&fixture);
		struct answer answer;

		client_send(fd, requests[i]);
		wait_for(&fixture.app.taken);
		fixture_on_loop(&fixture, send_events, NULL);
		answer = client_read(fd, true);
		assert_int_equal(answer.status, 200);
		assert_true(answer_has(&answer, "Content-Type", "text/event-stream"));
		assert_string_equal(answer.body,
				    "id: 7\nevent: delta\ndata: {\"a\":1}\n\n: ping\n\n");
		assert_false(answer.cut);
		answer_free(&answer);
		assert_true(client_sees_end(fd));
		close(fd);
		wait_for(&fixture.app.closed);
	}
}

enum { FLOOD = 400, FLOOD_BYTES = 65536 };

static void flood(struct fixture *f, void *argument)
{
	struct payload *payload = payload_create_empty(FLOOD_BYTES);

	memset(payload->data, 'x', FLOOD_BYTES);
	for (int i = 0; i < FLOOD; i++)
		transport_write(f->app.transport, payload);
	assert_int_equal(payload->references > 1, transport_pending_bytes(f->app.transport) > 0);
	*(size_t *)argument = transport_pending_bytes(f->app.transport);
	payload_unref(payload);
	transport_close(f->app.transport);
}

/* Nothing is lost of what had to wait, and the bytes that wait can be asked for. */
static void a_transport_queues_what_the_reader_does_not_take(void **state)
{
	int small = 65536, fd = client_connect(&fixture);
	size_t pending = 0;
	struct answer answer;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_send(fd, GET("/events"));
	wait_for(&fixture.app.taken);
	fixture_on_loop(&fixture, flood, &pending);
	assert_true(pending > FLOOD * FLOOD_BYTES / 2);
	answer = client_read(fd, true);
	assert_false(answer.cut);
	assert_int_equal(answer.length, FLOOD * FLOOD_BYTES);
	answer_free(&answer);
	assert_true(client_sees_end(fd));
	close(fd);
	wait_for(&fixture.app.closed);
}

static void abort_transport(struct fixture *f, void *argument)
{
	(void)argument;
	transport_abort(f->app.transport);
}

static void an_aborted_stream_does_not_look_finished(void **state)
{
	int fd = client_connect(&fixture);
	struct answer answer;

	(void)state;
	client_send(fd, GET("/events"));
	wait_for(&fixture.app.taken);
	fixture_on_loop(&fixture, abort_transport, NULL);
	answer = client_read(fd, true);
	assert_int_equal(answer.status, 200);
	assert_true(answer.cut);
	answer_free(&answer);
	close(fd);
	wait_for(&fixture.app.closed);
}

/*
 * Out of descriptors, new clients are turned away without the loop spinning; once there are some
 * again, they are served.
 */
static void the_server_survives_running_out_of_descriptors(void **state)
{
	struct rlimit limit, low;
	struct rusage before, after;
	int held[256], count = 0, refused, fd;

	(void)state;
	refused = client_connect(&fixture);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = 200;
	setrlimit(RLIMIT_NOFILE, &low);
	fd = client_connect(&fixture); /* accepted: there is room still */
	client_send(fd, GET("/hello"));
	client_check_answer(fd, 200, "hello");
	close(refused);
	fixture_await_connections(&fixture, 1);
	refused = socket(AF_INET, SOCK_STREAM, 0);
	while (count < 256 && (held[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	assert_int_equal(errno, EMFILE);
	{
		struct sockaddr_in address = { .sin_family = AF_INET,
					       .sin_port = htons((uint16_t)fixture.port),
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		assert_int_equal(connect(refused, (struct sockaddr *)&address, sizeof(address)), 0);
	}
	assert_true(client_sees_end(refused));
	getrusage(RUSAGE_SELF, &before);
	usleep(200000); /* measured, not waited for: an idle loop uses no time of the processor */
	getrusage(RUSAGE_SELF, &after);
	assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
			    after.ru_utime.tv_usec - before.ru_utime.tv_usec <
		    100000);
	while (count > 0)
		close(held[--count]);
	close(refused);
	client_send(fd, GET("/hello"));
	client_check_answer(fd, 200, "hello");
	setrlimit(RLIMIT_NOFILE, &limit);
	close(fd);
	fd = client_connect(&fixture);
	client_send(fd, GET("/hello"));
	client_check_answer(fd, 200, "hello");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_request_is_finished_from_the_loop),
		cmocka_unit_test(who_holds_is_told_that_the_client_left),
		cmocka_unit_test(a_reset_ends_the_connection_but_not_the_request),
		cmocka_unit_test(finishing_inside_the_cancellation_is_fine),
		cmocka_unit_test(a_client_may_stop_sending_and_still_read),
		cmocka_unit_test(leaving_during_a_workers_work_harms_nobody),
		cmocka_unit_test(a_half_request_ends_with_its_client),
		cmocka_unit_test(large_bodies_are_spilled),
		cmocka_unit_test(a_full_disk_is_told_and_passes),
		cmocka_unit_test(producers_make_their_replies_piece_by_piece),
		cmocka_unit_test(a_producer_that_fails_is_never_taken_for_done),
		cmocka_unit_test(a_producer_goes_on_for_those_alone_who_still_may),
		cmocka_unit_test(a_producer_waits_for_its_reader),
		cmocka_unit_test(a_slow_reader_gets_the_whole_reply),
		cmocka_unit_test(an_upgraded_connection_belongs_to_its_owner),
		cmocka_unit_test(an_owner_is_told_that_the_peer_left),
		cmocka_unit_test(events_are_streamed_in_chunks),
		cmocka_unit_test(a_transport_queues_what_the_reader_does_not_take),
		cmocka_unit_test(an_aborted_stream_does_not_look_finished),
		cmocka_unit_test(the_server_survives_running_out_of_descriptors),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
