#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *memory_alloc(size_t size_bytes)
{
	void *memory = calloc(1, size_bytes > 0 ? size_bytes : 1);

	if (memory == NULL)
		memory_exhausted();
	return memory;
}

void *memory_resize(void *memory, size_t size_bytes)
{
	void *moved = realloc(memory, size_bytes > 0 ? size_bytes : 1);

	if (moved == NULL)
		memory_exhausted();
	return moved;
}

char *memory_strdup(const char *text)
{
	size_t size;
	char *copy;

	if (text == NULL)
		return NULL;
	size = strlen(text) + 1;
	copy = memory_alloc(size);
	memcpy(copy, text, size);
	return copy;
}

_Noreturn void memory_exhausted(void)
{
	static const char message[] = "webplus: out of memory\n";
	ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)written;
	abort();
}
