#include "test.h"

#include "base/buf.h"
#include "http/transport.h"
#include "websockets/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 200, FIN = 0x80, RSV1 = 0x40 };

/* What a reader reported, as text. */
static void log_text(void *context, const char *text, size_t length)
{
	buf_printf(context, "text %.*s;", (int)length, text);
}

static void log_ping(void *context, const void *data, size_t length)
{
	buf_printf(context, "ping %.*s;", (int)length, (const char *)data);
}

static void log_pong(void *context)
{
	buf_append_text(context, "pong;");
}

static void log_closed(void *context, unsigned code)
{
	buf_printf(context, "closed %u;", code);
}

static void log_failed(void *context, enum close_code code, const char *reason)
{
	(void)reason;
	buf_printf(context, "failed %u;", (unsigned)code);
}

static const struct frame_events log_events = {
	log_text, log_ping, log_pong, log_closed, log_failed,
};

static void put_length(struct buf *out, uint8_t mask_bit, size_t length)
{
	unsigned bytes = length < 126 ? 0 : length <= UINT16_MAX ? 2 : 8;

	buf_append_char(out, (char)(mask_bit | (bytes == 0 ? length : bytes == 2 ? 126 : 127)));
	while (bytes-- > 0)
		buf_append_char(out, (char)((uint64_t)length >> (8 * bytes)));
}

static void put_frame(struct buf *out, unsigned head, const char *data, size_t length)
{
	static const char mask[] = { 0x11, 0x22, 0x33, 0x44 };

	buf_append_char(out, (char)head);
	put_length(out, 0x80, length);
	buf_append(out, mask, sizeof(mask));
	for (size_t i = 0; i < length; i++)
		buf_append_char(out, (char)(data[i] ^ mask[i % sizeof(mask)]));
}

static void put(struct buf *out, unsigned head, const char *text)
{
	put_frame(out, head, text, strlen(text));
}

/* Feeds the bytes in pieces of `step`, and gives back the log. */
static char *read_in_steps(const struct buf *bytes, size_t step)
{
	struct frame_reader reader;
	struct buf log;

	buf_init(&log, 1 << 20);
	buf_append_text(&log, "");
	frame_reader_init(&reader, MESSAGE_MAX);
	for (size_t at = 0; at < bytes->length; at += step) {
		size_t length = bytes->length - at < step ? bytes->length - at : step;

		frame_reader_feed(&reader, (const uint8_t *)bytes->data + at, length, &log_events,
				  &log);
	}
	if (reader.ended)
		assert_null(reader.work);
	frame_reader_finish(&reader);
	return buf_take(&log, NULL);
}

static void assert_reads(struct buf *bytes, const char *expected)
{
	char *whole = read_in_steps(bytes, bytes->length);

	assert_string_equal(whole, expected);
	free(whole);
	for (size_t step = 1; step < 9; step++) {
		char *split = read_in_steps(bytes, step);

		assert_string_equal(split, expected);
		free(split);
	}
	buf_clear(bytes);
}

static void reads_messages_whole_and_in_fragments(void **state)
{
	struct buf bytes;
	char longest[MESSAGE_MAX + 1] = { 0 };

	(void)state;
	memset(longest, 'x', MESSAGE_MAX);
	buf_init(&bytes, 1 << 20);
	put(&bytes, FIN | OPCODE_TEXT, "");
	put(&bytes, FIN | OPCODE_TEXT, "one");
	put(&bytes, OPCODE_TEXT, "t");
	put(&bytes, FIN | OPCODE_PING, "between");
	put(&bytes, OPCODE_CONTINUATION, "");
	put(&bytes, FIN | OPCODE_PONG, "");
	put(&bytes, FIN | OPCODE_CONTINUATION, "wo");
	assert_reads(&bytes, "text ;text one;ping between;pong;text two;");
	put(&bytes, FIN | OPCODE_TEXT, longest);
	put(&bytes, FIN | OPCODE_CLOSE, "");
	put(&bytes, FIN | OPCODE_TEXT, "after the end");
	{
		char expected[MESSAGE_MAX + 32];

		snprintf(expected, sizeof(expected), "text %s;closed 1005;", longest);
		assert_reads(&bytes, expected);
	}
	buf_finish(&bytes);
}

static void text_may_break_inside_a_character_but_not_end_there(void **state)
{
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 1 << 20);
	put(&bytes, OPCODE_TEXT, "\xc3");
	put(&bytes, FIN | OPCODE_CONTINUATION, "\xa9");
	assert_reads(&bytes, "text \xc3\xa9;");
	put(&bytes, FIN | OPCODE_TEXT, "\xc3");
	put(&bytes, FIN | OPCODE_TEXT, "unread");
	assert_reads(&bytes, "failed 1007;");
	put(&bytes, FIN | OPCODE_TEXT, "\xed\xa0\x80");
	assert_reads(&bytes, "failed 1007;");
	buf_finish(&bytes);
}

static void refuses_what_the_protocol_forbids(void **state)
{
	static const struct {
		unsigned head;
		const char *text;
		const char *expected;
	} cases[] = {
		{ FIN | RSV1 | OPCODE_TEXT, "x", "failed 1002;" },
		{ FIN | 0x3, "x", "failed 1002;" },
		{ FIN | 0xb, "x", "failed 1002;" },
		{ FIN | OPCODE_CONTINUATION, "x", "failed 1002;" },
		{ OPCODE_PING, "x", "failed 1002;" },
		{ FIN | OPCODE_BINARY, "x", "failed 1003;" },
		{ FIN | OPCODE_CLOSE, "x", "failed 1002;" },
		{ FIN | OPCODE_CLOSE, "\x03\xe8", "closed 1000;" },
		{ FIN | OPCODE_CLOSE,
		  "\x03\xe8"
		  "bye",
		  "closed 1000;" },
		{ FIN | OPCODE_CLOSE, "\x03\xe8\xff", "failed 1007;" },
		{ FIN | OPCODE_CLOSE, "\x03\xe7", "failed 1002;" },
		{ FIN | OPCODE_CLOSE, "\x03\xed", "failed 1002;" },
		{ FIN | OPCODE_CLOSE, "\x07\xd0", "failed 1002;" },
		{ FIN | OPCODE_CLOSE, "\x0f\xa0", "closed 4000;" },
	};
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(&bytes, cases[i].head, cases[i].text);
		assert_reads(&bytes, cases[i].expected);
	}
	put(&bytes, OPCODE_TEXT, "one");
	put(&bytes, FIN | OPCODE_TEXT, "two");
	assert_reads(&bytes, "failed 1002;");
	buf_append(&bytes, "\x81\x01x", 3); /* not masked */
	assert_reads(&bytes, "failed 1002;");
	buf_append(&bytes, "\x81\xfe\x00\x01mask!", 9); /* a length longer than it need be */
	assert_reads(&bytes, "failed 1002;");
	buf_append(&bytes, "\x81\xff\x80\0\0\0\0\0\0\x01mask!", 15); /* a negative length */
	assert_reads(&bytes, "failed 1002;");
	buf_finish(&bytes);
}

static void refuses_what_is_too_big_when_it_is_announced(void **state)
{
	char big[MESSAGE_MAX + 2] = { 0 };
	struct buf bytes;

	(void)state;
	memset(big, 'x', MESSAGE_MAX + 1);
	buf_init(&bytes, 1 << 20);
	put(&bytes, FIN | OPCODE_TEXT, big);
	assert_reads(&bytes, "failed 1009;");
	put(&bytes, OPCODE_TEXT, big + 1);
	put(&bytes, FIN | OPCODE_CONTINUATION, "x");
	assert_reads(&bytes, "failed 1009;");
	buf_append(&bytes,
		   "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
		   "mask!",
		   15);
	assert_reads(&bytes, "failed 1009;");
	big[126] = '\0';
	put(&bytes, FIN | OPCODE_PING, big); /* control frames have at most 125 bytes */
	assert_reads(&bytes, "failed 1002;");
	buf_finish(&bytes);
}

static void holds_no_memory_between_messages(void **state)
{
	struct frame_reader reader;
	struct buf bytes, log;

	(void)state;
	buf_init(&bytes, 1 << 20);
	buf_init(&log, 1 << 20);
	put(&bytes, FIN | OPCODE_TEXT, "message");
	frame_reader_init(&reader, MESSAGE_MAX);
	frame_reader_feed(&reader, (uint8_t *)bytes.data, bytes.length - 1, &log_events, &log);
	assert_non_null(reader.work);
	frame_reader_feed(&reader, (uint8_t *)bytes.data + bytes.length - 1, 1, &log_events, &log);
	assert_null(reader.work);
	assert_string_equal(log.data, "text message;");
	frame_reader_finish(&reader);
	buf_finish(&bytes);
	buf_finish(&log);
}

static void assert_frame(struct payload *payload, const char *head, size_t head_size, size_t length)
{
	assert_int_equal(payload->length, head_size + length);
	assert_memory_equal(payload->data, head, head_size);
	payload_unref(payload);
}

static void writes_the_shortest_length(void **state)
{
	static const char data[65536];

	(void)state;
	assert_frame(frame_create(OPCODE_PING, NULL, 0), "\x89\x00", 2, 0);
	assert_frame(frame_create(OPCODE_TEXT, data, 125), "\x81\x7d", 2, 125);
	assert_frame(frame_create(OPCODE_TEXT, data, 126), "\x81\x7e\x00\x7e", 4, 126);
	assert_frame(frame_create(OPCODE_TEXT, data, 65535), "\x81\x7e\xff\xff", 4, 65535);
	assert_frame(frame_create(OPCODE_TEXT, data, 65536), "\x81\x7f\0\0\0\0\0\1\0\0", 10, 65536);
	assert_frame(frame_create_close(CLOSE_UNAUTHENTICATED, "no"), "\x88\x04\x11\x31no", 6, 0);
}

static void cuts_a_reason_between_characters(void **state)
{
	char reason[130];
	struct payload *payload;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(reason); i += 2)
		memcpy(reason + i, "\xc3\xa9", 2);
	reason[128] = '\0';
	payload = frame_create_close(CLOSE_NORMAL, reason);
	assert_int_equal(payload->length, 2 + 2 + 122);
	payload_unref(payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_messages_whole_and_in_fragments),
		cmocka_unit_test(text_may_break_inside_a_character_but_not_end_there),
		cmocka_unit_test(refuses_what_the_protocol_forbids),
		cmocka_unit_test(refuses_what_is_too_big_when_it_is_announced),
		cmocka_unit_test(holds_no_memory_between_messages),
		cmocka_unit_test(writes_the_shortest_length),
		cmocka_unit_test(cuts_a_reason_between_characters),
	};

	return RUN_TESTS(tests);
}
