#include "websockets/frames.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "http/transport.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum {
	CONTROL_MAX = 125,
	CLOSE_CODE_BYTES = 2,
	HEADER_MAX = 10, /* of a frame without a mask */
	FIN_BIT = 0x80,
	LENGTH_16 = 126,
	LENGTH_64 = 127,
};

const struct close_row close_rows[CLOSE_ROWS] = {
#define CLOSE_ROW(name, code, doc) { CLOSE_##name, doc },
	CLOSE_LIST(CLOSE_ROW)
#undef CLOSE_ROW
};

/* What a reader needs in the middle of a message. */
struct frame_work {
	wslay_frame_context_ptr frames;
	const uint8_t *data; /* what is being fed, not yet taken by wslay */
	size_t length;
	uint64_t fed, parsed; /* bytes; equal when wslay holds nothing back */
	bool in_frame, in_message;
	uint64_t frame_left; /* bytes of payload to come */
	uint8_t opcode;      /* of the frame */
	bool final;
	struct buf message; /* of the frames so far */
	uint8_t control[CONTROL_MAX];
	size_t control_length;
};

static ssize_t give(uint8_t *target, size_t room, int flags, void *context)
{
	struct frame_work *work = context;
	size_t length = work->length < room ? work->length : room;

	(void)flags;
	memcpy(target, work->data, length);
	work->data += length;
	work->length -= length;
	return (ssize_t)length;
}

static struct frame_work *work_create(size_t message_max)
{
	static const struct wslay_frame_callbacks callbacks = { .recv_callback = give };
	struct frame_work *work = MEMORY_NEW(struct frame_work);

	if (wslay_frame_context_init(&work->frames, &callbacks, work) != 0)
		memory_exhausted();
	buf_init(&work->message, message_max);
	return work;
}

static void work_destroy(struct frame_work *work)
{
	if (work == NULL)
		return;
	wslay_frame_context_free(work->frames);
	buf_finish(&work->message);
	free(work);
}

void frame_reader_init(struct frame_reader *reader, size_t message_max)
{
	*reader = (struct frame_reader){ .message_max = message_max };
}

void frame_reader_finish(struct frame_reader *reader)
{
	work_destroy(reader->work);
	reader->work = NULL;
}

/* What is wrong with the head of a frame: NULL, or why. */
static const char *head_fault(const struct frame_work *work, const struct wslay_frame_iocb *frame,
			      size_t message_max, enum close_code *ret_code)
{
	*ret_code = CLOSE_PROTOCOL;
	if (frame->rsv != 0)
		return "A reserved bit is set.";
	if (!frame->mask)
		return "The frame is not masked.";
	switch (frame->opcode) {
	case OPCODE_CLOSE:
	case OPCODE_PING:
	case OPCODE_PONG:
		return NULL;
	case OPCODE_CONTINUATION:
		if (!work->in_message)
			return "There is no message to continue.";
		break;
	case OPCODE_TEXT:
	case OPCODE_BINARY:
		if (work->in_message)
			return "The message before is not complete.";
		break;
	default:
		return "The opcode is reserved.";
	}
	if (frame->opcode == OPCODE_BINARY) {
		*ret_code = CLOSE_UNSUPPORTED;
		return "Messages are text.";
	}
	if (frame->payload_length > message_max - work->message.length) {
		*ret_code = CLOSE_TOO_BIG;
		return "The message is too big.";
	}
	return NULL;
}

/* The bytes of the frame's head; wslay has checked that the length has its shortest form. */
static uint64_t head_size(const struct wslay_frame_iocb *frame)
{
	uint64_t size = 2;

	if (frame->payload_length > UINT16_MAX)
		size += 8;
	else if (frame->payload_length > CONTROL_MAX)
		size += 2;
	return size + (frame->mask ? 4 : 0);
}

static void begin_frame(struct frame_work *work, const struct wslay_frame_iocb *frame,
			size_t message_max)
{
	work->in_frame = true;
	work->opcode = frame->opcode;
	work->final = frame->fin;
	work->frame_left = frame->payload_length;
	work->control_length = 0;
	work->parsed += head_size(frame);
	if (wslay_is_ctrl_frame(frame->opcode))
		return;
	work->in_message = true;
	work->message.max = message_max;
}

static void take_payload(struct frame_work *work, const struct wslay_frame_iocb *frame)
{
	if (wslay_is_ctrl_frame(work->opcode)) {
		assert(frame->data_length <= CONTROL_MAX - work->control_length);
		memcpy(work->control + work->control_length, frame->data, frame->data_length);
		work->control_length += frame->data_length;
	} else {
		buf_append(&work->message, frame->data, frame->data_length);
	}
	work->parsed += frame->data_length;
	work->frame_left -= frame->data_length;
}

/* Section 7.4: what a peer may send; the registry leaves 1016 to 2999 unused. */
static bool close_code_allowed(unsigned code)
{
	if (code >= 1000 && code <= 1014)
		return code < 1004 || code > 1006;
	return code >= 3000 && code <= 4999;
}

struct feeding {
	struct frame_reader *reader;
	const struct frame_events *events;
	void *context;
};

static void fail(const struct feeding *feeding, enum close_code code, const char *reason)
{
	feeding->reader->ended = true;
	feeding->events->failed(feeding->context, code, reason);
}

static void end_close(const struct feeding *feeding, const struct frame_work *work)
{
	const char *reason = (const char *)work->control + CLOSE_CODE_BYTES;
	unsigned code = CLOSE_NO_STATUS;

	if (work->control_length == 1) {
		fail(feeding, CLOSE_PROTOCOL, "The close code is cut short.");
		return;
	}
	if (work->control_length > 0) {
		code = (unsigned)work->control[0] << 8 | work->control[1];
		if (!close_code_allowed(code)) {
			fail(feeding, CLOSE_PROTOCOL, "The close code is not allowed.");
			return;
		}
		if (!utf8_valid(reason, work->control_length - CLOSE_CODE_BYTES)) {
			fail(feeding, CLOSE_BAD_TEXT, "The reason is not UTF-8.");
			return;
		}
	}
	feeding->reader->ended = true;
	feeding->events->closed(feeding->context, code);
}

static void end_message(const struct feeding *feeding, struct frame_work *work)
{
	const char *text = work->message.length > 0 ? work->message.data : "";

	work->in_message = false;
	if (!utf8_valid(text, work->message.length)) {
		fail(feeding, CLOSE_BAD_TEXT, "The text is not UTF-8.");
		return;
	}
	feeding->events->text(feeding->context, text, work->message.length);
	buf_release(&work->message);
}

static void end_frame(const struct feeding *feeding, struct frame_work *work)
{
	work->in_frame = false;
	switch (work->opcode) {
	case OPCODE_PING:
		feeding->events->ping(feeding->context, work->control, work->control_length);
		break;
	case OPCODE_PONG:
		feeding->events->pong(feeding->context);
		break;
	case OPCODE_CLOSE:
		end_close(feeding, work);
		break;
	default:
		if (work->final)
			end_message(feeding, work);
	}
}

/* Takes one piece of a frame; false when there is nothing more to take. */
static bool step(const struct feeding *feeding, struct frame_work *work)
{
	struct wslay_frame_iocb frame = { 0 };
	ssize_t taken = wslay_frame_recv(work->frames, &frame);
	enum close_code code;
	const char *fault;

	if (taken == WSLAY_ERR_WANT_READ)
		return false;
	if (taken < 0) {
		fail(feeding, CLOSE_PROTOCOL, "The frame is malformed.");
		return false;
	}
	if (!work->in_frame) {
		fault = head_fault(work, &frame, feeding->reader->message_max, &code);
		if (fault != NULL) {
			fail(feeding, code, fault);
			return false;
		}
		begin_frame(work, &frame, feeding->reader->message_max);
	}
	take_payload(work, &frame);
	if (work->frame_left == 0)
		end_frame(feeding, work);
	return !feeding->reader->ended;
}

void frame_reader_feed(struct frame_reader *reader, const uint8_t *data, size_t length,
		       const struct frame_events *events, void *context)
{
	const struct feeding feeding = { reader, events, context };
	struct frame_work *work = reader->work;

	if (reader->ended || length == 0)
		return;
	if (work == NULL)
		work = reader->work = work_create(reader->message_max);
	work->data = data;
	work->length = length;
	work->fed += length;
	while (step(&feeding, work))
		;
	if (reader->ended || (!work->in_frame && !work->in_message && work->fed == work->parsed))
		frame_reader_finish(reader);
}

static size_t put_header(uint8_t *header, enum opcode opcode, size_t length)
{
	size_t size = 2;
	unsigned bytes = 0;

	header[0] = (uint8_t)(FIN_BIT | opcode);
	if (length < LENGTH_16) {
		header[1] = (uint8_t)length;
	} else {
		bytes = length <= UINT16_MAX ? 2 : 8;
		header[1] = bytes == 2 ? LENGTH_16 : LENGTH_64;
	}
	while (bytes-- > 0)
		header[size++] = (uint8_t)((uint64_t)length >> (8 * bytes));
	return size;
}

struct payload *frame_create(enum opcode opcode, const void *data, size_t length)
{
	uint8_t header[HEADER_MAX];
	size_t size = put_header(header, opcode, length);
	struct payload *payload = payload_create_empty(size + length);

	memcpy(payload->data, header, size);
	if (length > 0)
		memcpy(payload->data + size, data, length);
	return payload;
}

struct payload *frame_create_close(enum close_code code, const char *reason)
{
	uint8_t body[CONTROL_MAX];
	size_t length =
		utf8_complete_prefix(reason, strnlen(reason, CONTROL_MAX - CLOSE_CODE_BYTES));

	body[0] = (uint8_t)((unsigned)code >> 8);
	body[1] = (uint8_t)code;
	memcpy(body + CLOSE_CODE_BYTES, reason, length);
	return frame_create(OPCODE_CLOSE, body, CLOSE_CODE_BYTES + length);
}
