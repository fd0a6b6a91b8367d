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

/*
 * What is gone or damaged is not taken in, and is no longer pending either. One text at a time is kept: many may be of a
 * megabyte.
 */
static enum err add_pending(struct settling *settling, const struct search_pending *pending)
{
	struct db *db = settling->upkeep->db;
	struct source_message message;
	struct source_title title;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	if (pending->kind == IN_TITLE) {
		err = source_title(db, pending->object_id, &arena, &title);
		if (err == ERR_OK)
			batch_add_title(&settling->batch, &settling->held.key, &title);
	} else {
		err = source_message(db, pending->object_id, &arena, &message);
		if (err == ERR_OK)
			batch_add_message(&settling->batch, &settling->held.key, &message);
		settling->held.row.messages += err == ERR_OK;
	}
	arena_finish(&arena);
	return err == ERR_NOT_FOUND || err == ERR_CORRUPT ? ERR_OK : err;
}

static enum err run_forget_done(struct db *tx, void *context)
{
	const struct settling *settling = context;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < settling->count; i++)
		err = pending_done(tx, &settling->pending[i]);
	return err;
}

/* ERR_CONFLICT: an index is being built, which may have passed by what was taken into this one. It stays pending. */
static enum err run_done(struct db *tx, void *context)
{
	const struct settling *settling = context;
	bool building = false;
	enum err err = index_has(tx, settling->held.row.owner_id, INDEX_BUILDING, &building);

	if (err == ERR_OK && building)
		err = ERR_CONFLICT;
	return err == ERR_OK ? run_forget_done(tx, context) : err;
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

/*
 * Makes the first index of an owner, who has nothing but what is pending. Its number stays 0 if there is one by now, which
 * another one made. ERR_CONFLICT: the account is gone.
 */
static enum err run_first_index(struct db *tx, void *context)
{
	struct search_index *index = context;
	bool serves = false, building = false;
	enum err err = index_has(tx, index->owner_id, INDEX_SERVING, &serves);

	index->id = 0;
	if (err == ERR_OK)
		err = index_has(tx, index->owner_id, INDEX_BUILDING, &building);
	if (err == ERR_OK)
		err = account_is_there(tx, index->owner_id);
	if (err != ERR_OK || serves || building)
		return err;
	err = index_number(tx, &index->id);
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
	return db_transaction(settling->upkeep->db, run_forget_done, settling);
}

/* What was begun is let go at once, however it ended: it is for the next who comes. */
static enum err let_go(struct db *db, int64_t id, struct timestamp mine, enum err err)
{
	enum err released = err == ERR_OK ? ERR_OK : index_release(db, id, mine);

	return released == ERR_OK ? err : released;
}

static enum err settle_held(struct settling *settling)
{
	struct db *db = settling->upkeep->db;
	struct held_index *held = &settling->held;
	enum err err = held->row.key ? index_key_derive(held->row.key, &held->key) : ERR_CORRUPT;

	if (err == ERR_OK)
		err = held_save(db, held, 0, NULL);
	if (err == ERR_OK)
		err = settle_some(settling);
	return let_go(db, held->row.id, held->row.lease_until, err);
}

/* What was in a block or an index that is damaged is in the messages. */
static enum err settle_owner(struct settling *settling, const struct search_pending *due)
{
	struct db *db = settling->upkeep->db;
	struct held_index *held = &settling->held;
	enum err err =
		index_of_owner(db, due->owner_id, INDEX_SERVING, &settling->arena, &held->row);

	if (err == ERR_NOT_FOUND) {
		err = first_index(db, due->owner_id, &settling->arena, &held->row);
		if (err == ERR_CONFLICT)
			return forget_pending(settling, due);
	}
	if (err == ERR_OK && (held->row.id == 0 || held->row.lease_until.ms > clock_now().ms))
		err = ERR_CONFLICT;
	if (err == ERR_OK)
		err = settle_held(settling);
	return err == ERR_CORRUPT ? index_mark_damaged(db, due->owner_id) : err;
}

static enum err settle(const struct upkeep *upkeep, bool *ret_idle)
{
	struct settling settling = { .upkeep = upkeep, .held.stop = upkeep->stop };
	struct timestamp now = clock_now(), before = { now.ms - upkeep->settle_ms };
	struct search_pending due;
	enum err err;

	arena_init(&settling.arena);
	batch_init(&settling.batch);
	err = pending_due(upkeep->db, before, now, &settling.arena, &due);
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

static enum err drop(const struct upkeep *upkeep, const struct index_head *head)
{
	struct timestamp until = { clock_now().ms + HOLD_MS };
	struct dropping dropping = { head->id, true };
	enum err err = index_take(upkeep->db, head->id, head->lease_until, until);

	while (err == ERR_OK && dropping.more && !is_stopped(upkeep))
		err = db_transaction(upkeep->db, run_drop, &dropping);
	if (err == ERR_OK && dropping.more)
		err = ERR_CANCELLED;
	return let_go(upkeep->db, head->id, until, err);
}

/* ---- What is stale ---- */

/* Beside the one that serves, unless one is being built. */
static enum err add_building(struct db *tx, const char *owner_id)
{
	struct search_index index = { .owner_id = owner_id,
				      .state = INDEX_BUILDING,
				      .conversation_after = "",
				      .created_at = clock_now() };
	bool has = false;
	enum err err = index_has(tx, owner_id, INDEX_BUILDING, &has);

	if (err != ERR_OK || has)
		return err;
	err = index_number(tx, &index.id);
	return err == ERR_OK ? index_insert(tx, &index) : err;
}

static enum err run_renew(struct db *tx, void *context)
{
	const struct index_head *index = context;
	enum err err = add_building(tx, index->owner_id);

	return err == ERR_OK ? index_set_stale(tx, index->id, false) : err;
}

static enum err run_adopt(struct db *tx, void *context)
{
	return add_building(tx, context);
}

/* Another one in the place of one that does not open. */
static enum err run_begin_again(struct db *tx, void *context)
{
	const struct index_head *index = context;
	enum err err = index_drop(tx, index->id, (struct timestamp){ 1 });

	return err == ERR_OK ? add_building(tx, index->owner_id) : err;
}

static enum err build_one(const struct upkeep *upkeep, struct index_head *head)
{
	struct held_index held = { .stop = upkeep->stop };
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = index_by_id(upkeep->db, head->id, &arena, &held.row);
	if (err == ERR_OK) {
		err = build(upkeep, &held, REST_MS);
		err = let_go(upkeep->db, head->id, held.row.lease_until, err);
	}
	arena_finish(&arena);
	sodium_memzero(&held.key, sizeof(held.key));
	return err == ERR_CORRUPT ? db_transaction(upkeep->db, run_begin_again, head) : err;
}

/* ---- All of it ---- */

static enum err finish_one(const struct upkeep *upkeep, bool *ret_idle)
{
	struct index_head head;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = index_unfinished(upkeep->db, clock_now(), &arena, &head);
	*ret_idle = err == ERR_NOT_FOUND;
	if (err == ERR_OK && head.state == INDEX_BUILDING)
		err = build_one(upkeep, &head);
	else if (err == ERR_OK && head.state == INDEX_DROPPED)
		err = drop(upkeep, &head);
	else if (err == ERR_OK)
		err = db_transaction(upkeep->db, run_renew, &head);
	arena_finish(&arena);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ERR_CONFLICT: another one was quicker, who does it; that is nothing to be done here. */
enum err upkeep_step(const struct upkeep *upkeep, bool *ret_idle)
{
	bool settled = true, finished = true;
	enum err err = settle(upkeep, &settled);

	settled = settled || err == ERR_CONFLICT;
	if (err == ERR_OK || err == ERR_CONFLICT)
		err = finish_one(upkeep, &finished);
	*ret_idle = (settled && finished) || err == ERR_CONFLICT;
	return err == ERR_CONFLICT ? ERR_OK : err;
}

/* ERR_CONFLICT: the account is gone. */
static enum err adopt(struct db *db, char *owner_id)
{
	bool has = false;
	enum err err = index_has(db, owner_id, INDEX_SERVING, &has);

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

static enum err renew(struct db *db, struct index_head *index, void *context)
{
	(void)context;
	return db_transaction(db, run_renew, index);
}

enum err upkeep_rebuild(struct db *db)
{
	return index_each(db, renew, NULL);
}

static enum err abandon(struct db *db, struct index_head *index, void *context)
{
	(void)context;
	return index_drop(db, index->id, (struct timestamp){ 1 });
}

static enum err run_forget(struct db *tx, void *context)
{
	return pending_forget(tx, context);
}

enum err upkeep_abandon(struct db *db)
{
	bool more = true;
	enum err err = index_each(db, abandon, NULL);

	while (err == ERR_OK && more)
		err = db_transaction(db, run_forget, &more);
	return err;
}
