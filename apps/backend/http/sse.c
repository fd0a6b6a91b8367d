#include "http/sse.h"

#include "base/buf.h"
#include "http/request.h"

#include <assert.h>
#include <string.h>

enum { EVENT_NAME_MAX = 64, FRAME_MAX = EVENT_NAME_MAX + 64 /* bytes around the data */ };

struct payload *sse_event(const char *event, int64_t id, const char *data, size_t length)
{
	struct payload *payload;
	struct buf text;

	assert(length == 0 || memchr(data, '\n', length) == NULL);
	assert(strlen(event) <= EVENT_NAME_MAX);
	buf_init(&text, FRAME_MAX + length);
	if (id >= 0) {
		BUF_LITERAL(&text, "id: ");
		buf_append_int(&text, id);
		BUF_LITERAL(&text, "\n");
	}
	BUF_LITERAL(&text, "event: ");
	buf_append_text(&text, event);
	BUF_LITERAL(&text, "\ndata: ");
	buf_append(&text, data, length);
	BUF_LITERAL(&text, "\n\n");
	assert(!text.overflow);
	payload = payload_create(text.data, text.length);
	buf_finish(&text);
	return payload;
}

struct payload *sse_heartbeat(void)
{
	static const char text[] = ": ping\n\n";

	return payload_create(text, sizeof(text) - 1);
}

void sse_prepare(struct request *request)
{
	request->reply.media = "text/event-stream";
	reply_header(request, "X-Accel-Buffering", "no"); /* nginx */
}
