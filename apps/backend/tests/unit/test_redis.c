/* The client of Redis, against a redis-server that works, hangs, dies and comes back, and against one that lies. */
#include "base/clock.h"
#include "cache/redis_client.h"
#include "cache/redis_connection.h"

#include "support_redis.h"
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_MS = 20000, PATIENCE_MS = 5000, SHORT_MS = 20, CROWD = 2000, CROWD_NAME = 10000 };

struct answer {
	int count;
	enum err err;
	enum redis_type type;
	int64_t integer;
	char text[64];
};

struct ear {
	struct redis_subscriber *subscriber;
	int messages, subscribed, lost;
	char channel[64], text[64];
};

struct fixture {
	struct redis_server server;
	struct loop loop;
	struct redis_client *client;
	struct answer answer;
	struct ear ear;
};

static void copy_text(char out[static 64], const char *text, size_t length)
{
	snprintf(out, 64, "%.*s", (int)length, text);
}

static void on_answer(void *context, enum err err, const struct redis_value *value)
{
	struct answer *answer = context;

	answer->count++;
	answer->err = err;
	if (!value)
		return;
	answer->type = value->type;
	answer->integer = value->integer;
	if (value->type == REDIS_STRING || value->type == REDIS_ERROR)
		copy_text(answer->text, value->text, value->length);
}

static void on_message(void *context, const char *channel, const char *data, size_t length)
{
	struct ear *ear = context;

	ear->messages++;
	copy_text(ear->channel, channel, strlen(channel));
	copy_text(ear->text, data, length);
}

static void on_subscribed(void *context, const char *channel)
{
	struct ear *ear = context;

	ear->subscribed++;
	copy_text(ear->channel, channel, strlen(channel));
}

static void on_lost(void *context)
{
	((struct ear *)context)->lost++;
}

static const struct redis_subscriber_events ear_events = { on_message, on_subscribed, on_lost };

static void on_limit(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("it takes too long");
}

/* Runs the loop until `reached`. */
static void run_until(struct fixture *fixture, bool (*reached)(struct fixture *fixture))
{
	uv_timer_t limit;

	uv_timer_init(&fixture->loop.uv, &limit);
	uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
	while (!reached(fixture))
		uv_run(&fixture->loop.uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_run(&fixture->loop.uv, UV_RUN_NOWAIT);
}

static bool is_up(struct fixture *fixture)
{
	return redis_client_up(fixture->client);
}

static bool is_down(struct fixture *fixture)
{
	return !redis_client_up(fixture->client);
}

static bool is_answered(struct fixture *fixture)
{
	return fixture->answer.count > 0;
}

static bool has_message(struct fixture *fixture)
{
	return fixture->ear.messages > 0;
}

static bool is_subscribed(struct fixture *fixture)
{
	return fixture->ear.subscribed > 0;
}

static bool has_lost(struct fixture *fixture)
{
	return fixture->ear.lost > 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const char *reason;

	loop_init(&fixture->loop);
	redis_server_start(&fixture->server);
	assert_int_equal(redis_client_create(&fixture->loop, fixture->server.url,
					     "test:", &fixture->client, &reason),
			 ERR_OK);
	run_until(fixture, is_up);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	redis_subscriber_destroy(fixture->ear.subscriber);
	redis_client_destroy(fixture->client);
	loop_finish(&fixture->loop);
	redis_server_end(&fixture->server);
	free(fixture);
	return 0;
}

#define SEND(fixture, timeout_ms, ...)                                                             \
	redis_call((fixture)->client, (timeout_ms), on_answer, &(fixture)->answer, __VA_ARGS__,    \
		   (char *)NULL)

/* Sends a command and returns its answer. */
static struct answer *answered(struct fixture *fixture)
{
	run_until(fixture, is_answered);
	assert_int_equal(fixture->answer.count, 1);
	return &fixture->answer;
}

static void commands_are_answered(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(SEND(fixture, PATIENCE_MS, "SET", "a", "hello"), ERR_OK);
	answered(fixture);
	fixture->answer = (struct answer){ 0 };
	assert_int_equal(SEND(fixture, PATIENCE_MS, "GET", "a"), ERR_OK);
	assert_string_equal(answered(fixture)->text, "hello");
	fixture->answer = (struct answer){ 0 };
	assert_int_equal(SEND(fixture, PATIENCE_MS, "INCR", "a"), ERR_OK);
	assert_int_equal(answered(fixture)->err, ERR_UPSTREAM);
	assert_true(redis_client_up(fixture->client));
}

static void scripts_run_and_are_sent_again_when_forgotten(void **state)
{
	struct fixture *fixture = *state;
	struct redis_script script = { .source = "return redis.call('INCRBY', KEYS[1], ARGV[1])" };
	const struct redis_text words[] = { { "n", 1 }, { "20", 2 } };

	for (int i = 1; i <= 3; i++) {
		fixture->answer = (struct answer){ 0 };
		assert_int_equal(redis_eval(fixture->client, &script, 1, words, 2, PATIENCE_MS,
					    on_answer, &fixture->answer),
				 ERR_OK);
		assert_int_equal(answered(fixture)->err, ERR_OK);
		assert_int_equal(fixture->answer.integer, 20 * i);
		fixture->answer = (struct answer){ 0 };
		assert_int_equal(SEND(fixture, PATIENCE_MS, "SCRIPT", "FLUSH"), ERR_OK);
		answered(fixture);
	}
}

static int64_t time_to_answer_ms(struct fixture *fixture)
{
	int64_t start_ms = clock_monotonic_ms();

	run_until(fixture, is_answered);
	return clock_monotonic_ms() - start_ms;
}

static void a_hung_server_costs_its_deadline_once(void **state)
{
	struct fixture *fixture = *state;

	redis_server_signal(&fixture->server, SIGSTOP);
	assert_int_equal(SEND(fixture, SHORT_MS, "PING"), ERR_OK);
	assert_true(time_to_answer_ms(fixture) < PATIENCE_MS);
	assert_int_equal(fixture->answer.err, ERR_TIMEOUT);
	assert_int_equal(SEND(fixture, SHORT_MS, "PING"), ERR_UNAVAILABLE);
	assert_int_equal(redis_client_counts(fixture->client).timeouts, 1);
	assert_int_equal(redis_client_counts(fixture->client).refused, 1);
	redis_server_signal(&fixture->server, SIGCONT);
	run_until(fixture, is_up);
	fixture->answer = (struct answer){ 0 };
	assert_int_equal(SEND(fixture, PATIENCE_MS, "PING"), ERR_OK);
	assert_string_equal(answered(fixture)->text, "PONG");
}

static void a_hung_server_is_found_out_unasked(void **state)
{
	struct fixture *fixture = *state;

	redis_server_signal(&fixture->server, SIGSTOP);
	run_until(fixture, is_down);
	redis_server_signal(&fixture->server, SIGCONT);
	run_until(fixture, is_up);
}

static void a_killed_server_is_found_again(void **state)
{
	struct fixture *fixture = *state;

	redis_server_signal(&fixture->server, SIGSTOP);
	assert_int_equal(SEND(fixture, PATIENCE_MS, "PING"), ERR_OK);
	redis_server_kill(&fixture->server);
	assert_int_equal(answered(fixture)->err, ERR_UNAVAILABLE);
	assert_false(redis_client_up(fixture->client));
	redis_server_restart(&fixture->server);
	run_until(fixture, is_up);
	assert_int_equal(redis_client_counts(fixture->client).connections, 2);
}

static void take_socket(uv_handle_t *handle, void *context)
{
	if (handle->type == UV_TCP)
		assert_int_equal(uv_fileno(handle, context), 0);
}

static void spin(int64_t ms)
{
	int64_t end_ms = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < end_ms)
		;
}

/* Keeps the loop busy until the deadline is over and the answer, unread, lies in the socket. */
static void be_busy(struct fixture *fixture, int64_t busy_ms)
{
	int64_t begin_ms = clock_monotonic_ms();
	struct pollfd socket = { .events = POLLIN };

	uv_run(&fixture->loop.uv, UV_RUN_NOWAIT); /* sends it */
	uv_walk(&fixture->loop.uv, take_socket, &socket.fd);
	if (!is_answered(fixture))
		assert_int_equal(poll(&socket, 1, LIMIT_MS), 1);
	spin(busy_ms - (clock_monotonic_ms() - begin_ms));
}

/* The loop itself was busy for longer than the deadline; the server was not slow. */
static void a_busy_loop_does_not_blame_the_server(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 20; i++) {
		fixture->answer = (struct answer){ 0 };
		assert_int_equal(SEND(fixture, SHORT_MS, "PING"), ERR_OK);
		be_busy(fixture, SHORT_MS * 2);
		assert_int_equal(answered(fixture)->err, ERR_OK);
	}
	assert_int_equal(redis_client_counts(fixture->client).connections, 1);
	assert_int_equal(redis_client_counts(fixture->client).timeouts, 0);
}

/* It sends late what it was told to, and reads late what was answered. */
static void a_loop_that_is_always_busy_does_not_blame_the_server(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 20; i++) {
		fixture->answer = (struct answer){ 0 };
		assert_int_equal(SEND(fixture, SHORT_MS, "PING"), ERR_OK);
		while (!is_answered(fixture)) {
			spin(SHORT_MS * 2);
			be_busy(fixture, SHORT_MS * 2);
		}
		assert_int_equal(fixture->answer.err, ERR_OK);
	}
	assert_int_equal(redis_client_counts(fixture->client).connections, 1);
}

/* ---- A server that grows slow ---- */

/* Two commands for each answer: every turn of the loop brings one, and each takes longer than the one before. */
struct creep {
	struct fixture *fixture;
	uv_poll_t greet;
	uv_prepare_t turn;
	int fd, peer;
};

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void on_greet(uv_poll_t *poll, int status, int events)
{
	struct creep *creep = poll->data;

	(void)events;
	assert_int_equal(status, 0);
	creep->peer = accept(creep->fd, NULL, NULL);
	assert_true(creep->peer >= 0);
	say(creep->peer, "+OK\r\n+PONG\r\n");
	uv_poll_stop(poll);
}

static void on_turn(uv_prepare_t *turn)
{
	struct creep *creep = turn->data;
	struct redis_client *client = creep->fixture->client;
	char in[4096];

	if (!redis_client_up(client))
		return;
	while (recv(creep->peer, in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	if (redis_client_counts(client).under_way > 0)
		say(creep->peer, "+PONG\r\n");
	for (int i = 0; i < 2; i++)
		(void)!redis_call(client, SHORT_MS, NULL, NULL, "PING", NULL);
}

static bool has_timed_out(struct fixture *fixture)
{
	return redis_client_counts(fixture->client).timeouts > 0;
}

static void a_server_that_answers_ever_later_is_given_up(void **state)
{
	struct fixture fixture = { .server.port = 0 };
	struct creep creep = { .fixture = &fixture };
	int64_t begin_ms = clock_monotonic_ms();
	const char *reason;
	int port;

	(void)state;
	creep.fd = listen_on_free_port(&port);
	snprintf(fixture.server.url, sizeof(fixture.server.url), "redis://127.0.0.1:%d", port);
	loop_init(&fixture.loop);
	uv_poll_init(&fixture.loop.uv, &creep.greet, creep.fd);
	uv_prepare_init(&fixture.loop.uv, &creep.turn);
	creep.greet.data = creep.turn.data = &creep;
	uv_poll_start(&creep.greet, UV_READABLE, on_greet);
	uv_prepare_start(&creep.turn, on_turn);
	assert_int_equal(redis_client_create(&fixture.loop, fixture.server.url, "", &fixture.client,
					     &reason),
			 ERR_OK);
	run_until(&fixture, has_timed_out);
	assert_false(redis_client_up(fixture.client));
	assert_true(clock_monotonic_ms() - begin_ms < PATIENCE_MS);
	redis_client_destroy(fixture.client);
	uv_close((uv_handle_t *)&creep.greet, NULL);
	uv_close((uv_handle_t *)&creep.turn, NULL);
	loop_finish(&fixture.loop);
	close(creep.fd);
	close(creep.peer);
}

static void what_is_under_way_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct answer *answer = &fixture->answer;

	redis_server_signal(&fixture->server, SIGSTOP);
	for (int i = 0; i < REDIS_COMMANDS_MAX; i++)
		assert_int_equal(SEND(fixture, 1, "PING"), ERR_OK);
	assert_int_equal(SEND(fixture, 1, "PING"), ERR_TOO_MANY);
	run_until(fixture, is_down);
	assert_int_equal(answer->count, REDIS_COMMANDS_MAX);
	assert_int_equal(redis_client_counts(fixture->client).under_way, 0);
	redis_server_signal(&fixture->server, SIGCONT);
}

static void subscribe(struct fixture *fixture, const char *channel)
{
	if (!fixture->ear.subscriber)
		fixture->ear.subscriber =
			redis_subscriber_create(fixture->client, &ear_events, &fixture->ear);
	fixture->ear.subscribed = 0;
	redis_subscribe(fixture->ear.subscriber, channel);
	run_until(fixture, is_subscribed);
	assert_string_equal(fixture->ear.channel, channel);
}

static void publish(struct fixture *fixture, const char *channel, const char *text)
{
	assert_int_equal(
		redis_publish(fixture->client, channel, redis_text(text), LIMIT_MS, NULL, NULL),
		ERR_OK);
}

static void what_is_published_is_heard(void **state)
{
	struct fixture *fixture = *state;

	subscribe(fixture, "news");
	subscribe(fixture, "sport");
	redis_unsubscribe(fixture->ear.subscriber, "sport");
	publish(fixture, "sport", "no");
	publish(fixture, "news", "yes");
	run_until(fixture, has_message);
	assert_string_equal(fixture->ear.channel, "news");
	assert_string_equal(fixture->ear.text, "yes");
	assert_int_equal(fixture->ear.messages, 1);
}

static void channels_are_heard_again_after_a_loss(void **state)
{
	struct fixture *fixture = *state;

	subscribe(fixture, "news");
	fixture->ear.subscribed = 0;
	redis_server_kill(&fixture->server);
	run_until(fixture, has_lost);
	redis_server_restart(&fixture->server);
	run_until(fixture, is_subscribed);
	run_until(fixture, is_up);
	publish(fixture, "news", "back");
	run_until(fixture, has_message);
	assert_int_equal(fixture->ear.lost, 1);
}

static bool are_all_subscribed(struct fixture *fixture)
{
	return fixture->ear.subscribed == CROWD + 1;
}

/* More than may wait to be sent: their names alone are. */
static void a_crowd_of_channels_is_heard_again_after_a_loss(void **state)
{
	struct fixture *fixture = *state;
	static char name[CROWD_NAME];

	memset(name, 'n', sizeof(name) - 1);
	assert_true((size_t)CROWD * CROWD_NAME > REDIS_OUT_BYTES_MAX);
	subscribe(fixture, "news");
	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "%04d", i);
		name[4] = 'n';
		redis_subscribe(fixture->ear.subscriber, name);
	}
	run_until(fixture, are_all_subscribed);
	fixture->ear.subscribed = 0;
	redis_server_kill(&fixture->server);
	run_until(fixture, has_lost);
	redis_server_restart(&fixture->server);
	run_until(fixture, are_all_subscribed);
	assert_int_equal(fixture->ear.lost, 1);
	assert_int_equal(redis_client_counts(fixture->client).channels, CROWD + 1);
}

static void a_listener_finds_out_that_the_server_hangs(void **state)
{
	struct fixture *fixture = *state;

	subscribe(fixture, "news");
	fixture->ear.subscribed = 0;
	redis_server_signal(&fixture->server, SIGSTOP);
	run_until(fixture, has_lost);
	redis_server_signal(&fixture->server, SIGCONT);
	run_until(fixture, is_subscribed);
}

static void what_is_under_way_ends_with_the_client(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(SEND(fixture, PATIENCE_MS, "PING"), ERR_OK);
	redis_client_destroy(fixture->client);
	fixture->client = NULL;
	assert_int_equal(fixture->answer.count, 1);
	assert_int_equal(fixture->answer.err, ERR_CANCELLED);
}

static void passwords_are_sent(void **state)
{
	struct fixture fixture = { .server.password = "p%40ss" };
	const char *reason;

	(void)state;
	loop_init(&fixture.loop);
	fixture.server.password = "secret";
	redis_server_start(&fixture.server);
	assert_int_equal(redis_client_create(&fixture.loop, fixture.server.url, "", &fixture.client,
					     &reason),
			 ERR_OK);
	run_until(&fixture, is_up);
	redis_client_destroy(fixture.client);
	loop_finish(&fixture.loop);
	redis_server_end(&fixture.server);
}

/* ---- A server that lies ---- */

static bool has_tried(struct fixture *fixture)
{
	return fixture->ear.messages > 0;
}

struct liar {
	struct fixture *fixture;
	const char *text;
	int fd, peer;
	uv_poll_t poll;
};

/* Says its text to whoever connects, and greets before. */
static void on_liar(uv_poll_t *poll, int status, int events)
{
	struct liar *liar = poll->data;
	char in[4096];

	assert_int_equal(status, 0);
	(void)events;
	if (liar->peer >= 0)
		close(liar->peer);
	liar->peer = accept(liar->fd, NULL, NULL);
	assert_true(liar->peer >= 0);
	(void)!recv(liar->peer, in, sizeof(in), MSG_DONTWAIT);
	assert_int_equal(send(liar->peer, liar->text, strlen(liar->text), MSG_NOSIGNAL),
			 (ssize_t)strlen(liar->text));
	liar->fixture->ear.messages++;
}

static void lie(const char *text)
{
	struct fixture fixture = { .server.port = 0 };
	struct liar liar = { .fixture = &fixture, .text = text, .peer = -1 };
	const char *reason;
	int port;

	liar.fd = listen_on_free_port(&port);
	snprintf(fixture.server.url, sizeof(fixture.server.url), "redis://127.0.0.1:%d", port);
	loop_init(&fixture.loop);
	uv_poll_init(&fixture.loop.uv, &liar.poll, liar.fd);
	liar.poll.data = &liar;
	uv_poll_start(&liar.poll, UV_READABLE, on_liar);
	assert_int_equal(redis_client_create(&fixture.loop, fixture.server.url, "", &fixture.client,
					     &reason),
			 ERR_OK);
	for (int i = 0; i < 2; i++) { /* it comes again, so the first time was given up */
		fixture.ear.messages = 0;
		run_until(&fixture, has_tried);
	}
	redis_client_destroy(fixture.client);
	uv_close((uv_handle_t *)&liar.poll, NULL);
	loop_finish(&fixture.loop);
	close(liar.fd);
	close(liar.peer);
}

static void a_server_that_lies_is_left(void **state)
{
	static const char *const lies[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"-NOAUTH Authentication required.\r\n",
		"+OK\r\n-LOADING Redis is loading the dataset in memory\r\n",
		"+OK\r\n+PONG\r\n+AND\r\n+MORE\r\n",
		"+OK\r\n+PONG\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
		"*2147483647\r\n",
		"$999999999999\r\n",
		"+OK\r\n+PONG\r\n*-7\r\n",
		"\r\n\r\n\r\n",
		"+",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		lie(lies[i]);
}

/* ---- Addresses ---- */

static void addresses_are_read(void **state)
{
	struct redis_address address;
	const char *reason;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(redis_address_parse("redis://ada:p%40ss@redis.lan:7000/5", &arena,
					     &address, &reason),
			 ERR_OK);
	assert_string_equal(address.user, "ada");
	assert_string_equal(address.password, "p@ss");
	assert_string_equal(address.host, "redis.lan");
	assert_string_equal(address.port, "7000");
	assert_string_equal(address.database, "5");
	assert_int_equal(redis_address_parse("redis://[::1]", &arena, &address, &reason), ERR_OK);
	assert_string_equal(address.host, "::1");
	assert_string_equal(address.port, "6379");
	assert_null(address.password);
	arena_finish(&arena);
}

static void addresses_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = { "",
					     "localhost:6379",
					     "rediss://localhost",
					     "redis://",
					     "redis://:6379",
					     "redis://host:port",
					     "redis://host/name",
					     "redis://[::1",
					     "redis://[::1]x",
					     "redis://a%zz@host",
					     "redis://a%4@host",
					     "redis://a%00@host" };
	struct redis_address address;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *reason = NULL;

		assert_int_equal(redis_address_parse(texts[i], &arena, &address, &reason),
				 ERR_INVALID);
		assert_non_null(reason);
	}
	arena_finish(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(commands_are_answered),
		TEST(scripts_run_and_are_sent_again_when_forgotten),
		TEST(a_hung_server_costs_its_deadline_once),
		TEST(a_hung_server_is_found_out_unasked),
		TEST(a_killed_server_is_found_again),
		TEST(a_busy_loop_does_not_blame_the_server),
		TEST(a_loop_that_is_always_busy_does_not_blame_the_server),
		cmocka_unit_test(a_server_that_answers_ever_later_is_given_up),
		TEST(what_is_under_way_is_bounded),
		TEST(what_is_published_is_heard),
		TEST(channels_are_heard_again_after_a_loss),
		TEST(a_crowd_of_channels_is_heard_again_after_a_loss),
		TEST(a_listener_finds_out_that_the_server_hangs),
		TEST(what_is_under_way_ends_with_the_client),
		cmocka_unit_test(passwords_are_sent),
		cmocka_unit_test(a_server_that_lies_is_left),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(addresses_that_are_none_are_refused),
	};

	return RUN_TESTS(tests);
}
