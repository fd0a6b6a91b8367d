/* Answers of Redis: what is whole is read alike when more follows, and nothing is read beyond what came. */
#include "cache/resp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redis_value value;
	struct arena arena;
	size_t used = 0, again = 0;
	char *copy;

	arena_init(&arena);
	if (resp_read((const char *)data, size, &arena, &value, &used) == ERR_OK) {
		copy = malloc(used); /* so that the sanitizer sees its end */
		assert(used > 0 && used <= size && copy);
		memcpy(copy, data, used);
		assert(resp_read(copy, used, &arena, &value, &again) == ERR_OK && again == used);
		free(copy);
	}
	arena_finish(&arena);
	return 0;
}
