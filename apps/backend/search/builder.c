#include "search/builder.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* Of a page; one message may be longer. */
enum { MESSAGES_AT_ONCE = 200, BYTES_AT_ONCE = 1024 * 1024 };

/*
 * How far the batch has come. Of that, the index's row says behind which conversation: what is cut off in the middle of one
 * begins it again, since it may be gone then.
 */
struct building {
	const struct upkeep *upkeep;
	struct held_index *held;
	struct batch batch;
	char conversation_after[ID_SIZE], message_after[ID_SIZE];
	char conversation[ID_SIZE]; /* whose messages are read; "": the next one's */
	char key[INDEX_KEY_SIZE];
	int64_t messages;
	int64_t rest_ms;
	bool ended;
};

/* ---- Filling a batch ---- */

static enum err begin_conversation(struct building *building, struct arena *arena)
{
	struct db *db = building->upkeep->db;
	struct source_title title;
	const char *id;
	enum err err = source_conversation_after(db, building->held->row.owner_id,
						 building->conversation_after, arena, &id);

	building->ended = err == ERR_NOT_FOUND;
	if (err != ERR_OK)
		return building->ended ? ERR_OK : err;
	memcpy(building->conversation, id, ID_SIZE);
	err = source_title(db, id, arena, &title);
	if (err == ERR_OK)
		batch_add_title(&building->batch, &building->held->key, &title);
	return err == ERR_NOT_FOUND || err == ERR_CORRUPT ? ERR_OK : err;
}

static void end_conversation(struct building *building)
{
	memcpy(building->conversation_after, building->conversation, ID_SIZE);
	building->conversation[0] = building->message_after[0] = '\0';
}

/* A page, or as much of it as the batch takes: what is left of it is read again. */
static enum err add_messages(struct building *building, struct arena *arena)
{
	const struct source_bounds bounds = { MESSAGES_AT_ONCE, BYTES_AT_ONCE };
	const struct source_message *messages;
	const char *last;
	struct array rows;
	size_t at = 0;
	enum err err = source_messages_after(building->upkeep->db, building->conversation,
					     building->message_after, bounds, arena, &rows, &last);

	if (err == ERR_NOT_FOUND)
		end_conversation(building);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	messages = rows.items;
	for (; at < rows.count && (at == 0 || building->batch.count < BATCH_POSTINGS); at++)
		batch_add_message(&building->batch, &building->held->key, &messages[at]);
	building->messages += (int64_t)at;
	memcpy(building->message_after, at < rows.count ? messages[at - 1].id : last, ID_SIZE);
	return ERR_OK;
}

static enum err fill(struct building *building)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && !building->ended && building->batch.count < BATCH_POSTINGS) {
		struct arena arena;

		if (building->held->stop && atomic_load(building->held->stop))
			return ERR_CANCELLED;
		arena_init(&arena);
		if (!building->conversation[0])
			err = begin_conversation(building, &arena);
		if (err == ERR_OK && !building->ended)
			err = add_messages(building, &arena);
		arena_finish(&arena);
	}
	return err;
}

/* ---- The index ---- */

static enum err take(struct building *building)
{
	struct held_index *held = building->held;
	enum err err;

	if (!held->row.key) {
		index_key_make(building->key);
		held->row.key = building->key;
	}
	err = index_key_derive(held->row.key, &held->key);
	if (err == ERR_OK)
		err = held_save(building->upkeep->db, held, 0, NULL);
	snprintf(building->conversation_after, ID_SIZE, "%s", held->row.conversation_after);
	return err;
}

static enum err run_serve(struct db *tx, void *context)
{
	const struct building *building = context;
	const struct search_index *row = &building->held->row;

	return index_drop_others(tx, row->owner_id, row->id,
				 (struct timestamp){ clock_now().ms + building->rest_ms });
}

/* Merges the batch, and says in the index's row how far that is; at the end, that it serves. */
static enum err save(struct building *building)
{
	const struct held_write write = { run_serve, building };
	struct search_index *row = &building->held->row;
	struct db *db = building->upkeep->db;
	enum err err = batch_merge(db, building->held, &building->batch);

	if (err != ERR_OK)
		return err;
	row->conversation_after = building->conversation_after;
	row->messages += building->messages;
	building->messages = 0;
	if (!building->ended)
		return held_save(db, building->held, 0, NULL);
	row->state = INDEX_SERVING;
	return held_save(db, building->held, 1, &write);
}

enum err build(const struct upkeep *upkeep, struct held_index *held, int64_t rest_ms)
{
	struct building building = { .upkeep = upkeep, .held = held, .rest_ms = rest_ms };
	enum err err;

	batch_init(&building.batch);
	err = take(&building);
	while (err == ERR_OK && !building.ended) {
		err = fill(&building);
		if (err == ERR_OK)
			err = save(&building);
		if (err == ERR_OK && upkeep->progress)
			upkeep->progress(upkeep->context);
	}
	batch_finish(&building.batch);
	sodium_memzero(building.key, sizeof(building.key));
	return err;
}
