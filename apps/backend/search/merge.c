#include "search/merge.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEAD_MAX = 64,   /* moments; a longer head is spread */
	BLOCK_MAX = 128, /* moments of a block: under a kilobyte, so that several share a page */
	BATCH_FIRST = 4096,
	PLACE_FIRST = 1,    /* of a term's first block: whatever is the earliest */
	WRITE_BLOCKS = 240, /* so many are written in one transaction, a few milliseconds */
};

/* ---- A batch ---- */

void batch_init(struct batch *batch)
{
	*batch = (struct batch){ 0 };
}

void batch_finish(struct batch *batch)
{
	free(batch->list);
	batch_init(batch);
}

static void add_posting(void *context, int64_t term)
{
	struct batch *batch = context;

	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? batch->capacity * 2 : BATCH_FIRST;
		struct posting *list = realloc(batch->list, capacity * sizeof(*list));

		if (!list)
			memory_exhausted();
		batch->list = list;
		batch->capacity = capacity;
	}
	batch->list[batch->count++] = (struct posting){ term, batch->moment };
}

void batch_add_message(struct batch *batch, const struct index_key *key,
		       const struct source_message *message)
{
	batch->moment = moment_of(message->id);
	if (batch->moment > 0) /* 0 is the head's place */
		terms_of_message(key, source_said(message),
				 (struct term_sink){ add_posting, batch });
}

void batch_add_title(struct batch *batch, const struct index_key *key,
		     const struct source_title *title)
{
	batch->moment = moment_of(title->id);
	if (batch->moment > 0)
		terms_of_title(key, title->title, (struct term_sink){ add_posting, batch });
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_postings(const void *a, const void *b)
{
	const struct posting *first = a, *second = b;
	int order = compare_numbers(first->term, second->term);

	return order != 0 ? order : compare_numbers(first->moment, second->moment);
}

/* In order, each once. */
static void arrange(struct batch *batch)
{
	size_t kept = 0;

	if (batch->count == 0)
		return;
	qsort(batch->list, batch->count, sizeof(struct posting), compare_postings);
	for (size_t i = 1; i < batch->count; i++)
		if (compare_postings(&batch->list[kept], &batch->list[i]) != 0)
			batch->list[++kept] = batch->list[i];
	batch->count = kept + 1;
}

/* ---- The index's row ---- */

struct saving {
	const struct search_index *row;
	struct timestamp mine;
	const struct held_write *write;
};

static enum err run_save(struct db *tx, void *context)
{
	const struct saving *saving = context;
	enum err err = index_write(tx, saving->row, saving->mine);

	return err == ERR_OK && saving->write ? saving->write->run(tx, saving->write->context)
					      : err;
}

enum err held_save(struct db *db, struct held_index *held, int64_t until_ms,
		   const struct held_write *write)
{
	struct search_index row = held->row;
	struct saving saving = { &row, held->row.lease_until, write };
	enum err err;

	row.lease_until.ms = until_ms > 0 ? until_ms : clock_now().ms + HOLD_MS;
	if (row.lease_until.ms == held->row.lease_until.ms)
		row.lease_until.ms++; /* each write has a word of its own */
	err = db_transaction(db, run_save, &saving);
	if (err == ERR_OK)
		held->row = row;
	return err;
}

/* ---- Merging ---- */

/* Some terms of a batch, and what is to be written for them. */
struct merging {
	struct db *db;
	struct held_index *held;
	struct arena arena; /* until what is to be written was written */
	struct search_block *blocks;
	size_t count, capacity;
};

static struct block_place place_of(const struct merging *merging, int64_t term, int64_t place)
{
	return (struct block_place){ merging->held->row.id, term, place };
}

/* `before`: how many bytes the row has that is there; 0: it is new. */
static void put_block(struct merging *merging, int64_t term, int64_t place,
		      const struct moments *moments, size_t before)
{
	struct search_index *row = &merging->held->row;
	struct blob sealed = index_seal(&merging->held->key, place_of(merging, term, place),
					moments, &merging->arena);

	if (merging->count == merging->capacity) {
		size_t capacity = merging->capacity ? merging->capacity * 2 : WRITE_BLOCKS * 2;
		struct search_block *blocks = realloc(merging->blocks, capacity * sizeof(*blocks));

		if (!blocks)
			memory_exhausted();
		merging->blocks = blocks;
		merging->capacity = capacity;
	}
	merging->blocks[merging->count++] = (struct search_block){ row->id, term, place, sealed };
	row->blocks += before == 0;
	row->bytes += (int64_t)sealed.size - (int64_t)before;
}

/* What the block of a moment has; none, if it is the first. */
struct target {
	int64_t place;
	size_t bytes;
	struct moments moments;
	int64_t end; /* where the next one begins */
};

static enum err read_target(struct merging *merging, int64_t term, int64_t moment,
			    struct target *ret_target)
{
	struct search_block block;
	struct target target = { .place = PLACE_FIRST };
	int64_t id = merging->held->row.id;
	enum err err = block_at(merging->db, id, term, moment, &merging->arena, &block);

	if (err == ERR_OK) {
		target.place = block.place;
		target.bytes = block.moments.size;
		err = index_open(&merging->held->key, place_of(merging, term, block.place),
				 block.moments, &merging->arena, &target.moments);
	} else if (err == ERR_NOT_FOUND) {
		err = ERR_OK;
	}
	if (err == ERR_OK)
		err = block_behind(merging->db, id, term, moment, &target.end);
	if (err == ERR_OK)
		*ret_target = target;
	return err;
}

/*
 * Where a block begins is in the clear, and a moment that it holds would name a message: it is drawn from the time between
 * the last moment of the block before and its own first one, where there is any.
 */
static int64_t draw_place(int64_t last, int64_t first)
{
	uint64_t number;

	if (first - last < 2)
		return first;
	randombytes_buf(&number, sizeof(number));
	return last + 1 + (int64_t)(number % (uint64_t)(first - last - 1));
}

static void put_split(struct merging *merging, int64_t term, const struct target *target,
		      const struct moments *all)
{
	for (size_t from = 0; from < all->count; from += BLOCK_MAX) {
		size_t left = all->count - from;
		struct moments part = { all->list + from, left < BLOCK_MAX ? left : BLOCK_MAX };

		if (from == 0)
			put_block(merging, term, target->place, &part, target->bytes);
		else
			put_block(merging, term, draw_place(all->list[from - 1], part.list[0]),
				  &part, 0);
	}
}

/* Each moment goes into the block whose span it is in. */
static enum err spread(struct merging *merging, int64_t term, const struct moments *all)
{
	size_t at = 0;

	while (at < all->count) {
		struct moments some = { all->list + at, 0 }, merged;
		struct target target;
		enum err err = read_target(merging, term, all->list[at], &target);

		if (err != ERR_OK)
			return err;
		some.count = moments_until(all, target.end - 1) - at;
		merged = moments_union(&target.moments, &some, &merging->arena);
		put_split(merging, term, &target, &merged);
		at += some.count;
	}
	return ERR_OK;
}

/* One term of the batch, whose head was read; `head` is NULL for a new one. */
static enum err merge_term(struct merging *merging, int64_t term, const struct moments *added,
			   const struct search_block *head)
{
	struct moments before = { NULL, 0 }, all;
	const struct moments none = { NULL, 0 };
	size_t bytes = head ? head->moments.size : 0;
	enum err err = ERR_OK;

	if (head)
		err = index_open(&merging->held->key, place_of(merging, term, 0), head->moments,
				 &merging->arena, &before);
	if (err != ERR_OK)
		return err;
	all = moments_union(&before, added, &merging->arena);
	if (all.count > HEAD_MAX)
		err = spread(merging, term, &all);
	if (err == ERR_OK)
		put_block(merging, term, 0, all.count > HEAD_MAX ? &none : &all, bytes);
	return err;
}

static enum err run_put(struct db *tx, void *context)
{
	const struct merging *merging = context;

	return blocks_put(tx, merging->blocks, merging->count);
}

/* All blocks of a term are written together. */
static enum err write_blocks(struct merging *merging)
{
	const struct held_write write = { run_put, merging };
	enum err err = ERR_OK;

	if (merging->count > 0)
		err = held_save(merging->db, merging->held, 0, &write);
	merging->count = 0;
	arena_finish(&merging->arena);
	return err;
}

static const struct search_block *find_head(const struct array *heads, int64_t term)
{
	const struct search_block *list = heads->items;

	for (size_t i = 0; i < heads->count; i++)
		if (list[i].term == term)
			return &list[i];
	return NULL;
}

/* The moments of the term at `from`, in the arena; *ret_next is behind them. */
static struct moments moments_at(struct merging *merging, const struct batch *batch, size_t from,
				 size_t *ret_next)
{
	size_t end = from;
	struct moments moments;

	while (end < batch->count && batch->list[end].term == batch->list[from].term)
		end++;
	moments.list = ARENA_ARRAY(&merging->arena, end - from, int64_t);
	moments.count = end - from;
	for (size_t i = from; i < end; i++)
		moments.list[i - from] = batch->list[i].moment;
	*ret_next = end;
	return moments;
}

/* The next BLOCKS_AT_ONCE terms, whose heads are read together. */
static enum err merge_some(struct merging *merging, const struct batch *batch, size_t *at)
{
	struct moments moments[BLOCKS_AT_ONCE];
	int64_t terms[BLOCKS_AT_ONCE];
	struct array heads;
	size_t count = 0;
	enum err err;

	while (count < BLOCKS_AT_ONCE && *at < batch->count) {
		terms[count] = batch->list[*at].term;
		moments[count++] = moments_at(merging, batch, *at, at);
	}
	err = block_heads(merging->db, merging->held->row.id, terms, count, &merging->arena,
			  &heads);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = merge_term(merging, terms[i], &moments[i], find_head(&heads, terms[i]));
	return err;
}

enum err batch_merge(struct db *db, struct held_index *held, struct batch *batch)
{
	struct merging merging = { .db = db, .held = held };
	enum err err = ERR_OK;
	size_t at = 0;

	arrange(batch);
	arena_init(&merging.arena);
	while (err == ERR_OK && at < batch->count) {
		if (held->stop && atomic_load(held->stop))
			err = ERR_CANCELLED;
		if (err == ERR_OK)
			err = merge_some(&merging, batch, &at);
		if (err == ERR_OK && merging.count >= WRITE_BLOCKS)
			err = write_blocks(&merging);
	}
	if (err == ERR_OK)
		err = write_blocks(&merging);
	arena_finish(&merging.arena);
	free(merging.blocks);
	batch->count = 0;
	return err;
}
