/*
 * A growing run of bytes with a maximum from birth.
 *
 * Appending past the maximum appends nothing, sets `overflow` and keeps it set: a writer of many
 * pieces checks once, at its end. `data` is always NUL-terminated once anything was appended. Out
 * of memory aborts. A buffer belongs to one thread at a time.
 */
#ifndef WEBPLUS_BASE_BUF_H
#define WEBPLUS_BASE_BUF_H

#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t length;
	size_t capacity;
	size_t max; /* bytes, without the NUL */
	bool overflow;
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *buf);
/* Empties it and gives the memory back. */
void buf_release(struct buf *buf);

void buf_append(struct buf *buf, const void *data, size_t length);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_int(struct buf *buf, long long value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);
#define BUF_LITERAL(buf, literal) buf_append((buf), "" literal, sizeof(literal) - 1)

/*
 * Room for `length` more bytes to be written in place, or NULL on overflow; buf_commit says how
 * many were used.
 */
char *buf_reserve(struct buf *buf, size_t length);
void buf_commit(struct buf *buf, size_t length);
/* Drops `length` bytes from the front. */
void buf_consume(struct buf *buf, size_t length);
/* Moves the bytes out; the caller frees them with free(). Leaves the buffer empty. */
char *buf_take(struct buf *buf, size_t *ret_length);

/* Here, since a reply is made of hundreds of them. */
static inline void buf_append_char(struct buf *buf, char c)
{
	if (buf->overflow || buf->length + 1 >= buf->capacity) {
		buf_append(buf, &c, 1);
		return;
	}
	buf->data[buf->length++] = c;
	buf->data[buf->length] = '\0';
}

#endif
