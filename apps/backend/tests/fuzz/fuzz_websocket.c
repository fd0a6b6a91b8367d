/*
 * What a WebSocket client sends: frames, then the JSON messages in them. The first byte chooses how
 * the rest is split; however that is, the same must come out as from the whole.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "websockets/frames.h"
#include "websockets/messages.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 4096, LOG_MAX = 16 << 20 };

static void on_text(void *context, const char *text, size_t length)
{
	struct client_message message;
	const char *detail = NULL;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = client_message_decode(text, length, &arena, &message, &detail);
	if (err == ERR_OK)
		buf_printf(context, "message %u;", (unsigned)message.type);
	else
		buf_printf(context, "error %s;", detail);
	arena_finish(&arena);
	buf_append(context, text, length);
}

static void on_ping(void *context, const void *data, size_t length)
{
	buf_append_text(context, "ping ");
	buf_append(context, data, length);
}

static void on_pong(void *context)
{
	buf_append_text(context, "pong;");
}

static void on_closed(void *context, unsigned code)
{
	buf_printf(context, "closed %u;", code);
}

static void on_failed(void *context, enum close_code code, const char *reason)
{
	buf_printf(context, "failed %u %s;", (unsigned)code, reason);
}

static const struct frame_events events = { on_text, on_ping, on_pong, on_closed, on_failed };

/* Pieces of 1 to `step` bytes, in a fixed order. */
static void read_split(const uint8_t *data, size_t size, size_t step, struct buf *log)
{
	struct frame_reader reader;
	size_t piece = step;

	buf_init(log, LOG_MAX);
	frame_reader_init(&reader, MESSAGE_MAX);
	while (size > 0) {
		size_t length = piece < size ? piece : size;

		frame_reader_feed(&reader, data, length, &events, log);
		data += length;
		size -= length;
		piece = piece > 1 ? piece - 1 : step;
	}
	assert(!reader.ended || reader.work == NULL);
	frame_reader_finish(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, split;

	if (size < 2)
		return 0;
	read_split(data + 1, size - 1, size, &whole);
	read_split(data + 1, size - 1, 1 + data[0] % 64U, &split);
	assert(whole.length == split.length);
	assert(whole.length == 0 || memcmp(whole.data, split.data, whole.length) == 0);
	buf_finish(&whole);
	buf_finish(&split);
	return 0;
}
