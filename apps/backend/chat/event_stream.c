#include "chat/event_stream.h"

#include "app.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/loop.h"
#include "base/memory.h"
#include "chat/chat_events.h"
#include "chat/follower.h"
#include "config.h"
#include "http/sse.h"
#include "middleware/authentication.h"
#include "websockets/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_MAX = 1024 * 1024, HEARTBEAT_MS = 15 * 1000, RETRY_AFTER_S = 5 };

/* All readers, so that those can be found whose rights have changed. Loop thread only. */
struct event_streams {
	struct app *app;
	struct list all;
	struct limits limits; /* the same numbers as WebSockets have, counted for themselves */
};

struct event_stream {
	struct app *app;
	struct list node;
	char user_id[ID_SIZE], session_id[ID_SIZE];
	struct transport *transport;
	struct subscriber subscriber;
	struct follower *follower;
	struct party *address, *user; /* that it counts for */
	uv_timer_t heartbeat;
	char message_id[ID_SIZE];
	int64_t after;
	int64_t ends_ms; /* of the session or key, on the clock that does not jump */
};

/* Who reads on after the end of the session comes back with what the session is by then. */
static void on_heartbeat(uv_timer_t *timer)
{
	struct event_stream *stream = timer->data;
	struct payload *payload;

	if (clock_monotonic_ms() >= stream->ends_ms) {
		transport_close(stream->transport);
		return;
	}
	payload = sse_heartbeat();
	transport_write(stream->transport, payload);
	payload_unref(payload);
}

/* {"seq":…,fields}, or the data that the event brings. Made once for all readers. */
static struct payload *render(struct event *event)
{
	struct buf data;

	if (event->sse)
		return event->sse;
	if (event->data)
		return event->sse =
			       sse_event(event->type, event->seq, event->data, event->data_length);
	buf_init(&data, EVENT_MAX);
	buf_printf(&data, "{\"seq\":%lld,", (long long)event->seq);
	buf_append(&data, event->fields, event->fields_length);
	buf_append_char(&data, '}');
	event->sse = sse_event(event->type, event->seq, data.data, data.length);
	buf_finish(&data);
	return event->sse;
}

/* A reader who falls behind is cut, and comes back with its Last-Event-ID; so is one who cannot hear more from here. */
static void deliver(struct subscriber *subscriber, struct event *event)
{
	struct event_stream *stream = CONTAINER_OF(subscriber, struct event_stream, subscriber);

	if (transport_pending_bytes(stream->transport) > PENDING_MAX ||
	    strcmp(event->type, "error") == 0) {
		transport_abort(stream->transport);
		return;
	}
	transport_write(stream->transport, render(event));
	if (strcmp(event->type, "done") == 0)
		transport_close(stream->transport);
}

static void on_heartbeat_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void leave(struct event_stream *stream)
{
	struct limits *limits = &stream->app->event_streams->limits;

	limits_leave(limits, stream->address, stream->user);
	if (limits->sockets == 0)
		limits_sweep(limits, clock_monotonic_us());
}

static void on_closed(void *context)
{
	struct event_stream *stream = context;

	leave(stream);
	list_remove(&stream->node);
	follower_stop(stream->follower);
	uv_close((uv_handle_t *)&stream->heartbeat, on_heartbeat_closed);
}

static void on_drain(void *context)
{
	struct event_stream *stream = context;

	transport_close(stream->transport);
}

static enum err enter(struct request *request, struct event_stream *stream)
{
	struct limits *limits = &stream->app->event_streams->limits;
	enum refusal refusal;

	/* What ended while the message was read did not find this stream among those to be closed. */
	if (!authentication_stands(request))
		return request_fail(request, ERR_UNAVAILABLE,
				    "Rights have changed meanwhile. Ask again.");
	refusal = limits_enter(limits, request->peer, &stream->address);
	if (refusal == REFUSED_NOT) {
		refusal = limits_admit(limits, stream->user_id, &stream->user);
		if (refusal != REFUSED_NOT)
			leave(stream);
	}
	if (refusal == REFUSED_NOT)
		return ERR_OK;
	if (refusal == REFUSED_TOTAL)
		return request_fail(request, ERR_UNAVAILABLE,
				    "The server has as many streams of events as it takes.");
	request->reply.retry_after_s = RETRY_AFTER_S;
	return request_fail(request, ERR_TOO_MANY, "You have too many streams of events open.");
}

static void begin(struct request *request)
{
	static const struct transport_owner owner = { .closed = on_closed, .drain = on_drain };
	struct event_stream *stream = request->holder;
	enum err err = enter(request, stream);

	if (err != ERR_OK) {
		free(stream);
		request_finish(request, err);
		return;
	}
	sse_prepare(request);
	stream->transport = transport_take(request, 200, &owner, stream);
	if (!stream->transport) {
		leave(stream);
		free(stream);
		return;
	}
	list_append(&stream->app->event_streams->all, &stream->node);
	uv_timer_init(&stream->app->loop->uv, &stream->heartbeat);
	stream->heartbeat.data = stream;
	uv_timer_start(&stream->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
	stream->follower =
		follower_start(stream->app, stream->message_id, stream->after, &stream->subscriber);
}

enum err event_stream_begin(struct request *request, const char *message_id, int64_t after)
{
	struct event_stream *stream = MEMORY_NEW(struct event_stream);

	stream->app = request->app;
	stream->subscriber.deliver = deliver;
	list_init(&stream->subscriber.node);
	stream->after = after;
	memcpy(stream->message_id, message_id, ID_SIZE);
	memcpy(stream->user_id, request->principal->user_id, ID_SIZE);
	memcpy(stream->session_id, request->principal->session_id, ID_SIZE);
	stream->ends_ms = clock_monotonic_ms() + (request->principal->ends_ms - clock_now().ms);
	request->holder = stream;
	return request_on_loop(request, begin);
}

/* ---- All of them ---- */

struct event_streams *event_streams_create(struct app *app)
{
	struct event_streams *streams = MEMORY_NEW(struct event_streams);
	const struct config *config = app->config;
	const struct socket_limits limits = { (unsigned)config->websockets_per_user,
					      (unsigned)config->websockets_per_address,
					      (unsigned)config->websockets_total };

	streams->app = app;
	limits_init(&streams->limits, &limits);
	list_init(&streams->all);
	return streams;
}

void event_streams_destroy(struct event_streams *streams)
{
	if (!streams)
		return;
	assert(list_empty(&streams->all));
	limits_finish(&streams->limits);
	free(streams);
}

struct ending {
	struct loop_task task;
	struct app *app;
	char user_id[ID_SIZE], session_id[ID_SIZE]; /* "": any */
};

static bool is_meant(const char *id, const char *meant)
{
	return *meant == '\0' || strcmp(id, meant) == 0;
}

static void end_streams(struct loop_task *task)
{
	struct ending *ending = CONTAINER_OF(task, struct ending, task);

	LIST_EACH_SAFE(stream, &ending->app->event_streams->all, struct event_stream, node)
		if (is_meant(stream->user_id, ending->user_id) &&
		    is_meant(stream->session_id, ending->session_id))
			transport_close(stream->transport);
	free(ending);
}

void event_streams_end(struct app *app, const char *account_id, const char *session_id)
{
	struct ending *ending = MEMORY_NEW(struct ending);

	ending->task.run = end_streams;
	ending->app = app;
	snprintf(ending->user_id, ID_SIZE, "%s", account_id ? account_id : "");
	snprintf(ending->session_id, ID_SIZE, "%s", session_id ? session_id : "");
	loop_post(app->loop, &ending->task);
}
