/*
 * The deltas of a text: how it was cut when it streamed. Number n covers the bytes behind those of 1 to n - 1.
 *
 * Stored as the lengths in bytes, one unsigned LEB128 number each. Any thread; a walk belongs to one.
 */
#ifndef WEBPLUS_CHAT_DELTAS_H
#define WEBPLUS_CHAT_DELTAS_H

#include "base/buf.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stdint.h>

enum { DELTA_LENGTH_SIZE = 5 }; /* bytes of one number at the most */

void deltas_append(struct buf *lengths, uint32_t length);

/* Walks through the deltas of a text. */
struct delta_walk {
	const uint8_t *at, *end;
	const char *text;
	size_t text_left;
	int64_t seq; /* of the delta that deltas_next gave */
	const char *delta;
	size_t length;
};

void deltas_begin(struct delta_walk *walk, struct blob lengths, const char *text,
		  size_t text_length);
/* False behind the last one, or where the lengths do not fit the text. */
bool deltas_next(struct delta_walk *walk);

#endif
