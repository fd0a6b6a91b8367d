#include "websockets/connection_manager.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/transport.h"
#include "websockets/handshake.h"
#include "websockets/websocket.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK_MAX_MS = 1000,
	SWEEP_MS = 10000,
	TICKS_PER_DEADLINE =
		4, /* how much later than its time a deadline may be met: a quarter of it */
	RETRY_AFTER_S = 15,
};

/* Frames */

static void on_text(void *context, const char *text, size_t length)
{
	websocket_obey(context, text, length);
}

static void on_ping(void *context, const void *data, size_t length)
{
	if (websocket_allow(context, RATE_CONTROL))
		websocket_send(context, frame_create(OPCODE_PONG, data, length));
}

/* That something was heard is noted in on_read. One that was asked for is free, however many sockets a user has. */
static void on_pong(void *context)
{
	struct websocket *socket = context;

	if (socket->pong_due)
		socket->pong_due = false;
	else
		(void)websocket_allow(socket, RATE_CONTROL);
}

/*
 * Says goodbye if that was not done, and lets the server close the connection, as section 7.1.1
 * asks.
 */
static void on_close(void *context, unsigned code)
{
	struct websocket *socket = context;

	websocket_close(socket, code == CLOSE_NO_STATUS ? CLOSE_NORMAL : (enum close_code)code, "");
	transport_close(socket->transport);
}

static void on_failure(void *context, enum close_code code, const char *reason)
{
	struct websocket *socket = context;

	websocket_close(socket, code, reason);
	transport_close(socket->transport);
}

static const struct frame_events frame_events = {
	.text = on_text,
	.ping = on_ping,
	.pong = on_pong,
	.closed = on_close,
	.failed = on_failure,
};

/* The transport */

static void on_read(void *context, const uint8_t *data, size_t length)
{
	struct websocket *socket = context;

	socket->pinged = false;
	frame_reader_feed(&socket->reader, data, length, &frame_events, socket);
}

static void on_closed(void *context)
{
	struct websocket *socket = context;
	struct connection_manager *manager = socket->manager;

	if (socket->state != WEBSOCKET_CLOSING)
		manager->counts.lost++;
	socket->transport = NULL;
	socket->state = WEBSOCKET_CLOSING;
	list_remove(&socket->node);
	limits_leave(&manager->limits, socket->address, socket->user);
	socket->address = socket->user = NULL;
	if (--manager->count == 0)
		uv_timer_stop(&manager->timer);
	command_unsubscribe_all(socket);
	websocket_drop_waiting(socket);
	frame_reader_finish(&socket->reader);
	websocket_unref(socket);
}

static void leave(struct websocket *socket)
{
	if (!command_holds(socket))
		websocket_close(socket, CLOSE_GOING_AWAY, "The server is going away.");
}

static void on_drain(void *context)
{
	struct websocket *socket = context;

	socket->leaves = true;
	leave(socket);
}

static const struct transport_owner transport_owner = {
	.read = on_read,
	.closed = on_closed,
	.drain = on_drain,
};

/* Time: one timer looks after all sockets */

static void check_open(struct websocket *socket, int64_t now)
{
	if (now >= socket->ends_ms) {
		websocket_close(socket, CLOSE_UNAUTHENTICATED, "The session is over.");
		return;
	}
	if (socket->leaves)
		leave(socket);
	if (now < socket->deadline_ms || socket->state != WEBSOCKET_OPEN)
		return;
	if (socket->pinged) {
		socket->state = WEBSOCKET_CLOSING;
		socket->manager->counts.silent++;
		transport_abort(socket->transport);
		return;
	}
	socket->pinged = socket->pong_due = true;
	socket->deadline_ms = now + socket->manager->options.ping_ms;
	websocket_send(socket, payload_ref(socket->manager->ping));
}

static void check(struct websocket *socket, int64_t now)
{
	switch (socket->state) {
	case WEBSOCKET_OPEN:
		check_open(socket, now);
		break;
	case WEBSOCKET_NEW:
		if (now >= socket->deadline_ms)
			websocket_close(socket, CLOSE_UNAUTHENTICATED, "Authenticate in time.");
		break;
	case WEBSOCKET_CLOSING:
	default:
		if (now >= socket->deadline_ms)
			transport_abort(socket->transport);
		break;
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct connection_manager *manager = timer->data;
	int64_t now = clock_monotonic_ms();

	LIST_EACH_SAFE(socket, &manager->sockets, struct websocket, node)
		check(socket, now);
	if (now < manager->sweep_ms)
		return;
	manager->sweep_ms = now + SWEEP_MS;
	limits_sweep(&manager->limits, clock_monotonic_us());
}

static uint64_t tick_ms(const struct connection_manager_options *options)
{
	int64_t shortest = options->authenticate_ms < options->ping_ms ? options->authenticate_ms
								       : options->ping_ms;
	int64_t tick = shortest / TICKS_PER_DEADLINE;

	if (tick > TICK_MAX_MS)
		return TICK_MAX_MS;
	return tick < 1 ? 1 : (uint64_t)tick;
}

static void keep_time(struct connection_manager *manager)
{
	uint64_t tick = tick_ms(&manager->options);

	uv_timer_start(&manager->timer, on_tick, tick, tick);
}

/* The upgrade */

/* Before the upgrade, since a refusal then costs nothing. Who it is is not known yet. */
static enum err enter(struct connection_manager *manager, struct request *request,
		      struct party **ret_address)
{
	enum refusal refusal = limits_enter(&manager->limits, request->peer, ret_address);

	if (refusal == REFUSED_NOT)
		return ERR_OK;
	manager->counts.refused[refusal]++;
	request->reply.retry_after_s = RETRY_AFTER_S;
	if (refusal == REFUSED_ADDRESS)
		return request_fail(request, ERR_TOO_MANY, "%s",
				    "There are too many WebSockets from your address.");
	return request_fail(request, ERR_UNAVAILABLE, "%s",
			    "The server has as many WebSockets as it takes.");
}

enum err websocket_upgrade(struct connection_manager *manager, struct request *request)
{
	struct party *address = NULL;
	struct websocket *socket;
	enum err err = handshake_accept(request);
	char *token;

	if (err == ERR_OK)
		err = enter(manager, request, &address);
	if (err != ERR_OK)
		return err;
	/* The request is gone once its connection is taken. */
	token = memory_strdup(manager->options.credential(request));
	manager->counts.opened++;
	socket = websocket_create(manager);
	socket->address = address;
	list_append(&manager->sockets, &socket->node);
	if (manager->count++ == 0)
		keep_time(manager);
	socket->transport = transport_take(request, 101, &transport_owner, socket);
	if (socket->transport == NULL)
		on_closed(socket);
	else if (token != NULL)
		command_authenticate(socket, token);
	free(token);
	return ERR_PENDING;
}

/* The manager */

struct connection_manager *
connection_manager_create(const struct connection_manager_options *options)
{
	struct connection_manager *manager = MEMORY_NEW(struct connection_manager);

	manager->options = *options;
	manager->references = 1;
	list_init(&manager->sockets);
	limits_init(&manager->limits, &options->sockets);
	uv_timer_init(&options->loop->uv, &manager->timer);
	manager->timer.data = manager;
	manager->ping = frame_create(OPCODE_PING, NULL, 0);
	return manager;
}

static void on_timer_closed(uv_handle_t *handle)
{
	connection_manager_unref(handle->data);
}

void connection_manager_destroy(struct connection_manager *manager)
{
	if (manager == NULL)
		return;
	assert(manager->count == 0);
	limits_finish(&manager->limits);
	payload_unref(manager->ping);
	uv_close((uv_handle_t *)&manager->timer, on_timer_closed);
}

struct websocket_counts connection_manager_counts(const struct connection_manager *manager)
{
	struct websocket_counts counts = manager->counts;

	counts.open = manager->count;
	LIST_EACH(socket, &manager->sockets, struct websocket, node)
		counts.known += socket->user != NULL;
	return counts;
}

struct ending {
	struct loop_task task;
	struct connection_manager *manager;
	char account_id[ID_SIZE], session_id[ID_SIZE]; /* "": any */
};

static bool is_meant(const struct ending *ending, const struct principal *principal)
{
	return (ending->account_id[0] == '\0' ||
		strcmp(principal->user_id, ending->account_id) == 0) &&
	       (ending->session_id[0] == '\0' ||
		strcmp(principal->session_id, ending->session_id) == 0);
}

/*
 * A socket whose token is being checked may have been told "valid" just before the change: it is
 * checked again.
 */
static void end(struct loop_task *task)
{
	struct ending *ending = CONTAINER_OF(task, struct ending, task);

	LIST_EACH_SAFE(socket, &ending->manager->sockets, struct websocket, node) {
		if (socket->job != NULL && command_is_authenticate(socket->job))
			socket->job->stale = true;
		if (socket->principal.user_id[0] != '\0' && is_meant(ending, &socket->principal))
			websocket_close(socket, CLOSE_UNAUTHENTICATED, "Your rights have changed.");
	}
	free(ending);
}

static void copy_id(char to[static ID_SIZE], const char *from)
{
	if (from != NULL) {
		assert(strlen(from) < ID_SIZE);
		memcpy(to, from, strlen(from) + 1);
	}
}

void connection_manager_end(struct connection_manager *manager, const char *account_id,
			    const char *session_id)
{
	struct ending *ending = MEMORY_NEW(struct ending);

	ending->task.run = end;
	ending->manager = manager;
	copy_id(ending->account_id, account_id);
	copy_id(ending->session_id, session_id);
	loop_post(manager->options.loop, &ending->task);
}
