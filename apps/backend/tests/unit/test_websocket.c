/*
 * The connection manager, with a real server and loop on one thread and a blocking client on the
 * test's own.
 */
#include "test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/server.h"
#include "websockets/connection_manager.h"
#include "websockets/frames.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALICE "01890000-0000-7000-8000-00000000000a"
#define SESSION "01890000-0000-7000-8000-00000000005e"
#define THING "01890000-0000-7000-8000-000000000001"
#define THING_2 "01890000-0000-7000-8000-000000000002"
#define THING_3 "01890000-0000-7000-8000-000000000003"
#define OTHERS "01890000-0000-7000-8000-00000000000f"

enum {
	REPLY_MAX = 1 << 16,
	SHORT_MS = 80,  /* what is waited for */
	AMPLE_MS = 800, /* for what must be done before, on a busy machine too */
	LONG_MS = 60000,
	PENDING_MAX = 32 * 1024,
};

struct app {
	struct loop loop;
	struct pool *workers;
	struct topics topics;
	struct connection_manager *manager;
	struct server *server;
	pthread_t thread;
	sem_t ready;
	int64_t credentials_ms; /* how long a token is good for */
	atomic_bool session_ended, holds;
	atomic_int authenticating, joined, left;
	sem_t authenticate_may_end;
	bool hold_authentication;
};

/* What the feature and the authentication would do */

static enum err authenticate(struct app *app, const char *token, struct principal *ret_principal)
{
	bool ended = atomic_load(&app->session_ended);

	atomic_fetch_add(&app->authenticating, 1);
	if (app->hold_authentication)
		sem_wait(&app->authenticate_may_end);
	if (ended || strcmp(token, "good") != 0)
		return ERR_UNAUTHENTICATED;
	*ret_principal =
		(struct principal){ .user_id = ALICE,
				    .session_id = SESSION,
				    .expires_ms = clock_now().ms, /* a socket outlives its token */
				    .ends_ms = clock_now().ms + app->credentials_ms };
	return ERR_OK;
}

static const char *credential(struct request *request)
{
	const char *header = request_header(request, "authorization");

	return header == NULL ? NULL : header + strlen("Bearer ");
}

static enum err authorize_thing(struct app *app, const struct principal *principal, const char *id)
{
	(void)app;
	assert_string_equal(principal->user_id, ALICE);
	return strcmp(id, OTHERS) == 0 ? ERR_NOT_FOUND : ERR_OK;
}

static void join_thing(struct app *app, struct subscription *subscription,
		       const struct principal *principal, const char *id)
{
	struct event event = { .type = "missed",
			       .topic = subscription->topic,
			       .seq = subscription->seq + 1,
			       .fields = "\"text\":\"x\"",
			       .fields_length = 10 };

	(void)principal;
	assert_string_equal(id, strchr(subscription->topic, ':') + 1);
	atomic_fetch_add(&app->joined, 1);
	event_deliver(&event, &subscription->subscriber);
	event_finish(&event);
	topic_join(&app->topics, subscription->topic, &subscription->subscriber);
}

static void left_thing(struct app *app, struct subscription *subscription)
{
	(void)subscription;
	atomic_fetch_add(&app->left, 1);
}

static bool thing_holds(struct app *app, const struct subscription *subscription)
{
	(void)subscription;
	return atomic_load(&app->holds);
}

static const struct topic_kind thing = { .name = "thing",
					 .has_id = true,
					 .authorize = authorize_thing,
					 .join = join_thing,
					 .left = left_thing,
					 .holds = thing_holds };
static const struct topic_kind *const kinds[] = { &thing, NULL };

static enum err open_websocket(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return websocket_upgrade(request->app->manager, request);
}

static const struct route routes[] = {
	{ "GET", "/ws", .access = ACCESS_PUBLIC, .on_loop = true, .internal = true,
	  .handle = open_websocket, .doc = "Opens a WebSocket." },
	{ 0 },
};
static const struct route *const tables[] = { routes, NULL };
static const struct middleware *const middlewares[] = { NULL };

/* The server's thread */

static void on_drained(void *context)
{
	loop_stop(&((struct app *)context)->loop);
}

struct stop {
	struct loop_task task;
	struct app *app;
};

static void stop(struct loop_task *task)
{
	struct app *app = CONTAINER_OF(task, struct stop, task)->app;

	server_drain(app->server, LONG_MS, on_drained, app);
}

static void create_manager(struct app *app, int64_t authenticate_ms, int64_t ping_ms)
{
	app->manager = connection_manager_create(&(struct connection_manager_options){
		.loop = &app->loop,
		.workers = app->workers,
		.app = app,
		.topics = &app->topics,
		.kinds = kinds,
		.authenticate = authenticate,
		.credential = credential,
		.sockets = { .per_user = 3, .per_address = 4, .total = 1000 },
		.pending_max = PENDING_MAX,
		.message_max = 64 * 1024,
		.subscriptions_max = 2,
		.authenticate_ms = authenticate_ms,
		.ping_ms = ping_ms,
	});
}

static void *run(void *context)
{
	struct app *app = context;

	loop_run(&app->loop);
	return NULL;
}

static struct app *start(int64_t authenticate_ms, int64_t ping_ms)
{
	struct app *app = MEMORY_NEW(struct app);
	const char *reason = NULL;
	enum err err;

	app->credentials_ms = LONG_MS;
	sem_init(&app->authenticate_may_end, 0, 0);
	loop_init(&app->loop);
	app->workers = pool_create("test", 2);
	topics_init(&app->topics);
	create_manager(app, authenticate_ms, ping_ms);
	err = server_create(&(struct server_options){ .loop = &app->loop,
						      .workers = app->workers,
						      .app = app,
						      .routes = tables,
						      .middlewares = middlewares,
						      .limits = server_limits_default,
						      .spill_folder = "/tmp" },
			    &app->server, &reason);
	assert_int_equal(err, ERR_OK);
	err = server_listen(app->server, "127.0.0.1:0", &reason);
	assert_int_equal(err, ERR_OK);
	pthread_create(&app->thread, NULL, run, app);
	return app;
}

/* After the server has drained. */
static void release(struct app *app)
{
	pthread_join(app->thread, NULL);
	assert_int_equal(connection_manager_counts(app->manager).open, 0);
	assert_int_equal(connection_manager_counts(app->manager).subscriptions, 0);
	assert_int_equal(atomic_load(&app->joined), atomic_load(&app->left));
	pool_destroy(app->workers);
	/* What the workers posted last. */
	app->loop.thread = pthread_self();
	uv_run(&app->loop.uv, UV_RUN_NOWAIT);
	connection_manager_destroy(app->manager);
	server_destroy(app->server);
	topics_finish(&app->topics);
	loop_finish(&app->loop);
	sem_destroy(&app->authenticate_may_end);
	free(app);
}

static void finish(struct app *app)
{
	struct stop message = { { .run = stop }, app };

	loop_post(&app->loop, &message.task);
	release(app);
}

struct publication {
	struct loop_task task;
	struct app *app;
	int count;
	size_t size;
	sem_t done;
};

static void publish_on_loop(struct loop_task *task)
{
	struct publication *publication = CONTAINER_OF(task, struct publication, task);
	char *fields = memory_alloc(publication->size + 16);
	int length = snprintf(fields, publication->size + 16, "\"text\":\"%0*d\"",
			      (int)publication->size, 0);

	for (int i = 0; i < publication->count; i++) {
		struct event event = { .type = "news",
				       .topic = "thing:" THING,
				       .seq = -1,
				       .fields = fields,
				       .fields_length = (size_t)length };

		topic_publish(&publication->app->topics, "thing:" THING, &event);
	}
	free(fields);
	sem_post(&publication->done);
}

static void publish(struct app *app, int count, size_t size)
{
	struct publication publication = {
		{ .run = publish_on_loop }, app, count, size, { { 0 } }
	};

	sem_init(&publication.done, 0, 0);
	loop_post(&app->loop, &publication.task);
	sem_wait(&publication.done);
	sem_destroy(&publication.done);
}

struct count {
	struct loop_task task;
	struct app *app;
	struct websocket_counts counts;
	sem_t done;
};

static void count_on_loop(struct loop_task *task)
{
	struct count *count = CONTAINER_OF(task, struct count, task);

	count->counts = connection_manager_counts(count->app->manager);
	sem_post(&count->done);
}

static struct websocket_counts counts(struct app *app)
{
	struct count count = { { .run = count_on_loop }, app, { 0 }, { { 0 } } };

	sem_init(&count.done, 0, 0);
	loop_post(&app->loop, &count.task);
	sem_wait(&count.done);
	sem_destroy(&count.done);
	return count.counts;
}

/* Until the server has seen that the others are gone. */
static void await_open(struct app *app, unsigned open)
{
	while (counts(app).open != open)
		sched_yield();
}

/* The client */

static void send_all(int fd, const void *data, size_t length)
{
	assert_int_equal(send(fd, data, length, MSG_NOSIGNAL), length);
}

/* The status of the answer; the connection is *ret_fd. */
static int ask(struct app *app, const char *headers, int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)server_port(app->server)),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[1024];
	size_t at = 0;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(text, sizeof(text),
		 "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		 "dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		 headers);
	send_all(fd, text, strlen(text));
	do {
		assert_int_equal(recv(fd, text + at, 1, 0), 1);
		at++;
	} while (at < 4 || memcmp(text + at - 4, "\r\n\r\n", 4) != 0);
	*ret_fd = fd;
	return (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
}

static int connect_with(struct app *app, const char *headers)
{
	int fd;

	assert_int_equal(ask(app, headers, &fd), 101);
	return fd;
}

static void send_frame(int fd, enum opcode opcode, const char *text)
{
	size_t length = strlen(text);
	char frame[256] = { (char)(0x80 | opcode), (char)(0x80 | length) };

	assert_true(length < 126);
	memcpy(frame + 6, text, length); /* a mask of zeros changes nothing */
	send_all(fd, frame, 6 + length);
}

static void send_text(int fd, const char *text)
{
	send_frame(fd, OPCODE_TEXT, text);
}

static bool receive_all(int fd, void *data, size_t length)
{
	return length == 0 || recv(fd, data, length, MSG_WAITALL) == (ssize_t)length;
}

/* The next frame: "opcode payload" as text; "end" when the server hung up. */
static const char *receive(int fd)
{
	static char text[REPLY_MAX];
	uint8_t head[4];
	size_t length;
	int written;

	if (!receive_all(fd, head, 2))
		return "end";
	length = head[1];
	if (length == 126) {
		assert_true(receive_all(fd, head + 2, 2));
		length = (size_t)head[2] << 8 | head[3];
	}
	written = snprintf(text, sizeof(text), "%x ", head[0] & 0xfU);
	assert_true(receive_all(fd, text + written, length));
	text[(size_t)written + length] = '\0';
	return text;
}

static void assert_closes(int fd, unsigned code)
{
	const char *frame = receive(fd);

	while (frame[0] != '8') {
		assert_string_not_equal(frame, "end");
		frame = receive(fd);
	}
	assert_int_equal((uint8_t)frame[2] << 8 | (uint8_t)frame[3], code);
	close(fd);
}

static void assert_receives(int fd, const char *expected)
{
	assert_string_equal(receive(fd), expected);
}

static int sign_in(struct app *app)
{
	int fd = connect_with(app, "Authorization: Bearer good\r\n");

	assert_receives(fd, "1 {\"type\":\"authenticated\",\"user_id\":\"" ALICE "\"}");
	return fd;
}

static int subscribe(struct app *app)
{
	int fd = sign_in(app);

	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" THING "\",\"seq\":6}");
	assert_receives(fd, "1 {\"type\":\"subscribed\",\"topic\":\"thing:" THING "\",\"seq\":6}");
	assert_receives(fd, "1 {\"type\":\"missed\",\"topic\":\"thing:" THING
			    "\",\"seq\":7,\"text\":\"x\"}");
	return fd;
}

/* The tests */

static void a_subscriber_gets_what_it_missed_and_what_follows(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);

	(void)state;
	publish(app, 1, 3);
	assert_receives(fd, "1 {\"type\":\"news\",\"topic\":\"thing:" THING "\",\"text\":\"000\"}");
	send_text(fd, "{\"type\":\"unsubscribe\",\"topic\":\"thing:" THING "\"}");
	assert_receives(fd, "1 {\"type\":\"unsubscribed\",\"topic\":\"thing:" THING "\"}");
	publish(app, 1, 3);
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	close(fd);
	finish(app);
}

static void subscribing_again_replaces(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);

	(void)state;
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" THING "\"}");
	assert_receives(fd, "1 {\"type\":\"subscribed\",\"topic\":\"thing:" THING "\",\"seq\":0}");
	assert_receives(fd, "1 {\"type\":\"missed\",\"topic\":\"thing:" THING
			    "\",\"seq\":1,\"text\":\"x\"}");
	publish(app, 1, 1);
	assert_receives(fd, "1 {\"type\":\"news\",\"topic\":\"thing:" THING "\",\"text\":\"0\"}");
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	close(fd);
	finish(app);
}

static void what_may_not_be_heard_is_not_there(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = sign_in(app);

	(void)state;
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" OTHERS "\"}");
	assert_non_null(strstr(receive(fd), "\"status\":404,\"code\":\"not_found\""));
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"unknown:" THING "\"}");
	assert_non_null(strstr(receive(fd), "\"status\":404"));
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing\"}");
	assert_non_null(strstr(receive(fd), "\"status\":404"));
	send_text(fd, "nonsense");
	assert_non_null(strstr(receive(fd), "\"topic\":null,\"status\":400"));
	close(fd);
	finish(app);
}

static void messages_wait_for_the_authentication_before_them(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = connect_with(app, "");

	(void)state;
	send_text(fd, "{\"type\":\"authenticate\",\"token\":\"good\"}");
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"authenticated\",\"user_id\":\"" ALICE "\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	close(fd);
	finish(app);
}

static void who_is_nobody_is_closed(void **state)
{
	struct app *app = start(SHORT_MS, LONG_MS);
	int fd = connect_with(app, "Authorization: Bearer bad\r\n");

	(void)state;
	assert_closes(fd, CLOSE_UNAUTHENTICATED);
	fd = connect_with(app, "");
	send_text(fd, "{\"type\":\"ping\"}");
	assert_closes(fd, CLOSE_UNAUTHENTICATED);
	fd = connect_with(app, "");
	assert_closes(fd, CLOSE_UNAUTHENTICATED); /* says nothing, in time */
	finish(app);
}

static void a_session_that_ends_closes_its_socket_unless_renewed(void **state)
{
	struct app *app = start(AMPLE_MS, LONG_MS);
	int fd;

	(void)state;
	app->credentials_ms = AMPLE_MS;
	fd = sign_in(app);
	app->credentials_ms = LONG_MS;
	send_text(fd, "{\"type\":\"authenticate\",\"token\":\"good\"}");
	assert_receives(fd, "1 {\"type\":\"authenticated\",\"user_id\":\"" ALICE "\"}");
	app->credentials_ms = AMPLE_MS; /* ends after that of the first would have */
	assert_closes(sign_in(app), CLOSE_UNAUTHENTICATED);
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	close(fd);
	finish(app);
}

static void the_end_of_a_session_closes_its_sockets(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);

	(void)state;
	connection_manager_end(app->manager, NULL, OTHERS);
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	connection_manager_end(app->manager, NULL, SESSION);
	assert_closes(fd, CLOSE_UNAUTHENTICATED);
	finish(app);
}

/*
 * The worker has found the session good, then it ends, then the loop hears of the worker's finding.
 */
static void a_session_that_ends_during_authentication_is_not_let_in(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd;

	(void)state;
	app->hold_authentication = true;
	fd = connect_with(app, "Authorization: Bearer good\r\n");
	while (atomic_load(&app->authenticating) == 0)
		sched_yield();
	atomic_store(&app->session_ended, true);
	connection_manager_end(app->manager, NULL, SESSION);
	publish(app, 0, 1); /* the loop has come round: it knows */
	sem_post(&app->authenticate_may_end);
	sem_post(&app->authenticate_may_end);
	assert_closes(fd, CLOSE_UNAUTHENTICATED);
	assert_int_equal(atomic_load(&app->authenticating), 2);
	finish(app);
}

static void a_socket_that_goes_during_authentication_is_let_go(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd;

	(void)state;
	app->hold_authentication = true;
	fd = connect_with(app, "Authorization: Bearer good\r\n");
	while (atomic_load(&app->authenticating) == 0)
		sched_yield();
	send_frame(fd, OPCODE_CLOSE, "\x03\xe8");
	assert_closes(fd, CLOSE_NORMAL);
	sem_post(&app->authenticate_may_end);
	finish(app);
}

static void a_silent_socket_is_pinged_and_then_cut(void **state)
{
	struct app *app = start(LONG_MS, AMPLE_MS);
	int fd = sign_in(app);

	(void)state;
	assert_receives(fd, "9 ");
	send_frame(fd, OPCODE_PONG, "");
	assert_receives(fd, "9 ");
	assert_receives(fd, "end");
	close(fd);
	finish(app);
}

static void a_pong_that_was_asked_for_costs_nothing(void **state)
{
	struct app *app = start(LONG_MS, AMPLE_MS);
	int fd = sign_in(app);

	(void)state;
	assert_receives(fd, "9 ");
	send_frame(fd, OPCODE_PONG, "");
	send_frame(fd, OPCODE_PONG, "");
	send_text(fd, "{\"type\":\"ping\"}");
	assert_receives(fd, "1 {\"type\":\"pong\"}");
	assert_int_equal(counts(app).received[RATE_CONTROL], 1);
	close(fd);
	finish(app);
}

static void a_slow_reader_is_cut_and_the_others_are_not(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int slow = subscribe(app);

	(void)state;
	publish(app, 400, 30000); /* 12 MB, more than the kernel takes for a reader that sleeps */
	assert_closes(slow, CLOSE_TOO_SLOW);
	assert_int_equal(atomic_load(&app->joined), 1);
	close(subscribe(app));
	finish(app);
}

static void read_all(int fd, void *data, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t got = recv(fd, (char *)data + at, length - at, 0);

		assert_true(got > 0);
		at += (size_t)got;
	}
}

/* The end of a long answer is one message: who would be cut for it came back, and was cut for it again. */
static void a_message_that_is_longer_than_what_may_wait_comes_through(void **state)
{
	enum { SIZE = 12 * 1024 * 1024, HEAD = 10 };
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);
	uint8_t *frame = memory_alloc(HEAD + SIZE);
	uint64_t length = 0;

	(void)state;
	publish(app, 1, SIZE);
	read_all(fd, frame, HEAD);
	assert_int_equal(frame[1], 127); /* eight bytes of length follow */
	for (int i = 2; i < HEAD; i++)
		length = length << 8 | frame[i];
	assert_in_range(length, SIZE, SIZE + 1024);
	free(frame);
	frame = memory_alloc(length);
	read_all(fd, frame, length);
	free(frame);
	send_text(fd, "{\"type\":\"ping\"}");
	assert_non_null(strstr(receive(fd), "pong"));
	close(fd);
	finish(app);
}

static void a_socket_has_so_many_subscriptions_and_no_more(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);

	(void)state;
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" THING_2 "\"}");
	assert_non_null(strstr(receive(fd), "subscribed"));
	assert_non_null(strstr(receive(fd), "missed"));
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" THING_3 "\"}");
	assert_non_null(strstr(receive(fd), "\"status\":429"));
	send_text(fd, "{\"type\":\"unsubscribe\",\"topic\":\"thing:" THING "\"}");
	assert_non_null(strstr(receive(fd), "unsubscribed"));
	send_text(fd, "{\"type\":\"subscribe\",\"topic\":\"thing:" THING_3 "\"}");
	assert_non_null(strstr(receive(fd), "subscribed"));
	close(fd);
	finish(app);
}

static void a_user_has_so_many_sockets_and_no_more(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fds[3], one_more;

	(void)state;
	for (int i = 0; i < 3; i++)
		fds[i] = sign_in(app);
	one_more = connect_with(app, "Authorization: Bearer good\r\n");
	assert_closes(one_more, CLOSE_TOO_MANY);
	send_frame(fds[0], OPCODE_CLOSE, "\x03\xe8");
	assert_closes(fds[0], CLOSE_NORMAL);
	await_open(app, 2);
	close(sign_in(app));
	for (int i = 1; i < 3; i++) {
		send_text(fds[i], "{\"type\":\"ping\"}");
		assert_receives(fds[i], "1 {\"type\":\"pong\"}");
		close(fds[i]);
	}
	finish(app);
}

static void an_address_has_so_many_sockets_and_no_more(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fds[4], refused;

	(void)state;
	for (int i = 0; i < 4; i++)
		fds[i] = connect_with(app, "");
	assert_int_equal(ask(app, "", &refused), 429);
	close(refused);
	close(fds[0]);
	await_open(app, 3);
	fds[0] = connect_with(app, "");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	finish(app);
}

static void who_sends_too_much_is_warned_and_then_closed(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = sign_in(app), pongs = 0, warnings = 0;
	const char *frame;

	(void)state;
	for (int i = 0; i <= rate_limits[RATE_PING].burst; i++)
		send_text(fd, "{\"type\":\"ping\"}");
	for (frame = receive(fd); frame[0] != '8'; frame = receive(fd)) {
		warnings += strstr(frame, "\"type\":\"warning\"") != NULL;
		if (!strstr(frame, "\"type\":\"pong\""))
			continue;
		if (++pongs >
		    rate_limits[RATE_PING].burst) /* it took so long that more is allowed */
			send_text(fd, "{\"type\":\"ping\"}");
	}
	assert_int_equal((uint8_t)frame[2] << 8 | (uint8_t)frame[3], CLOSE_TOO_MANY);
	assert_int_equal(warnings, 1);
	assert_true(pongs >= rate_limits[RATE_PING].burst);
	close(fd);
	finish(app);
}

/* A socket that hears an answer stays until that has ended; one that does not goes at once. */
static void a_server_that_drains_lets_answers_end(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app), other = sign_in(app);
	struct stop message = { { .run = stop }, app };

	(void)state;
	atomic_store(&app->holds, true);
	loop_post(&app->loop, &message.task);
	assert_closes(other, CLOSE_GOING_AWAY);
	publish(app, 1, 3);
	assert_receives(fd, "1 {\"type\":\"news\",\"topic\":\"thing:" THING "\",\"text\":\"000\"}");
	atomic_store(&app->holds, false);
	assert_closes(fd, CLOSE_GOING_AWAY);
	release(app);
}

static void the_server_says_goodbye(void **state)
{
	struct app *app = start(LONG_MS, LONG_MS);
	int fd = subscribe(app);
	struct stop message = { { .run = stop }, app };

	(void)state;
	loop_post(&app->loop, &message.task);
	assert_closes(fd, CLOSE_GOING_AWAY);
	release(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subscriber_gets_what_it_missed_and_what_follows),
		cmocka_unit_test(subscribing_again_replaces),
		cmocka_unit_test(what_may_not_be_heard_is_not_there),
		cmocka_unit_test(messages_wait_for_the_authentication_before_them),
		cmocka_unit_test(who_is_nobody_is_closed),
		cmocka_unit_test(a_session_that_ends_closes_its_socket_unless_renewed),
		cmocka_unit_test(the_end_of_a_session_closes_its_sockets),
		cmocka_unit_test(a_session_that_ends_during_authentication_is_not_let_in),
		cmocka_unit_test(a_socket_that_goes_during_authentication_is_let_go),
		cmocka_unit_test(a_silent_socket_is_pinged_and_then_cut),
		cmocka_unit_test(a_pong_that_was_asked_for_costs_nothing),
		cmocka_unit_test(a_slow_reader_is_cut_and_the_others_are_not),
		cmocka_unit_test(a_message_that_is_longer_than_what_may_wait_comes_through),
		cmocka_unit_test(a_socket_has_so_many_subscriptions_and_no_more),
		cmocka_unit_test(a_user_has_so_many_sockets_and_no_more),
		cmocka_unit_test(an_address_has_so_many_sockets_and_no_more),
		cmocka_unit_test(who_sends_too_much_is_warned_and_then_closed),
		cmocka_unit_test(a_server_that_drains_lets_answers_end),
		cmocka_unit_test(the_server_says_goodbye),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return RUN_TESTS(tests);
}
