/*
 * The heap, for what outlives a request. Out of memory aborts, with a line on standard error: every
 * size that comes from outside is capped before it gets here. What these return is freed with
 * free(). Callable from any thread.
 */
#ifndef WEBPLUS_BASE_MEMORY_H
#define WEBPLUS_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed. */
void *memory_alloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
/* As realloc: what is added is not zeroed. */
void *memory_resize(void *memory, size_t size_bytes) __attribute__((returns_nonnull));
/* NULL gives NULL. */
char *memory_strdup(const char *text);
/* Ends the process. */
_Noreturn void memory_exhausted(void);

#define MEMORY_NEW(type) ((type *)memory_alloc(sizeof(type)))

#endif
