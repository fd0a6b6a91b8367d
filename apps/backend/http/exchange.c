#include "base/clock.h"
#include "base/id.h"
#include "http/forwarded.h"
#include "http/handle.h"
#include "http/spill.h"
#include "http/state.h"

#include <assert.h>
#include <string.h>

static const struct text_pair no_pairs[] = { { NULL, NULL } };

static void settle(struct exchange *exchange);
static void ask(struct exchange *exchange);

/* The exchange lies in its own request's arena: one allocation serves an ordinary request whole. */
struct exchange *exchange_create(struct server *server, struct conn *conn)
{
	struct arena arena;
	struct exchange *exchange;
	struct request *request;

	arena_init(&arena);
	exchange = ARENA_NEW(&arena, struct exchange);
	exchange->server = server;
	list_append(&server->exchanges, &exchange->node);
	request = &exchange->request;
	request->arena = arena;
	request->app = server->options.app;
	request->conn = conn;
	request->method = request->path = request->target = "";
	request->peer = arena_strdup(&request->arena, conn->peer);
	request->path_values = request->query = request->headers = no_pairs;
	request->body_fd = -1;
	request->start_us = clock_monotonic_us();
	request->deadline_ms = INT64_MAX;
	id_make(request->id);
	buf_init(&request->body, JSON_BODY_MAX);
	reply_init(&request->reply);
	conn->exchange = exchange;
	return exchange;
}

static void tell_done(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	for (; *middleware != NULL; middleware++)
		if ((*middleware)->done != NULL)
			(*middleware)->done(&exchange->request);
}

void exchange_end(struct exchange *exchange)
{
	struct server *server = exchange->server;
	struct arena arena;

	assert(exchange->holds == 0);
	if (exchange->timed_out)
		exchange->request.reply.status = err_status(ERR_UNAVAILABLE);
	else if (!exchange->sent)
		exchange->request.reply.status = err_status(ERR_CANCELLED);
	if (!exchange->stand_in)
		tell_done(exchange);
	if (exchange->request.conn != NULL)
		exchange->request.conn->exchange = NULL;
	body_finish(exchange);
	reply_finish(&exchange->request.reply);
	list_remove(&exchange->node);
	/* It holds the exchange, and whoever was told may have added to it. */
	arena = exchange->request.arena;
	arena_finish(&arena);
	server_check_drained(server);
}

void exchange_sent(struct exchange *exchange)
{
	struct conn *conn = exchange->request.conn;
	bool keep_alive = exchange->keep_alive;

	exchange->sent = true;
	exchange_end(exchange);
	conn_replied(conn, keep_alive);
}

/* Answers with `err`, or with what the handler made. */
static void answer(struct exchange *exchange, enum err err)
{
	exchange->request.result = err;
	exchange->state = EXCHANGE_ANSWERED;
	exchange->next = exchange->server->options.middlewares;
	settle(exchange);
}

/* Whether a middleware has to see to something first: of the request itself, and not of who says that its time is over. */
static bool is_held(struct exchange *exchange)
{
	while (!exchange->stand_in && *exchange->next != NULL && !exchange->answered) {
		const struct middleware *middleware = *exchange->next++;

		if (middleware->hold != NULL &&
		    middleware->hold(&exchange->request) == ERR_PENDING) {
			exchange->state = EXCHANGE_HELD;
			exchange->holds++;
			return true;
		}
	}
	return false;
}

/*
 * Once nobody is inside an answered exchange, its reply is sent, or it ends where nobody wants one.
 */
static void settle(struct exchange *exchange)
{
	if (exchange->state != EXCHANGE_ANSWERED || exchange->holds > 0)
		return;
	if (exchange->request.conn == NULL) {
		exchange_end(exchange);
	} else if (conn_usable(exchange->request.conn)) {
		if (!exchange->encoded)
			handle_encode(exchange, exchange->request.result);
		if (!is_held(exchange))
			exchange_send(exchange);
	}
}

/* Calls somebody who may finish the request meanwhile. */
static void call(struct exchange *exchange, void (*callee)(struct request *request))
{
	exchange->holds++;
	callee(&exchange->request);
	exchange->holds--;
	settle(exchange);
}

static void tell_cancelled(struct exchange *exchange)
{
	if (exchange->request.on_cancel == NULL || exchange->cancel_told)
		return;
	exchange->cancel_told = true;
	call(exchange, exchange->request.on_cancel);
}

/* The handler said that the answer follows. */
static void suspend(struct exchange *exchange)
{
	void (*step)(struct request *request) = exchange->request.step;

	exchange->state = EXCHANGE_PENDING;
	exchange->holds++; /* so that it is still there after the calls */
	exchange->request.step = NULL;
	if (step != NULL)
		step(&exchange->request);
	if (exchange->state == EXCHANGE_PENDING && atomic_load(&exchange->request.cancelled))
		tell_cancelled(exchange);
	exchange->holds--;
	settle(exchange);
}

/*
 * Back on the loop, with what the handler returned; who held the request may have finished it
 * already.
 */
static void arrive(struct exchange *exchange)
{
	if (exchange->state != EXCHANGE_RUNNING)
		settle(exchange);
	else if (exchange->outcome == ERR_PENDING)
		suspend(exchange);
	else
		answer(exchange, exchange->outcome);
}

static void run_on_loop(struct exchange *exchange)
{
	exchange->holds++;
	exchange->outcome = handle_call(exchange);
	exchange->holds--;
	arrive(exchange);
}

void exchange_submit(struct exchange *exchange, void (*work)(struct task *task),
		     void (*come_back)(struct loop_task *task))
{
	exchange->holds++;
	exchange->work.run = work;
	exchange->arrival.run = come_back;
	pool_submit(exchange->server->options.workers, &exchange->work);
}

static void on_handled(struct loop_task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, arrival);

	exchange->holds--;
	arrive(exchange);
}

static void handle_on_worker(struct task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, work);
	enum err outcome = handle_prepare(exchange);

	if (outcome == ERR_OK)
		outcome = handle_call(exchange);
	handle_encode(exchange, outcome);
	handle_conclude(exchange);
	exchange->outcome = outcome;
	loop_post(exchange->server->loop, &exchange->arrival);
}

static void on_prepared(struct loop_task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, arrival);

	exchange->holds--;
	if (exchange->outcome == ERR_OK)
		run_on_loop(exchange);
	else
		answer(exchange, exchange->outcome);
}

static void prepare_on_worker(struct task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, work);

	exchange->outcome = handle_prepare(exchange);
	handle_conclude(exchange);
	loop_post(exchange->server->loop, &exchange->arrival);
}

static void dispatch(struct exchange *exchange)
{
	const struct route *route = exchange->request.route;
	bool prepare = exchange->server->prepares && strcmp(route->access, ACCESS_PUBLIC) != 0;

	exchange->state = EXCHANGE_RUNNING;
	exchange->request.begun = true;
	if (!route->on_loop)
		exchange_submit(exchange, handle_on_worker, on_handled);
	else if (prepare)
		exchange_submit(exchange, prepare_on_worker, on_prepared);
	else
		run_on_loop(exchange);
}

/* Goes on with what a middleware said. */
static void take_word(struct exchange *exchange, enum err err)
{
	if (err == ERR_PENDING) {
		exchange->holds++;
	} else if (err != ERR_OK) {
		answer(exchange, err);
	} else if (exchange->request.reply.status != 0) {
		exchange->encoded = true;
		exchange->answered = true;
		answer(exchange, ERR_OK);
	} else {
		ask(exchange);
	}
}

static void ask(struct exchange *exchange)
{
	const struct middleware *middleware = *exchange->next;

	if (middleware == NULL) {
		dispatch(exchange);
		return;
	}
	exchange->next++;
	take_word(exchange,
		  middleware->answer != NULL ? middleware->answer(&exchange->request) : ERR_OK);
}

void request_resume(struct request *request, enum err err)
{
	struct exchange *exchange = exchange_of(request);

	loop_assert(exchange->server->loop);
	assert(exchange->state == EXCHANGE_ASKING || exchange->state == EXCHANGE_HELD);
	exchange->holds--;
	if (exchange->state == EXCHANGE_HELD) {
		exchange->state = EXCHANGE_ANSWERED;
		settle(exchange);
	} else if (request->conn == NULL) {
		exchange_end(exchange);
	} else if (conn_usable(request->conn)) {
		take_word(exchange, err);
	}
}

static void on_identified(struct loop_task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, arrival);

	request_resume(&exchange->request, exchange->outcome);
}

/* Whom the loop does not know: a worker finds out first, so that limits and replies from memory hold for them too. */
static bool is_unknown(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	return exchange->server->prepares && request->principal == NULL &&
	       strcmp(request->route->access, ACCESS_PUBLIC) != 0;
}

void exchange_run(struct exchange *exchange)
{
	const struct route *route = exchange->request.route;

	exchange->state = EXCHANGE_ASKING;
	exchange->next = exchange->server->options.middlewares;
	exchange->request.deadline_ms =
		(int64_t)uv_now(&exchange->server->loop->uv) + exchange->server->limits.request_ms;
	conn_wait(exchange->request.conn, DEADLINE_REQUEST);
	if (exchange->early != ERR_OK || route == NULL) {
		answer(exchange, exchange->early);
		return;
	}
	if (exchange->body.spill != NULL) {
		exchange->request.body_fd = spill_fd(exchange->body.spill);
		exchange->request.body_size = exchange->body.received;
	}
	if (is_unknown(exchange))
		exchange_submit(exchange, prepare_on_worker, on_identified);
	else
		ask(exchange);
}

void exchange_refuse(struct exchange *exchange, enum err err)
{
	assert(exchange->state == EXCHANGE_READING);
	exchange->keep_alive = false;
	exchange->request.conn->state = CONN_BUSY;
	conn_wait(exchange->request.conn, DEADLINE_NONE); /* not for a body any more */
	answer(exchange, err);
}

static enum err admit(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	for (; *middleware != NULL; middleware++) {
		enum err err = ERR_OK;

		if ((*middleware)->admit != NULL)
			err = (*middleware)->admit(&exchange->request);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* OPTIONS of what exists is answered by the router. */
static enum err answer_options(struct exchange *exchange, const char *allow)
{
	reply_header(&exchange->request, "Allow", allow);
	exchange->request.reply.status = 204;
	return ERR_OK;
}

static enum err route(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct match match;
	enum err err;

	if (strcmp(request->path, "*") == 0)
		return answer_options(exchange, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	err = router_match(exchange->server->router, request->method, request->path,
			   &request->arena, &match);
	if (err == ERR_METHOD && strcmp(request->method, "OPTIONS") == 0)
		return answer_options(exchange, match.allow);
	if (err == ERR_METHOD)
		reply_header(request, "Allow", match.allow);
	if (err != ERR_OK)
		return err;
	exchange->endpoint = match.endpoint;
	request->route = match.endpoint->route;
	request->path_values = match.values;
	return admit(exchange);
}

/*
 * Whether the connection can be kept though the body is for nobody: only when it is known to be
 * short.
 */
static bool can_discard(const struct exchange *exchange, const struct head *head)
{
	return !head->chunked && !head->expect_continue &&
	       head->content_length <= DISCARD_BYTES_MAX && exchange->keep_alive;
}

static void copy_head(struct exchange *exchange, const struct head *head)
{
	struct request *request = &exchange->request;

	request->method = head->method;
	request->target = head->target;
	request->path = head->path;
	request->query = head->query;
	request->headers = head->headers;
	exchange->http_1_0 = head->http_1_0;
	exchange->keep_alive = head->keep_alive;
	exchange->expect_continue = head->expect_continue;
}

/* Who asks, what for, and whether they may. */
static enum err judge(struct exchange *exchange)
{
	if (!forwarded_resolve(exchange->server->options.proxies, &exchange->request))
		return request_fail(&exchange->request, ERR_MALFORMED, "Forwarded is not valid.");
	return route(exchange);
}

void exchange_begin(struct exchange *exchange, const struct head *head)
{
	struct conn *conn = exchange->request.conn;
	bool has_body = head->chunked || head->content_length > 0;

	copy_head(exchange, head);
	conn->state = CONN_BUSY;
	conn_wait(conn, DEADLINE_NONE);
	exchange->server->counts.requests++;
	exchange->early = judge(exchange);
	if (exchange->early != ERR_OK && has_body && !can_discard(exchange, head)) {
		exchange_refuse(exchange, exchange->early);
		return;
	}
	body_expect(exchange, head);
	if (exchange->body.left > exchange->body.max) {
		exchange_refuse(exchange, body_refuse_large(exchange));
	} else if (body_expected(&exchange->body)) {
		conn->state = CONN_BODY;
		conn_wait(conn, DEADLINE_BODY);
	} else {
		exchange_run(exchange);
	}
}

void exchange_client_left(struct exchange *exchange)
{
	if (exchange->state != EXCHANGE_PENDING)
		return;
	atomic_store(&exchange->request.cancelled, true);
	tell_cancelled(exchange);
}

void exchange_abandon(struct exchange *exchange)
{
	exchange->request.conn->exchange = NULL;
	exchange->request.conn = NULL;
	atomic_store(&exchange->request.cancelled, true);
	if (exchange->state == EXCHANGE_PENDING)
		tell_cancelled(exchange);
	else if (exchange->holds == 0)
		exchange_end(exchange);
}

/* The one header that a reply depends on whatever it says: without it, a page of another origin could not read why. */
static const struct text_pair *copy_origin(const struct exchange *exchange, struct arena *arena)
{
	const char *origin = request_header(&exchange->request, "origin");
	struct text_pair *pairs = ARENA_ARRAY(arena, 2, struct text_pair);

	if (origin != NULL)
		pairs[0] = (struct text_pair){ "origin", arena_strdup(arena, origin) };
	return pairs;
}

/* What can be told about a request whose own reply still is another's: its id. */
static struct exchange *create_stand_in(struct exchange *exchange)
{
	struct conn *conn = exchange->request.conn;
	struct exchange *stand_in;

	exchange->request.conn = NULL;
	stand_in = exchange_create(exchange->server, conn);
	stand_in->stand_in = true;
	stand_in->endpoint = exchange->endpoint;
	stand_in->request.route = exchange->request.route;
	stand_in->request.secure = exchange->request.secure;
	stand_in->request.headers = copy_origin(exchange, &stand_in->request.arena);
	stand_in->request.method = arena_strdup(&stand_in->request.arena, exchange->request.method);
	memcpy(stand_in->request.id, exchange->request.id, sizeof(stand_in->request.id));
	stand_in->http_1_0 = exchange->http_1_0;
	stand_in->keep_alive = exchange->keep_alive;
	return stand_in;
}

void exchange_time_out(struct exchange *exchange)
{
	struct exchange *stand_in = create_stand_in(exchange);

	exchange->timed_out = true;
	atomic_store(&exchange->request.cancelled, true);
	exchange->holds++; /* the reply may bring the next request, which may finish this one */
	answer(stand_in, ERR_UNAVAILABLE);
	if (exchange->state == EXCHANGE_PENDING)
		tell_cancelled(exchange);
	exchange->holds--;
	settle(exchange);
}

void exchange_taken(struct exchange *exchange)
{
	exchange->request.conn->exchange = NULL;
	exchange->request.conn = NULL;
	exchange->sent = true;
	answer(exchange, ERR_OK);
}

enum err request_on_loop(struct request *request, void (*step)(struct request *request))
{
	request->step = step;
	return ERR_PENDING;
}

void request_finish(struct request *request, enum err err)
{
	struct exchange *exchange = exchange_of(request);

	loop_assert(exchange->server->loop);
	assert(exchange->state == EXCHANGE_PENDING || exchange->state == EXCHANGE_RUNNING);
	assert(err != ERR_PENDING);
	answer(exchange, err);
}
