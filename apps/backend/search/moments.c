#include "search/moments.h"

#include <stdbool.h>
#include <stdio.h>

enum { GROUPS_MAX = 7 /* of seven bits: 48 bits */ };

static int digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* The first twelve digits, between which a dash stands. */
int64_t moment_of(const char *id)
{
	int64_t moment = 0;

	for (int i = 0; i < 13; i++)
		if (id[i] != '-')
			moment = moment << 4 | digit(id[i]);
	return moment;
}

void moment_bound(int64_t moment, char id[static ID_SIZE])
{
	uint64_t bits = (uint64_t)(moment < MOMENT_MAX ? moment : MOMENT_MAX);

	snprintf(id, ID_SIZE, "%08llx-%04llx-0000-0000-000000000000",
		 (unsigned long long)(bits >> 16 & 0xFFFFFFFF),
		 (unsigned long long)(bits & 0xFFFF));
}

size_t moments_until(const struct moments *moments, int64_t moment)
{
	size_t low = 0, high = moments->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (moments->list[middle] <= moment)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct moments moments_union(const struct moments *a, const struct moments *b, struct arena *arena)
{
	struct moments all = { ARENA_ARRAY(arena, a->count + b->count + 1, int64_t), 0 };
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		bool from_a = j == b->count || (i < a->count && a->list[i] <= b->list[j]);
		int64_t moment = from_a ? a->list[i++] : b->list[j++];

		if (all.count == 0 || all.list[all.count - 1] != moment)
			all.list[all.count++] = moment;
	}
	return all;
}

struct blob moments_encode(const struct moments *moments, struct arena *arena)
{
	uint8_t *bytes = arena_alloc(arena, moments->count * GROUPS_MAX + 1), *at = bytes;
	int64_t before = 0;

	for (size_t i = 0; i < moments->count; i++) {
		uint64_t step = (uint64_t)(moments->list[i] - before);

		before = moments->list[i];
		for (; step >= 0x80; step >>= 7)
			*at++ = (uint8_t)(step | 0x80);
		*at++ = (uint8_t)step;
	}
	return (struct blob){ bytes, (size_t)(at - bytes) };
}

/* False at the end of the bytes, or where a number is too long. */
static bool read_step(const uint8_t **at, const uint8_t *end, int64_t *ret_step)
{
	int64_t step = 0;

	for (int i = 0; i < GROUPS_MAX && *at < end; i++) {
		uint8_t group = *(*at)++;

		step |= (int64_t)(group & 0x7F) << 7 * i;
		if (group < 0x80) {
			*ret_step = step;
			return true;
		}
	}
	return false;
}

enum err moments_decode(struct blob bytes, struct arena *arena, struct moments *ret_moments)
{
	const uint8_t *at = bytes.data, *end = at + bytes.size;
	struct moments moments = { ARENA_ARRAY(arena, bytes.size + 1, int64_t), 0 };
	int64_t moment = 0, step;

	while (at < end) {
		if (!read_step(&at, end, &step) || (moments.count > 0 && step == 0))
			return ERR_CORRUPT;
		moment += step;
		if (moment > MOMENT_MAX)
			return ERR_CORRUPT;
		moments.list[moments.count++] = moment;
	}
	*ret_moments = moments;
	return ERR_OK;
}
