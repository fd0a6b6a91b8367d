#include "http/transport.h"

#include "base/memory.h"
#include "http/handle.h"
#include "http/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32 /* items in one write */ };

/* Bytes that the socket did not take at once. */
struct item {
	struct list node;
	struct payload *payload;
	bool framed; /* as a chunk */
	size_t skip; /* written before it was queued, of the frame and the payload together */
	char head[CHUNK_HEAD_MAX];
};

struct transport {
	struct conn *conn;
	const struct transport_owner *owner;
	void *context;
	bool chunked;
	struct encoder *encoder; /* of the body's pieces; NULL: as they are */
	bool closing;            /* the owner is done; only what is queued goes out */
	bool finished;
	bool beginning; /* `begin` is posted */
	struct loop_task begin;
	struct list queue;
	size_t queue_bytes;
	struct list flying; /* handed to libuv */
	uv_write_t write;
};

struct payload *payload_create_empty(size_t length)
{
	struct payload *payload = memory_alloc(sizeof(*payload) + length);

	payload->references = 1;
	payload->length = length;
	return payload;
}

struct payload *payload_create(const void *data, size_t length)
{
	struct payload *payload = payload_create_empty(length);

	if (length > 0)
		memcpy(payload->data, data, length);
	return payload;
}

struct payload *payload_ref(struct payload *payload)
{
	payload->references++;
	return payload;
}

void payload_unref(struct payload *payload)
{
	if (payload != NULL && --payload->references == 0)
		free(payload);
}

static void free_items(struct list *items)
{
	LIST_EACH_SAFE(item, items, struct item, node) {
		list_remove(&item->node);
		payload_unref(item->payload);
		free(item);
	}
}

static uv_buf_t part(const char *data, size_t length)
{
	return (uv_buf_t){ .base = (char *)(uintptr_t)data, .len = length };
}

/*
 * The payload, between a chunk's size and its end where it is framed. `head` must stay as long as
 * the parts.
 */
static unsigned make_parts(const struct payload *payload, bool framed, char *head, uv_buf_t *parts)
{
	if (!framed) {
		parts[0] = part(payload->data, payload->length);
		return 1;
	}
	parts[0] = part(head, chunk_head_write(head, payload->length));
	parts[1] = part(payload->data, payload->length);
	parts[2] = part("\r\n", 2);
	return 3;
}

static size_t parts_bytes(const uv_buf_t *parts, unsigned count)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < count; i++)
		bytes += parts[i].len;
	return bytes;
}

static void skip_bytes(uv_buf_t *parts, unsigned count, size_t skip)
{
	for (unsigned i = 0; i < count && skip > 0; i++) {
		size_t part_skip = skip < parts[i].len ? skip : parts[i].len;

		parts[i].base += part_skip;
		parts[i].len -= part_skip;
		skip -= part_skip;
	}
}

static void flush(struct transport *transport);

static void on_flushed(uv_write_t *write, int status)
{
	struct transport *transport = CONTAINER_OF(write, struct transport, write);

	loop_woke(transport->conn->server->loop);
	free_items(&transport->flying);
	if (status != 0)
		conn_close(transport->conn);
	else if (!list_empty(&transport->queue))
		flush(transport);
	else if (transport->closing)
		conn_linger(transport->conn);
	else if (transport->owner->drained != NULL)
		transport->owner->drained(transport->context);
}

static void flush(struct transport *transport)
{
	uv_buf_t parts[BATCH * 3];
	unsigned count = 0;

	for (int i = 0; i < BATCH && !list_empty(&transport->queue); i++) {
		struct item *item = CONTAINER_OF(transport->queue.next, struct item, node);
		unsigned added = make_parts(item->payload, item->framed, item->head, parts + count);

		skip_bytes(parts + count, added, item->skip);
		transport->queue_bytes -= parts_bytes(parts + count, added);
		count += added;
		list_remove(&item->node);
		list_append(&transport->flying, &item->node);
	}
	if (uv_write(&transport->write, (uv_stream_t *)&transport->conn->tcp, parts, count,
		     on_flushed) != 0)
		conn_close(transport->conn);
}

static void enqueue(struct transport *transport, struct payload *payload, bool framed, size_t skip,
		    size_t left)
{
	struct item *item = MEMORY_NEW(struct item);

	item->payload = payload_ref(payload);
	item->framed = framed;
	item->skip = skip;
	list_append(&transport->queue, &item->node);
	transport->queue_bytes += left;
	if (list_empty(&transport->flying))
		flush(transport);
}

static void deliver(struct transport *transport, struct payload *payload, bool framed)
{
	bool idle = list_empty(&transport->flying);
	char head[CHUNK_HEAD_MAX];
	uv_buf_t parts[3];
	unsigned count = make_parts(payload, framed, head, parts);
	size_t bytes = parts_bytes(parts, count);
	int done = UV_EAGAIN;

	if (idle)
		done = uv_try_write((uv_stream_t *)&transport->conn->tcp, parts, count);
	if (done < 0 && done != UV_EAGAIN)
		conn_close(transport->conn);
	else if (done < 0 || (size_t)done < bytes)
		enqueue(transport, payload, framed, done > 0 ? (size_t)done : 0,
			bytes - (done > 0 ? (size_t)done : 0));
}

/* What becomes of a piece of the body; NULL if it cannot be made, and then the connection closes. */
static struct payload *encode(struct transport *transport, const char *data, size_t length,
			      bool last)
{
	struct encoder *encoder = transport->encoder;
	struct payload *payload = NULL;
	struct buf out;

	buf_init(&out, length + length / 8 + ENCODED_PIECE_MAX);
	if (encoder->encode(encoder, data, length, last, &out) == ERR_OK)
		payload = payload_create(out.data, out.length);
	else
		conn_close(transport->conn);
	buf_finish(&out);
	return payload;
}

void transport_write(struct transport *transport, struct payload *payload)
{
	if (transport->closing || !conn_usable(transport->conn) || payload->length == 0)
		return; /* an empty chunk would end the body */
	if (transport->encoder == NULL) {
		deliver(transport, payload, transport->chunked);
		return;
	}
	payload = encode(transport, payload->data, payload->length, false);
	if (payload != NULL && payload->length > 0)
		deliver(transport, payload, transport->chunked);
	payload_unref(payload);
}

size_t transport_pending_bytes(const struct transport *transport)
{
	return transport->queue_bytes +
	       uv_stream_get_write_queue_size((const uv_stream_t *)&transport->conn->tcp);
}

/* What ends the encoded body. */
static void send_end(struct transport *transport)
{
	struct payload *payload = encode(transport, "", 0, true);

	if (payload != NULL && payload->length > 0)
		deliver(transport, payload, transport->chunked);
	payload_unref(payload);
}

static void send_copy(struct transport *transport, const char *data, size_t length)
{
	struct payload *payload = payload_create(data, length);

	deliver(transport, payload, false);
	payload_unref(payload);
}

void transport_close(struct transport *transport)
{
	static const char last_chunk[] = "0\r\n\r\n";

	if (transport->closing || !conn_usable(transport->conn))
		return;
	if (transport->encoder != NULL)
		send_end(transport);
	if (!conn_usable(transport->conn))
		return;
	if (transport->chunked)
		send_copy(transport, last_chunk, sizeof(last_chunk) - 1);
	transport->closing = true;
	if (list_empty(&transport->flying))
		conn_linger(transport->conn);
	else
		conn_wait(transport->conn, DEADLINE_WRITE);
}

void transport_abort(struct transport *transport)
{
	transport->closing = true;
	conn_close(transport->conn);
}

void transport_received(struct transport *transport, const char *data, size_t length)
{
	if (!transport->closing && transport->owner->read != NULL)
		transport->owner->read(transport->context, (const uint8_t *)data, length);
}

void transport_drain(struct transport *transport)
{
	if (!transport->closing)
		transport->owner->drain(transport->context);
}

void transport_finish(struct transport *transport)
{
	transport->conn->server->counts.transports--;
	free_items(&transport->queue);
	if (transport->encoder != NULL)
		transport->encoder->destroy(transport->encoder);
	transport->finished = true;
	transport->owner->closed(transport->context);
	if (!transport->beginning)
		free(transport);
}

/* What came behind the request is delivered once the owner has its transport in hand. */
static void on_begin(struct loop_task *task)
{
	struct transport *transport = CONTAINER_OF(task, struct transport, begin);

	transport->beginning = false;
	if (transport->finished)
		free(transport);
	else
		conn_resume(transport->conn);
}

static struct transport *transport_create(struct conn *conn, const struct transport_owner *owner,
					  void *context)
{
	struct transport *transport = MEMORY_NEW(struct transport);

	transport->conn = conn;
	transport->owner = owner;
	transport->context = context;
	list_init(&transport->queue);
	list_init(&transport->flying);
	transport->begin.run = on_begin;
	transport->beginning = true;
	loop_post(conn->server->loop, &transport->begin);
	conn->transport = transport;
	conn->state = CONN_TRANSPORT;
	conn_wait(conn, DEADLINE_NONE);
	conn->server->counts.transports++;
	return transport;
}

struct transport *transport_take(struct request *request, int status,
				 const struct transport_owner *owner, void *context)
{
	struct exchange *exchange = exchange_of(request);
	struct conn *conn = request->conn;
	struct transport *transport;

	request->reply.status = status;
	request->reply.kind = status == 101 ? REPLY_UPGRADE : REPLY_EVENTS;
	assert(status != 101 || strcmp(request->method, "GET") == 0);
	if (!conn_usable(conn) || strcmp(request->method, "HEAD") == 0) {
		request_finish(request, conn_usable(conn) ? ERR_OK : ERR_CANCELLED);
		return NULL;
	}
	exchange->keep_alive = false;
	if (status != 101)
		handle_encoded(exchange);
	render_head(exchange, -1);
	transport = transport_create(conn, owner, context);
	transport->encoder = request->reply.encoder;
	request->reply.encoder = NULL;
	send_copy(transport, conn->server->head.data, conn->server->head.length);
	transport->chunked = status != 101 && !exchange->http_1_0;
	exchange_taken(exchange);
	return transport;
}
