#include "base/buf.h"

#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

void buf_init(struct buf *buf, size_t max)
{
	assert(max < SIZE_MAX / 2);
	*buf = (struct buf){ .max = max };
}

void buf_finish(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

static void grow(struct buf *buf, size_t needed)
{
	size_t capacity = buf->capacity > 0 ? buf->capacity : CAPACITY_FIRST;

	while (capacity < needed)
		capacity *= 2;
	if (capacity > buf->max + 1)
		capacity = buf->max + 1;
	buf->data = memory_resize(buf->data, capacity);
	buf->capacity = capacity;
}

char *buf_reserve(struct buf *buf, size_t length)
{
	if (buf->overflow || length > buf->max - buf->length) {
		buf->overflow = true;
		return NULL;
	}
	if (buf->length + length + 1 > buf->capacity)
		grow(buf, buf->length + length + 1);
	return buf->data + buf->length;
}

void buf_commit(struct buf *buf, size_t length)
{
	assert(buf->length + length < buf->capacity);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t length)
{
	char *room = buf_reserve(buf, length);

	if (room == NULL)
		return;
	if (length > 0)
		memcpy(room, data, length);
	buf_commit(buf, length);
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_int(struct buf *buf, long long value)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	unsigned long long rest =
		value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--at = '-';
	buf_append(buf, at, (size_t)(digits + sizeof(digits) - at));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	char *room;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	assert(length >= 0);
	room = buf_reserve(buf, (size_t)length);
	if (room != NULL) {
		vsnprintf(room, (size_t)length + 1, format, again);
		buf_commit(buf, (size_t)length);
	}
	va_end(again);
}

void buf_consume(struct buf *buf, size_t length)
{
	assert(length <= buf->length);
	if (length == 0)
		return;
	buf->length -= length;
	memmove(buf->data, buf->data + length, buf->length);
	buf->data[buf->length] = '\0';
}

char *buf_take(struct buf *buf, size_t *ret_length)
{
	char *data = buf->data != NULL ? buf->data : memory_alloc(1);

	if (ret_length != NULL)
		*ret_length = buf->length;
	buf_init(buf, buf->max);
	return data;
}
