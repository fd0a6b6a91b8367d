#include "db/prepared.h"

#include "base/memory.h"

#include <stdlib.h>

enum { FIRST_SIZE = 64 };

static size_t slot_of(const struct prepared_table *table, const void *identity, uint64_t variant)
{
	uint64_t hash = ((uint64_t)(uintptr_t)identity ^ variant * UINT64_C(0x9e3779b97f4a7c15)) *
			UINT64_C(0xff51afd7ed558ccd);

	return (size_t)(hash >> 32) & (table->size - 1);
}

static struct prepared **find_slot(const struct prepared_table *table, const void *identity,
				   uint64_t variant)
{
	size_t slot = slot_of(table, identity, variant);

	while (table->slots[slot] &&
	       (table->slots[slot]->identity != identity || table->slots[slot]->variant != variant))
		slot = (slot + 1) & (table->size - 1);
	return &table->slots[slot];
}

struct prepared *prepared_find(const struct prepared_table *table, const void *identity,
			       uint64_t variant)
{
	return table->size ? *find_slot(table, identity, variant) : NULL;
}

static void grow(struct prepared_table *table)
{
	struct prepared **old = table->slots;
	size_t old_size = table->size;

	table->size = old_size ? old_size * 2 : FIRST_SIZE;
	table->slots = memory_alloc(table->size * sizeof(struct prepared *));
	for (size_t i = 0; i < old_size; i++)
		if (old[i])
			*find_slot(table, old[i]->identity, old[i]->variant) = old[i];
	free(old);
}

void prepared_add(struct prepared_table *table, struct prepared *prepared)
{
	if ((table->count + 1) * 2 > table->size)
		grow(table);
	*find_slot(table, prepared->identity, prepared->variant) = prepared;
	table->count++;
}

void prepared_finish(struct prepared_table *table, void (*destroy)(struct prepared *prepared))
{
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i])
			destroy(table->slots[i]);
	free(table->slots);
	*table = (struct prepared_table){ 0 };
}
