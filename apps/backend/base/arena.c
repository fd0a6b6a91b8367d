#include "base/arena.h"

#include "base/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_FIRST = 4096, /* bytes, with the chunk's head */
	CHUNK_LAST =
		64 * 1024, /* chunks double up to this; a larger piece gets a chunk to itself */
};

struct arena_chunk {
	struct arena_chunk *older;
	size_t used;
	size_t capacity;
	alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena)
{
	arena->chunk = NULL;
}

void arena_finish(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunk;

	while (chunk != NULL) {
		struct arena_chunk *older = chunk->older;

		free(chunk);
		chunk = older;
	}
	arena->chunk = NULL;
}

static struct arena_chunk *chunk_create(size_t capacity)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + capacity);

	if (chunk == NULL)
		memory_exhausted();
	chunk->older = NULL;
	chunk->used = 0;
	chunk->capacity = capacity;
	return chunk;
}

static size_t next_chunk_capacity(const struct arena *arena)
{
	size_t size = CHUNK_FIRST;

	if (arena->chunk != NULL)
		size = (sizeof(*arena->chunk) + arena->chunk->capacity) * 2;
	if (size > CHUNK_LAST)
		size = CHUNK_LAST;
	return size - sizeof(*arena->chunk);
}

/*
 * A piece too large for an ordinary chunk hangs its own behind the newest, whose free room stays in
 * use.
 */
static void *alloc_large(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = chunk_create(size);

	chunk->used = size;
	if (arena->chunk == NULL) {
		arena->chunk = chunk;
	} else {
		chunk->older = arena->chunk->older;
		arena->chunk->older = chunk;
	}
	return memset(chunk->data, 0, size);
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	size_t size = (size_bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_chunk *chunk = arena->chunk;
	void *piece;

	if (size < size_bytes || size > SIZE_MAX / 2)
		memory_exhausted();
	if (chunk == NULL || size > chunk->capacity - chunk->used) {
		size_t capacity = next_chunk_capacity(arena);

		if (size > capacity / 2)
			return alloc_large(arena, size);
		chunk = chunk_create(capacity);
		chunk->older = arena->chunk;
		arena->chunk = chunk;
	}
	piece = chunk->data + chunk->used;
	chunk->used += size;
	return memset(piece, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size_bytes)
{
	if (size_bytes != 0 && count > SIZE_MAX / size_bytes)
		memory_exhausted();
	return arena_alloc(arena, count * size_bytes);
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char text[256]; /* most fit, and need not be made twice */
	va_list again;
	char *copy;
	int length;

	va_copy(again, args);
	length = vsnprintf(text, sizeof(text), format, args);
	assert(length >= 0);
	copy = arena_alloc(arena, (size_t)length + 1);
	if ((size_t)length < sizeof(text))
		memcpy(copy, text, (size_t)length);
	else
		vsnprintf(copy, (size_t)length + 1, format, again);
	va_end(again);
	return copy;
}
