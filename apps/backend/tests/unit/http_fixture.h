/*
 * A real server on a free port, on a thread of its own, with routes of every kind; and a client
 * that speaks bytes.
 *
 * The client's sockets wait at most CLIENT_MS, so that a reply that never comes fails the test
 * instead of hanging it.
 */
#ifndef WEBPLUS_TESTS_UNIT_HTTP_FIXTURE_H
#define WEBPLUS_TESTS_UNIT_HTTP_FIXTURE_H

#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "http/server.h"
#include "http/sse.h"
#include "http/transport.h"

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_MS = 20000, BIG_BYTES = 8 * 1024 * 1024 };

struct app {
	struct request *held; /* by GET /held */
	sem_t held_arrived;
	atomic_int cancels, dones, last_status;
	bool finish_on_cancel;
	sem_t gate; /* GET /gate waits for it on a worker */
	sem_t gate_arrived;
	struct transport *transport; /* the last one taken */
	sem_t taken, closed, drain_told;
	atomic_int producer_destroyed;
	sem_t piece_made;
	atomic_bool ended; /* by GET /pieces?ends=1; X-While is refused from then on */
};

struct fixture {
	struct loop loop;
	struct pool *pool;
	struct server *server;
	struct app app;
	pthread_t thread;
	int port;
};

/* The routes */

static inline enum err hello(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	reply_text(request, 200, "text/plain", "hello", 5);
	return ERR_OK;
}

static char big[BIG_BYTES];

static inline enum err send_big(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	reply_fixed(request, 200, "application/octet-stream", big, sizeof(big));
	return ERR_OK;
}

static inline enum err nothing(struct request *request, const void *in, void *out)
{
	(void)request;
	(void)in;
	(void)out;
	return ERR_OK;
}

struct note {
	const char *text;
	int64_t number;
};

static const struct field note_fields[] = {
	FIELD(struct note, text, .max = 100, .doc = "Text."),
	FIELD(struct note, number, .optional = true, .min = -1000, .max = INTEGER_MAX,
	      .doc = "A number."),
	{ 0 },
};
static const struct schema note_schema = SCHEMA(struct note, note_fields, .name = "Note");

static inline enum err echo(struct request *request, const void *in, void *out)
{
	(void)request;
	*(struct note *)out = *(const struct note *)in;
	return ERR_OK;
}

/* "path|name=value|..." of what the path and the query gave. */
static inline enum err show(struct request *request, const void *in, void *out)
{
	struct buf text;

	(void)in;
	(void)out;
	buf_init(&text, 65536);
	buf_append_text(&text, request->path);
	for (const struct text_pair *pair = request->path_values; pair->name != NULL; pair++)
		buf_printf(&text, "|%s=%s", pair->name, pair->value);
	for (const struct text_pair *pair = request->query; pair->name != NULL; pair++)
		buf_printf(&text, "|%s=%s", pair->name, pair->value);
	buf_printf(&text, "|host=%s|peer=%s", request_header(request, "host"), request->peer);
	reply_text(request, 200, "text/plain", text.data, text.length);
	buf_finish(&text);
	return ERR_OK;
}

static inline enum err refuse(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	request_invalid(request, "a", "is %s", "wrong");
	reply_header(request, "Retry-After", "3");
	return request_fail(request, ERR_CONFLICT, "Say \"%s\".", "why");
}

static inline enum err upload(struct request *request, const void *in, void *out)
{
	char *bytes = malloc((size_t)request->body_size + 1);
	ssize_t length = read(request->body_fd, bytes, (size_t)request->body_size + 1);

	(void)in;
	(void)out;
	if (length != request->body_size)
		length = 0;
	reply_text(request, 200, "application/octet-stream", bytes, (size_t)length);
	free(bytes);
	return ERR_OK;
}

static inline void on_held_cancelled(struct request *request)
{
	struct app *app = request->app;

	atomic_fetch_add(&app->cancels, 1);
	if (app->finish_on_cancel) {
		app->held = NULL;
		request_finish(request, ERR_CANCELLED);
	}
}

static inline void hold_step(struct request *request)
{
	request->app->held = request;
	request->on_cancel = on_held_cancelled;
	sem_post(&request->app->held_arrived);
}

static inline enum err hold(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, hold_step);
}

static inline enum err hold_at_once(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	hold_step(request);
	return ERR_PENDING;
}

static inline void finish_step(struct request *request)
{
	reply_text(request, 200, "text/plain", "later", 5);
	request_finish(request, ERR_OK);
}

static inline enum err finish_later(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, finish_step);
}

static inline enum err wait_at_gate(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	sem_post(&request->app->gate_arrived);
	sem_wait(&request->app->gate);
	reply_text(request, 200, "text/plain", "through", 7);
	return ERR_OK;
}

struct pieces {
	struct producer producer;
	struct app *app;
	int made, count;
	enum err end;
	size_t piece_bytes;
	bool ends; /* what X-While asks for, with its first piece */
};

static inline enum err make_piece(struct producer *producer, struct buf *out, bool *ret_done)
{
	struct pieces *pieces = CONTAINER_OF(producer, struct pieces, producer);

	if (pieces->made == pieces->count && pieces->end != ERR_OK)
		return pieces->end;
	if (pieces->piece_bytes > 0) {
		char *room = buf_reserve(out, pieces->piece_bytes);

		memset(room, 'a' + pieces->made % 26, pieces->piece_bytes);
		buf_commit(out, pieces->piece_bytes);
	} else {
		buf_printf(out, "piece %d\n", pieces->made);
	}
	pieces->made++;
	atomic_store(&pieces->app->ended, pieces->ends);
	sem_post(&pieces->app->piece_made);
	*ret_done = pieces->made == pieces->count && pieces->end == ERR_OK;
	return ERR_OK;
}

static inline void destroy_pieces(struct producer *producer)
{
	struct pieces *pieces = CONTAINER_OF(producer, struct pieces, producer);

	atomic_fetch_add(&pieces->app->producer_destroyed, 1);
	free(pieces);
}

static inline enum err produce(struct request *request, const void *in, void *out)
{
	struct pieces *pieces = MEMORY_NEW(struct pieces);

	(void)in;
	(void)out;
	*pieces = (struct pieces){ .producer = { make_piece, destroy_pieces },
				   .app = request->app,
				   .count = 1 };
	for (const struct text_pair *pair = request->query; pair->name != NULL; pair++) {
		int value = (int)strtol(pair->value, NULL, 10);

		if (strcmp(pair->name, "count") == 0)
			pieces->count = value;
		else if (strcmp(pair->name, "bytes") == 0)
			pieces->piece_bytes = (size_t)value;
		else if (strcmp(pair->name, "fail") == 0)
			pieces->end = ERR_UPSTREAM;
		else if (strcmp(pair->name, "ends") == 0)
			pieces->ends = true;
	}
	reply_producer(request, 200, "text/plain", &pieces->producer);
	return ERR_OK;
}

static inline void on_transport_read(void *context, const uint8_t *data, size_t length)
{
	struct app *app = context;
	struct payload *payload = payload_create(data, length);

	transport_write(app->transport, payload);
	payload_unref(payload);
	if (memchr(data, '!', length) != NULL)
		transport_close(app->transport);
}

static inline void on_transport_closed(void *context)
{
	struct app *app = context;

	app->transport = NULL;
	sem_post(&app->closed);
}

static inline void on_transport_drain(void *context)
{
	struct app *app = context;
	struct payload *bye = payload_create("bye", 3);

	sem_post(&app->drain_told);
	transport_write(app->transport, bye);
	payload_unref(bye);
	transport_close(app->transport);
}

static const struct transport_owner echo_owner = {
	.read = on_transport_read,
	.closed = on_transport_closed,
	.drain = on_transport_drain,
};
static const struct transport_owner events_owner = {
	.closed = on_transport_closed,
	.drain = on_transport_drain,
};

static inline enum err upgrade(struct request *request, const void *in, void *out)
{
	struct app *app = request->app;

	(void)in;
	(void)out;
	reply_header(request, "Connection", "Upgrade");
	reply_header(request, "Upgrade", "echo");
	app->transport = transport_take(request, 101, &echo_owner, app);
	sem_post(&app->taken);
	return ERR_PENDING;
}

static inline void events_step(struct request *request)
{
	struct app *app = request->app;

	sse_prepare(request);
	app->transport = transport_take(request, 200, &events_owner, app);
	sem_post(&app->taken);
}

static inline enum err events(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, events_step);
}

static const struct route test_routes[] = {
	{ "GET", "/hello", ACCESS_PUBLIC, .internal = true, .on_loop = true, .handle = hello },
	{ "GET", "/worker", ACCESS_PUBLIC, .handle = hello },
	{ "GET", "/big", ACCESS_PUBLIC, .on_loop = true, .handle = send_big },
	{ "GET", "/signed", ACCESS_SIGNED_IN, .on_loop = true, .handle = hello },
	{ "POST", "/echo", ACCESS_PUBLIC, .in = &note_schema, .out = &note_schema, .status = 201,
	  .handle = echo },
	{ "POST", "/nothing", ACCESS_PUBLIC, .handle = nothing },
	{ "DELETE", "/nothing", ACCESS_PUBLIC, .handle = nothing },
	{ "GET", "/show/{id}/{rest...}", ACCESS_PUBLIC, .internal = true, .on_loop = true,
	  .handle = show },
	{ "GET", "/refuse", ACCESS_PUBLIC, .handle = refuse },
	{ "POST", "/upload", ACCESS_PUBLIC, .body = BODY_STREAM, .body_max = 4 * 1024 * 1024,
	  .handle = upload },
	{ "GET", "/held", ACCESS_PUBLIC, .handle = hold },
	{ "GET", "/held-at-once", ACCESS_PUBLIC, .on_loop = true, .handle = hold_at_once },
	{ "GET", "/later", ACCESS_PUBLIC, .handle = finish_later },
	{ "GET", "/later-on-loop", ACCESS_PUBLIC, .on_loop = true, .handle = finish_later },
	{ "GET", "/gate", ACCESS_PUBLIC, .handle = wait_at_gate },
	{ "GET", "/pieces", ACCESS_PUBLIC, .internal = true, .handle = produce },
	{ "GET", "/upgrade", ACCESS_PUBLIC, .on_loop = true, .handle = upgrade },
	{ "GET", "/events", ACCESS_PUBLIC, .handle = events },
	{ 0 },
};

/* A middleware that does one of each thing. */

static inline enum err test_admit(struct request *request)
{
	if (request_header(request, "x-deny") != NULL)
		return request_fail(request, ERR_FORBIDDEN, "Denied on the loop.");
	return ERR_OK;
}

static inline enum err test_prepare(struct request *request)
{
	if (request_header(request, "x-deny-later") != NULL)
		return request_fail(request, ERR_FORBIDDEN, "Denied on a worker.");
	if (request_header(request, "x-while") != NULL && atomic_load(&request->app->ended))
		return request_fail(request, ERR_FORBIDDEN, "Not any more.");
	return ERR_OK;
}

static inline void test_decorate(struct request *request)
{
	reply_header(request, "X-Decorated", "yes");
}

static inline void test_done(struct request *request)
{
	atomic_store(&request->app->last_status, request->reply.status);
	atomic_fetch_add(&request->app->dones, 1);
}

static const struct middleware test_middleware = {
	.name = "test",
	.admit = test_admit,
	.prepare = test_prepare,
	.decorate = test_decorate,
	.done = test_done,
};

/* The server */

static inline void *run_fixture(void *context)
{
	struct fixture *fixture = context;

	loop_run(&fixture->loop);
	return NULL;
}

static inline void init_semaphores(struct app *app)
{
	sem_t *all[] = { &app->held_arrived, &app->gate,       &app->gate_arrived, &app->taken,
			 &app->closed,       &app->drain_told, &app->piece_made };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sem_init(all[i], 0, 0);
}

static inline void fixture_start(struct fixture *fixture, struct server_limits limits)
{
	static const struct route *const tables[] = { test_routes, NULL };
	static const struct middleware *const middlewares[] = { &test_middleware, NULL };
	const char *reason = "";

	memset(fixture, 0, sizeof(*fixture));
	signal(SIGPIPE, SIG_IGN);
	init_semaphores(&fixture->app);
	loop_init(&fixture->loop);
	fixture->pool = pool_create("test", 4);
	assert_int_equal(server_create(&(struct server_options){ .loop = &fixture->loop,
								 .workers = fixture->pool,
								 .app = &fixture->app,
								 .routes = tables,
								 .middlewares = middlewares,
								 .limits = limits,
								 .spill_folder = "/tmp" },
				       &fixture->server, &reason),
			 ERR_OK);
	assert_int_equal(server_listen(fixture->server, "127.0.0.1:0", &reason), ERR_OK);
	fixture->port = server_port(fixture->server);
	assert_int_equal(pthread_create(&fixture->thread, NULL, run_fixture, fixture), 0);
}

/* Something for the loop's thread, waited for. */
struct errand {
	struct loop_task task;
	void (*run)(struct fixture *fixture, void *argument);
	struct fixture *fixture;
	void *argument;
	sem_t done;
};

static inline void run_errand(struct loop_task *task)
{
	struct errand *errand = CONTAINER_OF(task, struct errand, task);

	errand->run(errand->fixture, errand->argument);
	sem_post(&errand->done);
}

static inline void on_loop(struct fixture *fixture,
			   void (*run)(struct fixture *fixture, void *argument), void *argument)
{
	struct errand errand = {
		.task.run = run_errand, .run = run, .fixture = fixture, .argument = argument
	};

	sem_init(&errand.done, 0, 0);
	loop_post(&fixture->loop, &errand.task);
	sem_wait(&errand.done);
	sem_destroy(&errand.done);
}

static inline void stop_loop(void *context)
{
	loop_stop(context);
}

static inline void begin_drain(struct fixture *fixture, void *grace_ms)
{
	server_drain(fixture->server, *(int64_t *)grace_ms, stop_loop, &fixture->loop);
}

static inline void fixture_join(struct fixture *fixture)
{
	pthread_join(fixture->thread, NULL);
	server_destroy(fixture->server);
	pool_destroy(fixture->pool);
	loop_finish(&fixture->loop);
}

static inline void fixture_stop(struct fixture *fixture)
{
	int64_t grace_ms = 0;

	on_loop(fixture, begin_drain, &grace_ms);
	fixture_join(fixture);
}

/* The client */

static inline int client_connect(const struct fixture *fixture)
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

static inline void client_send_bytes(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, 0);

		assert_true(sent > 0);
		at += sent;
		length -= (size_t)sent;
	}
}

static inline void client_send(int fd, const char *text)
{
	client_send_bytes(fd, text, strlen(text));
}

struct answer {
	int status;
	char head[8192];
	char *body; /* NUL-terminated */
	size_t length;
	bool cut; /* the connection ended before the reply did */
};

/* Byte by byte, so that nothing of the next reply is taken. */
static inline bool read_until(int fd, char *text, size_t size, const char *end)
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

static inline bool read_exactly(int fd, struct answer *answer, size_t length)
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

static inline bool read_chunks(int fd, struct answer *answer)
{
	char line[64];
	size_t size;

	do {
		if (!read_until(fd, line, sizeof(line), "\r\n"))
			return false;
		size = strtoul(line, NULL, 16);
		if (!read_exactly(fd, answer, size) || !read_until(fd, line, sizeof(line), "\r\n"))
			return false;
	} while (size > 0);
	return true;
}

static inline const char *answer_header(const struct answer *answer, const char *name, char *value,
					size_t size)
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

static inline bool answer_has(const struct answer *answer, const char *name, const char *value)
{
	char found[1024];

	return answer_header(answer, name, found, sizeof(found)) != NULL &&
	       strcmp(found, value) == 0;
}

/* Status 0: the connection ended without a reply. */
static inline struct answer client_read(int fd, bool body)
{
	struct answer answer = { .body = calloc(1, 1) };
	char value[64];

	if (!read_until(fd, answer.head, sizeof(answer.head), "\r\n\r\n")) {
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

static inline void answer_free(struct answer *answer)
{
	free(answer->body);
}

/* Whether the server closes the connection, having sent nothing more. */
static inline bool client_sees_end(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, 0);

	return got == 0 || (got < 0 && errno == ECONNRESET);
}

static inline void check_answer(int fd, int status, const char *body)
{
	struct answer answer = client_read(fd, true);

	assert_int_equal(answer.status, status);
	assert_false(answer.cut);
	if (body != NULL)
		assert_string_equal(answer.body, body);
	answer_free(&answer);
}

/* Fails the test where what it waits for does not come. */
static inline void wait_for(sem_t *semaphore)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLIENT_MS / 1000;
	while (sem_timedwait(semaphore, &until) != 0)
		assert_int_equal(errno, EINTR);
}

static inline void read_counts(struct fixture *fixture, void *argument)
{
	*(struct server_counts *)argument = server_counts(fixture->server);
}

/* Waits until the server has that many connections. */
static inline void wait_for_connections(struct fixture *fixture, unsigned count)
{
	struct server_counts counts = { 0 };

	for (int i = 0; i < CLIENT_MS; i++) {
		on_loop(fixture, read_counts, &counts);
		if (counts.connections == count)
			return;
		usleep(1000);
	}
	assert_int_equal(counts.connections, count);
}

/* Waits until another thread has brought a number to a value. */
static inline void wait_until(atomic_int *number, int value)
{
	for (int i = 0; i < CLIENT_MS && atomic_load(number) != value; i++)
		usleep(1000);
	assert_int_equal(atomic_load(number), value);
}

/* One request on a connection of its own, whose end is not waited for. */
static inline struct answer exchange_bytes(const struct fixture *fixture, const char *text,
					   size_t length)
{
	int fd = client_connect(fixture);
	struct answer answer;

	client_send_bytes(fd, text, length);
	answer = client_read(fd, memcmp(text, "HEAD", 4) != 0);
	close(fd);
	return answer;
}

#endif
