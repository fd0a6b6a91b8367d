/*
 * Memory with one lifetime: what a request makes lives in its arena and dies with it.
 *
 * An arena grows by chunks from malloc; single pieces are never freed. Memory comes zeroed and
 * aligned for any type. Out of memory aborts the process: every size that comes from outside is
 * capped before it reaches an arena. An arena belongs to one thread at a time; it may be handed on
 * together with its request.
 */
#ifndef WEBPLUS_BASE_ARENA_H
#define WEBPLUS_BASE_ARENA_H

#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* the newest; older ones hang behind it */
};

void arena_init(struct arena *arena);
/* Frees every chunk; the arena may be used again. */
void arena_finish(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size_bytes) __attribute__((malloc, returns_nonnull));
/* Zeroed room for `count` elements; aborts when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size_bytes)
	__attribute__((malloc, returns_nonnull));
/* NULL gives NULL. */
char *arena_strdup(struct arena *arena, const char *text);
/* Copies `length` bytes and adds a NUL. */
char *arena_strndup(struct arena *arena, const char *text, size_t length)
	__attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3)
	__attribute__((returns_nonnull));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0)
	__attribute__((returns_nonnull));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))

#endif
