#include "search/upkeep.h"

#include "base/clock.h"
#include "search/builder.h"
#include "search/merge.h"

#include <stdio.h>

enum {
	PENDING_AT_ONCE = 500,
	/* A dropped index stays so long, for searches that read it. */
	REST_MS = 5 * 1000,
};

/* ---- What ended ---- */

struct settling {
	const struct upkeep *upkeep;
	struct held_index held;
	struct batch batch;
	struct arena arena;
	const struct search_pending *pending;
	size_t count; /* of them, that are in the batch */
};

/* What is gone or damaged is not taken in, and is no longer pending either. */
static enum err add_pending(struct settling *settling, const struct search_pending *pending)
{
	struct db *db = settling->upkeep->db;
	struct source_message message;
	struct source_title title;
	enum err err;

	if (pending->kind == IN_TITLE) {
		err = source_title(db, pending->object_id, &settling->arena, &title);
		if (err == ERR_OK)
			batch_add_title(&settling->batch, &settling->held.key, &title);
	} else {
		err = source_message(db, pending->object_id, &settling->arena, &message);
		if (err == ERR_OK)
			batch_add_message(&settling->batch, &settling->held.key, &message);
		settling->held.row.messages += err == ERR_OK;
	}
	return err == ERR_NOT_FOUND || err == ERR_CORRUPT ? ERR_OK : err;
}

static enum err run_done(struct db *tx, void *context)
{
	const struct settling *settling = context;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < settling->count; i++)
		err = pending_done(tx, &settling->pending[i]);
	return err;
}

/* Of those that are pending, as many as fit into a batch. */
static enum err settle_some(struct settling *settling)
{
	const struct held_write write = { run_done, settling };
	struct db *db = settling->upkeep->db;
	struct array rows;
	enum err err = pending_first(db, settling->held.row.owner_id, PENDING_AT_ONCE,
				     &settling->arena, &rows);

	settling->pending = rows.items;
	while (err == ERR_OK && settling->count < rows.count &&
	       settling->batch.count < BATCH_POSTINGS)
		err = add_pending(settling, &settling->pending[settling->count++]);
	if (err == ERR_OK)
		err = batch_merge(db, &settling->held, &settling->batch);
	return err == ERR_OK ? held_save(db, &settling->held, 1, &write) : err;
}

/* Makes the first index of an owner, who has nothing but what is pending. */
static enum err run_first_index(struct db *tx, void *context)
{
	struct search_index *index = context;
	enum err err = index_number(tx, &index->id);

	return err == ERR_OK ? index_insert(tx, index) : err;
}

static enum err first_index(struct db *db, const char *owner_id, struct arena *arena,
			    struct search_index *ret_index)
{
	char *key = arena_alloc(arena, INDEX_KEY_SIZE);

	index_key_make(key);
	*ret_index = (struct search_index){ .owner_id = owner_id,
					    .state = INDEX_SERVING,
					    .key = key,
					    .conversation_after = "",
					    .created_at = clock_now() };
	return db_transaction(db, run_first_index, ret_index);
}

/* Nobody will ask for what is pending of an account that is gone. */
static enum err forget_pending(struct settling *settling, const struct search_pending *due)
{
	settling->pending = due;
	settling->count = 1;
	return db_transaction(settling->upkeep->db, run_done, settling);
}

static enum err settle_owner(struct settling *settling, const struct search_pending *due)
{
	struct db *db = settling->upkeep->db;
	struct held_index *held = &settling->held;
	enum err err =
		index_of_owner(db, due->owner_id, INDEX_SERVING, &settling->arena, &held->row);

	if (err == ERR_NOT_FOUND)
		err = first_index(db, due->owner_id, &settling->arena, &held->row);
	if (err == ERR_CONFLICT)
		return forget_pending(settling, due);
	if (err == ERR_OK && held->row.lease_until.ms > clock_now().ms)
		err = ERR_CONFLICT;
	if (err == ERR_OK)
		err = held->row.key ? index_key_derive(held->row.key, &held->key) : ERR_CORRUPT;
	if (err == ERR_OK)
		err = held_save(db, held, 0, NULL);
	if (err != ERR_OK)
		return err;
	err = settle_some(settling);
	if (err == ERR_CORRUPT) /* a block was damaged: what it had is in the messages */
		err = index_set_stale(db, held->row.id, true);
	return err;
}

static enum err settle(const struct upkeep *upkeep, bool *ret_idle)
{
	struct settling settling = { .upkeep = upkeep, .held.stop = upkeep->stop };
	struct timestamp before = { clock_now().ms - upkeep->settle_ms };
	struct search_pending due;
	enum err err;

	arena_init(&settling.arena);
	batch_init(&settling.batch);
	err = pending_due(upkeep->db, before, &settling.arena, &due);
	*ret_idle = err == ERR_NOT_FOUND;
	if (err == ERR_OK)
		err = settle_owner(&settling, &due);
	batch_finish(&settling.batch);
	arena_finish(&settling.arena);
	sodium_memzero(&settling.held.key, sizeof(settling.held.key));
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- What is not needed ---- */

struct dropping {
	int64_t id;
	bool more;
};

static enum err run_drop(struct db *tx, void *context)
{
	struct dropping *dropping = context;
	enum err err = index_delete_blocks(tx, dropping->id, &dropping->more);

	return err == ERR_OK && !dropping->more ? index_delete(tx, dropping->id) : err;
}

static bool is_stopped(const struct upkeep *upkeep)
{
	return upkeep->stop && atomic_load(upkeep->stop);
}

static enum err drop(const struct upkeep *upkeep, struct held_index *held)
{
	struct dropping dropping = { held->row.id, true };
	enum err err = held_save(upkeep->db, held, 0, NULL);

	while (err == ERR_OK && dropping.more && !is_stopped(upkeep))
		err = db_transaction(upkeep->db, run_drop, &dropping);
	return err == ERR_OK && dropping.more ? ERR_CANCELLED : err;
}

/* ---- What is stale ---- */

static enum err has_index(struct db *db, const char *owner_id, enum index_state state,
			  bool *ret_has)
{
	struct search_index index;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = index_of_owner(db, owner_id, state, &arena, &index);
	arena_finish(&arena);
	*ret_has = err == ERR_OK;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Beside the one that serves, unless one is being built. */
static enum err add_building(struct db *tx, const char *owner_id)
{
	struct search_index index = { .owner_id = owner_id,
				      .state = INDEX_BUILDING,
				      .conversation_after = "",
				      .created_at = clock_now() };
	bool has = false;
	enum err err = has_index(tx, owner_id, INDEX_BUILDING, &has);

	if (err != ERR_OK || has)
		return err;
	err = index_number(tx, &index.id);
	return err == ERR_OK ? index_insert(tx, &index) : err;
}

static enum err run_renew(struct db *tx, void *context)
{
	const struct search_index *index = context;
	enum err err = add_building(tx, index->owner_id);

	return err == ERR_OK ? index_set_stale(tx, index->id, false) : err;
}

static enum err run_adopt(struct db *tx, void *context)
{
	return add_building(tx, context);
}

/* ---- All of it ---- */

static enum err finish_one(const struct upkeep *upkeep, bool *ret_idle)
{
	struct held_index held = { .stop = upkeep->stop };
	struct timestamp now = clock_now();
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = index_unfinished(upkeep->db, now, &arena, &held.row);
	*ret_idle = err == ERR_NOT_FOUND;
	if (err == ERR_OK && held.row.state == INDEX_BUILDING)
		err = build(upkeep, &held, REST_MS);
	else if (err == ERR_OK && held.row.state == INDEX_DROPPED)
		err = drop(upkeep, &held);
	else if (err == ERR_OK)
		err = db_transaction(upkeep->db, run_renew, &held.row);
	arena_finish(&arena);
	sodium_memzero(&held.key, sizeof(held.key));
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ERR_CONFLICT: another one was quicker, who does it. */
enum err upkeep_step(const struct upkeep *upkeep, bool *ret_idle)
{
	bool settled = true, finished = true;
	enum err err = settle(upkeep, &settled);

	if (err == ERR_OK || err == ERR_CONFLICT)
		err = finish_one(upkeep, &finished);
	*ret_idle = (settled && finished) || err == ERR_CONFLICT;
	return err == ERR_CONFLICT ? ERR_OK : err;
}

/* ERR_CONFLICT: the account is gone. */
static enum err adopt(struct db *db, char *owner_id)
{
	bool has = false;
	enum err err = has_index(db, owner_id, INDEX_SERVING, &has);

	if (err == ERR_OK && !has)
		err = db_transaction(db, run_adopt, owner_id);
	return err == ERR_CONFLICT ? ERR_OK : err;
}

enum err upkeep_adopt(struct db *db)
{
	char owner_id[ID_SIZE] = "";
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		struct arena arena;
		const char *id;

		arena_init(&arena);
		err = account_after(db, owner_id, &arena, &id);
		if (err == ERR_OK) {
			snprintf(owner_id, sizeof(owner_id), "%s", id);
			err = adopt(db, owner_id);
		}
		arena_finish(&arena);
	}
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err run_abandon(struct db *tx, void *context)
{
	const struct search_index *before = context;
	struct search_index index = *before;

	index.state = INDEX_DROPPED;
	index.lease_until.ms = 1;
	return index_write(tx, &index, before->lease_until);
}

static enum err each_index(struct db *db, transaction run)
{
	int64_t after = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		struct search_index index;
		struct arena arena;

		arena_init(&arena);
		err = index_after(db, after, &arena, &index);
		if (err == ERR_OK) {
			after = index.id;
			err = db_transaction(db, run, &index);
		}
		arena_finish(&arena);
	}
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err upkeep_rebuild(struct db *db)
{
	return each_index(db, run_renew);
}

static enum err run_forget(struct db *tx, void *context)
{
	return pending_forget(tx, context);
}

enum err upkeep_abandon(struct db *db)
{
	bool more = true;
	enum err err = each_index(db, run_abandon);

	while (err == ERR_OK && more)
		err = db_transaction(db, run_forget, &more);
	return err;
}
