#include "support_http.h"

#include "base/memory.h"
#include "base/pool.h"
#include "http/sse.h"
#include "http/transport.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

/* The routes */

static enum err hello(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	reply_text(request, 200, "text/plain", "hello", 5);
	return ERR_OK;
}

char big_reply[BIG_BYTES];

static enum err send_big(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	reply_fixed(request, 200, "application/octet-stream", big_reply, sizeof(big_reply));
	return ERR_OK;
}

static enum err nothing(struct request *request, const void *in, void *out)
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

static enum err echo(struct request *request, const void *in, void *out)
{
	(void)request;
	*(struct note *)out = *(const struct note *)in;
	return ERR_OK;
}

/* "path|name=value|..." of what the path and the query gave. */
static enum err show(struct request *request, const void *in, void *out)
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

static enum err refuse(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	request_invalid(request, "a", "is %s", "wrong");
	reply_header(request, "Retry-After", "3");
	return request_fail(request, ERR_CONFLICT, "Say \"%s\".", "why");
}

static enum err upload(struct request *request, const void *in, void *out)
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

static void on_held_cancelled(struct request *request)
{
	struct app *app = request->app;

	atomic_fetch_add(&app->cancels, 1);
	if (app->finish_on_cancel) {
		app->held = NULL;
		request_finish(request, ERR_CANCELLED);
	}
}

static void hold_step(struct request *request)
{
	request->app->held = request;
	request->on_cancel = on_held_cancelled;
	sem_post(&request->app->held_arrived);
}

static enum err hold(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, hold_step);
}

static enum err hold_at_once(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	hold_step(request);
	return ERR_PENDING;
}

static void finish_step(struct request *request)
{
	reply_text(request, 200, "text/plain", "later", 5);
	request_finish(request, ERR_OK);
}

static enum err finish_later(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, finish_step);
}

static enum err wait_at_gate(struct request *request, const void *in, void *out)
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

static enum err make_piece(struct producer *producer, struct buf *out, bool *ret_done)
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

static void destroy_pieces(struct producer *producer)
{
	struct pieces *pieces = CONTAINER_OF(producer, struct pieces, producer);

	atomic_fetch_add(&pieces->app->producer_destroyed, 1);
	free(pieces);
}

static enum err produce(struct request *request, const void *in, void *out)
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

static void on_transport_read(void *context, const uint8_t *data, size_t length)
{
	struct app *app = context;
	struct payload *payload = payload_create(data, length);

	transport_write(app->transport, payload);
	payload_unref(payload);
	if (memchr(data, '!', length) != NULL)
		transport_close(app->transport);
}

static void on_transport_closed(void *context)
{
	struct app *app = context;

	app->transport = NULL;
	sem_post(&app->closed);
}

static void on_transport_drain(void *context)
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

static enum err upgrade(struct request *request, const void *in, void *out)
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

static void events_step(struct request *request)
{
	struct app *app = request->app;

	sse_prepare(request);
	app->transport = transport_take(request, 200, &events_owner, app);
	sem_post(&app->taken);
}

static enum err events(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return request_on_loop(request, events_step);
}

const struct route fixture_routes[] = {
	{ "GET", "/hello", ACCESS_PUBLIC, .internal = true, .on_loop = true, .handle = hello },
	{ "GET", "/worker", ACCESS_PUBLIC, .handle = hello },
	{ "GET", "/big_reply", ACCESS_PUBLIC, .on_loop = true, .handle = send_big },
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

static enum err test_admit(struct request *request)
{
	if (request_header(request, "x-deny") != NULL)
		return request_fail(request, ERR_FORBIDDEN, "Denied on the loop.");
	return ERR_OK;
}

static enum err test_prepare(struct request *request)
{
	if (request_header(request, "x-deny-later") != NULL)
		return request_fail(request, ERR_FORBIDDEN, "Denied on a worker.");
	if (request_header(request, "x-while") != NULL && atomic_load(&request->app->ended))
		return request_fail(request, ERR_FORBIDDEN, "Not any more.");
	return ERR_OK;
}

static void test_decorate(struct request *request)
{
	reply_header(request, "X-Decorated", "yes");
}

static void test_done(struct request *request)
{
	(void)arena_alloc(&request->arena,
			  4000); /* more than its first chunk has left: it goes with the rest */
	atomic_store(&request->app->last_status, request->reply.status);
	atomic_fetch_add(&request->app->dones, 1);
}

/* As a cache that waits for what others must hear first: for ever, after a fault of what was held, or for as long as the test likes. */
static enum err test_hold(struct request *request)
{
	const struct route *route = request->route;

	if (request_header(request, "x-hold") != NULL) {
		request->app->held = request;
		sem_post(&request->app->held_arrived);
		return ERR_PENDING;
	}
	return route && strcmp(route->path, "/held") == 0 && request->reply.status >= 500
		       ? ERR_PENDING
		       : ERR_OK;
}

static const struct middleware test_middleware = {
	.name = "test",
	.admit = test_admit,
	.prepare = test_prepare,
	.decorate = test_decorate,
	.hold = test_hold,
	.done = test_done,
};

/* The server */

static void *run_fixture(void *context)
{
	struct fixture *fixture = context;

	loop_run(&fixture->loop);
	return NULL;
}

static void init_semaphores(struct app *app)
{
	sem_t *all[] = { &app->held_arrived, &app->gate,       &app->gate_arrived, &app->taken,
			 &app->closed,       &app->drain_told, &app->piece_made };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sem_init(all[i], 0, 0);
}

void fixture_start(struct fixture *fixture, struct server_limits limits)
{
	static const struct route *const tables[] = { fixture_routes, NULL };
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

static void run_errand(struct loop_task *task)
{
	struct errand *errand = CONTAINER_OF(task, struct errand, task);

	errand->run(errand->fixture, errand->argument);
	sem_post(&errand->done);
}

void fixture_on_loop(struct fixture *fixture, void (*run)(struct fixture *fixture, void *argument),
		     void *argument)
{
	struct errand errand = {
		.task.run = run_errand, .run = run, .fixture = fixture, .argument = argument
	};

	sem_init(&errand.done, 0, 0);
	loop_post(&fixture->loop, &errand.task);
	sem_wait(&errand.done);
	sem_destroy(&errand.done);
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

static void begin_drain(struct fixture *fixture, void *grace_ms)
{
	server_drain(fixture->server, *(int64_t *)grace_ms, stop_loop, &fixture->loop);
}

void fixture_drain(struct fixture *fixture, int64_t grace_ms)
{
	fixture_on_loop(fixture, begin_drain, &grace_ms);
}

void fixture_join(struct fixture *fixture)
{
	pthread_join(fixture->thread, NULL);
	server_destroy(fixture->server);
	pool_destroy(fixture->pool);
	loop_finish(&fixture->loop);
}

void fixture_stop(struct fixture *fixture)
{
	fixture_drain(fixture, 0);
	fixture_join(fixture);
}

static void read_counts(struct fixture *fixture, void *argument)
{
	*(struct server_counts *)argument = server_counts(fixture->server);
}

struct server_counts fixture_counts(struct fixture *fixture)
{
	struct server_counts counts;

	fixture_on_loop(fixture, read_counts, &counts);
	return counts;
}

void fixture_await_connections(struct fixture *fixture, unsigned count)
{
	for (int i = 0; i < WAIT_MS && fixture_counts(fixture).connections != count; i++)
		usleep(1000);
	assert_int_equal(fixture_counts(fixture).connections, count);
}

void wait_until(atomic_int *number, int value)
{
	for (int i = 0; i < WAIT_MS && atomic_load(number) != value; i++)
		usleep(1000);
	assert_int_equal(atomic_load(number), value);
}
