/*
 * WebSocket frames (RFC 6455, section 5): bytes from a client become whole messages, and messages
 * become frames.
 *
 * Strict: an unmasked frame, a reserved bit or opcode, a control frame that is long or in pieces, a
 * continuation out of place and a close code that must not be sent are CLOSE_PROTOCOL; text that is
 * not UTF-8 is CLOSE_BAD_TEXT; a message above the maximum is CLOSE_TOO_BIG as soon as a frame
 * announces it; binary is CLOSE_UNSUPPORTED. However the bytes are split, the same events come out.
 *
 * A reader holds memory only in the middle of a message: an idle socket has none. It belongs to one
 * thread; its events come from inside frame_reader_feed, and must not finish the reader.
 */
#ifndef WEBPLUS_WEBSOCKETS_FRAMES_H
#define WEBPLUS_WEBSOCKETS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_work;
struct payload; /* http/transport.h */

/* What the server closes with. RFC 6455, section 7.4.1; those from 4000 on are ours. X(name, code, doc) */
#define CLOSE_LIST(X)                                                                              \
	X(NORMAL, 1000, "as the client asked")                                                     \
	X(GOING_AWAY, 1001, "the server is going away; come back, to it or another one")           \
	X(PROTOCOL, 1002, "the protocol was broken")                                               \
	X(UNSUPPORTED, 1003, "a binary message")                                                   \
	X(BAD_TEXT, 1007, "text that is not UTF-8")                                                \
	X(POLICY, 1008, "more sent at once than can wait")                                         \
	X(TOO_BIG, 1009, "a message above 64 KiB, or above 4 KiB before it is known who sends it") \
	X(UNAUTHENTICATED, 4401, "not signed in, or not any more: get a new token first")          \
	X(TOO_SLOW, 4408,                                                                          \
	  "more than 1 MiB waited for a client that read too slowly: come back by number")         \
	X(TOO_MANY, 4429,                                                                          \
	  "too many messages, or too many sockets of this user: come back, but later")

enum close_code {
#define CLOSE_ENUM(name, code, doc) CLOSE_##name = (code),
	CLOSE_LIST(CLOSE_ENUM)
#undef CLOSE_ENUM
		CLOSE_NO_STATUS = 1005, /* never sent: the peer gave none */
};

struct close_row {
	enum close_code code;
	const char *doc;
};

#define CLOSE_COUNT_ONE(name, code, doc) +1
enum { CLOSE_ROWS = 0 CLOSE_LIST(CLOSE_COUNT_ONE) };
#undef CLOSE_COUNT_ONE

extern const struct close_row close_rows[CLOSE_ROWS];

enum opcode {
	OPCODE_CONTINUATION = 0x0,
	OPCODE_TEXT = 0x1,
	OPCODE_BINARY = 0x2,
	OPCODE_CLOSE = 0x8,
	OPCODE_PING = 0x9,
	OPCODE_PONG = 0xa,
};

struct frame_events {
	/* A whole message: valid UTF-8, NUL-terminated, gone when it returns. */
	void (*text)(void *context, const char *text, size_t length);
	void (*ping)(void *context, const void *data, size_t length);
	void (*pong)(void *context);
	/* The peer closes, with its code or CLOSE_NO_STATUS. Nothing follows. */
	void (*closed)(void *context, unsigned code);
	/* The peer broke the rules. `reason` is static. Nothing follows. */
	void (*failed)(void *context, enum close_code code, const char *reason);
};

struct frame_reader {
	struct frame_work *work; /* NULL between messages */
	size_t message_max;      /* bytes; may be raised at any time */
	bool ended;              /* by `closed` or `failed` */
};

void frame_reader_init(struct frame_reader *reader, size_t message_max);
void frame_reader_finish(struct frame_reader *reader);
void frame_reader_feed(struct frame_reader *reader, const uint8_t *data, size_t length,
		       const struct frame_events *events, void *context);

/* One whole frame from the server, unmasked. */
struct payload *frame_create(enum opcode opcode, const void *data, size_t length);
/* A close frame; `reason` is cut at what a control frame holds. */
struct payload *frame_create_close(enum close_code code, const char *reason);

#endif
