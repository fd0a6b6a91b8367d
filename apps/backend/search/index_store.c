/* The rows of indexes and their blocks. */
#include "search/search_store.h"

#include <assert.h>

static const char *const state_words[] = { "building", "serving", "dropped", NULL };

static const struct field search_index_fields[] = {
	FIELD(struct search_index, id, .doc = "Its number."),
	FIELD(struct search_index, owner_id, .doc = "Whose."),
	FIELD(struct search_index, state, .names = state_words, .doc = "What it is good for."),
	FIELD(struct search_index, key, .secret = "search_index.key", .nullable = true,
	      .doc = "Of its terms and blocks."),
	FIELD(struct search_index, conversation_after, .doc = "Behind which the building goes on."),
	FIELD(struct search_index, messages, .doc = "That were taken in."),
	FIELD(struct search_index, blocks, .doc = "Rows of it."),
	FIELD(struct search_index, bytes, .doc = "Of what is sealed in them."),
	FIELD(struct search_index, stale, .doc = "1: it is to be built anew."),
	FIELD(struct search_index, lease_until, .doc = "Who writes in it."),
	FIELD(struct search_index, created_at, .doc = "When it was made."),
	{ 0 },
};

static const struct schema search_index_schema =
	SCHEMA(struct search_index, search_index_fields, .name = "SearchIndex",
	       .table = "search_index", .key = { "id" });

/* What changes while it is built; `stale` is for others to set. */
static const struct field progress_fields[] = {
	FIELD(struct search_index, id, .doc = "Which one."),
	FIELD(struct search_index, state, .names = state_words, .doc = "What it is good for."),
	FIELD(struct search_index, key, .secret = "search_index.key", .nullable = true,
	      .doc = "Of its terms and blocks."),
	FIELD(struct search_index, conversation_after, .doc = "Behind which the building goes on."),
	FIELD(struct search_index, messages, .doc = "That were taken in."),
	FIELD(struct search_index, blocks, .doc = "Rows of it."),
	FIELD(struct search_index, bytes, .doc = "Of what is sealed in them."),
	FIELD(struct search_index, lease_until, .doc = "Who writes in it."),
	{ 0 },
};

static const struct schema progress_schema =
	SCHEMA(struct search_index, progress_fields, .name = "SearchIndexProgress",
	       .table = "search_index", .key = { "id" });

static const struct field index_head_fields[] = {
	FIELD(struct index_head, id, .doc = "Its number."),
	FIELD(struct index_head, owner_id, .doc = "Whose."),
	FIELD(struct index_head, state, .names = state_words, .doc = "What it is good for."),
	FIELD(struct index_head, messages, .doc = "That were taken in."),
	FIELD(struct index_head, lease_until, .doc = "Who writes in it."),
	{ 0 },
};

static const struct schema index_head_schema =
	SCHEMA(struct index_head, index_head_fields, .name = "SearchIndexHead", .key = { "id" });

struct owner {
	const char *id;
};

static const struct field owner_fields[] = {
	FIELD(struct owner, id, .doc = "Which account."),
	{ 0 },
};

static const struct schema owner_schema = SCHEMA(struct owner, owner_fields, .name = "SearchOwner");

/* Of some indexes, those up to a number. */
struct sizes {
	int64_t indexes, last_id, messages, blocks, bytes;
};

static const struct field sizes_fields[] = {
	FIELD(struct sizes, indexes, .doc = "How many."),
	FIELD(struct sizes, last_id, .doc = "The last of them."),
	FIELD(struct sizes, messages, .doc = "That were taken in."),
	FIELD(struct sizes, blocks, .doc = "Rows."),
	FIELD(struct sizes, bytes, .doc = "Of what is sealed in them."),
	{ 0 },
};

static const struct schema sizes_schema = SCHEMA(struct sizes, sizes_fields, .name = "SearchSizes");

struct number {
	int64_t number;
};

static const struct field number_fields[] = {
	FIELD(struct number, number, .doc = "A number."),
	{ 0 },
};

static const struct schema number_schema =
	SCHEMA(struct number, number_fields, .name = "SearchNumber");

static const struct field search_block_fields[] = {
	FIELD(struct search_block, index_id, .doc = "Of which index."),
	FIELD(struct search_block, term, .doc = "Of which term."),
	FIELD(struct search_block, place, .doc = "The earliest moment that it may hold."),
	FIELD(struct search_block, moments, .stored = true, .doc = "Sealed."),
	{ 0 },
};

static const struct schema search_block_schema =
	SCHEMA(struct search_block, search_block_fields, .name = "SearchBlock");

#define DELETE_AT_ONCE 2000

static const struct statement select_of_owner = {
	"SELECT {columns} FROM search_index WHERE owner_id = $1 AND state = $2 ORDER BY id LIMIT 1",
	&search_index_schema
};
static const struct statement count_of_owner = {
	"SELECT count(*) AS number FROM search_index WHERE owner_id = $1 AND state = $2",
	&number_schema
};
static const struct statement select_by_id = { "SELECT {columns} FROM search_index WHERE id = $1",
					       &search_index_schema };
static const struct statement select_unfinished = {
	"SELECT {columns} FROM search_index WHERE (state <> 'serving' OR stale = 1) "
	"AND lease_until < $1 ORDER BY lease_until LIMIT 1",
	&index_head_schema
};
static const struct statement select_number = {
	"SELECT coalesce(max(id), 0) + 1 AS number FROM search_index", &number_schema
};
static const struct statement take_lease = {
	"UPDATE search_index SET lease_until = $3 WHERE id = $1 AND lease_until = $2", NULL
};
static const struct statement release_lease = {
	"UPDATE search_index SET lease_until = 1 WHERE id = $1 AND lease_until = $2", NULL
};
static const struct statement drop_index = {
	"UPDATE search_index SET state = 'dropped', lease_until = $2 WHERE id = $1", NULL
};
static const struct statement drop_others = {
	"UPDATE search_index SET state = 'dropped', lease_until = $3 WHERE owner_id = $1 "
	"AND state = 'serving' AND id <> $2",
	NULL
};
static const struct statement mark_damaged = {
	"UPDATE search_index SET stale = 1, lease_until = 1 WHERE owner_id = $1 AND state = 'serving' "
	"AND NOT EXISTS (SELECT 1 FROM search_index i WHERE i.owner_id = $1 AND i.state = 'building')",
	NULL
};
static const struct statement delete_index = { "DELETE FROM search_index WHERE id = $1", NULL };
static const struct statement delete_blocks = {
	"DELETE FROM search_block WHERE index_id = $1 AND term <= coalesce((SELECT term FROM "
	"search_block WHERE index_id = $1 ORDER BY term, place LIMIT 1 OFFSET $2), "
	"9223372036854775807)",
	NULL
};

static const struct statement select_after = {
	"SELECT {columns} FROM search_index WHERE id > $1 AND state <> 'dropped' ORDER BY id LIMIT 1",
	&index_head_schema
};
static const struct statement mark_stale_of = {
	"UPDATE search_index SET stale = 1 WHERE owner_id = $1 AND state <> 'dropped'", NULL
};
static const struct statement forget_indexes = {
	"UPDATE search_index SET state = 'dropped', key = NULL, lease_until = 1 WHERE owner_id = $1",
	NULL
};
static const struct statement select_any = {
	"SELECT id AS number FROM search_index WHERE owner_id = $1 LIMIT 1", &number_schema
};
static const struct statement count_account = {
	"SELECT count(*) AS number FROM account WHERE id = $1 AND deleted_at IS NULL",
	&number_schema
};
static const struct statement set_stale = { "UPDATE search_index SET stale = $2 WHERE id = $1",
					    NULL };
static const struct statement select_account_after = {
	"SELECT id FROM account WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT 1",
	&owner_schema
};
static const struct statement select_sizes = {
	"SELECT count(*) AS indexes, coalesce(max(id), 0) AS last_id, "
	"CAST(coalesce(sum(messages), 0) AS BIGINT) AS messages, "
	"CAST(coalesce(sum(blocks), 0) AS BIGINT) AS blocks, "
	"CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes FROM "
	"(SELECT * FROM search_index WHERE id > $1 ORDER BY id LIMIT 100) AS these",
	&sizes_schema
};

#define PARAMETERS_32                                                                              \
	"$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "  \
	"$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33"

static const struct statement select_heads = {
	"SELECT {columns} FROM search_block WHERE index_id = $1 AND term IN (" PARAMETERS_32
	") AND place = 0",
	&search_block_schema
};
static const struct statement select_blocks_from = {
	"SELECT {columns} FROM search_block WHERE index_id = $1 AND term = $2 AND place <= $3 "
	"AND place > 0 ORDER BY place DESC LIMIT $4",
	&search_block_schema
};
static const struct statement select_behind = {
	"SELECT place AS number FROM search_block WHERE index_id = $1 AND term = $2 AND place > $3 "
	"ORDER BY place LIMIT 1",
	&number_schema
};

#define PUT "INSERT INTO search_block (index_id, term, place, moments) VALUES "
#define IN_PLACE " ON CONFLICT (index_id, term, place) DO UPDATE SET moments = excluded.moments"

static const struct statement put_one = { PUT "($1, $2, $3, $4)" IN_PLACE, NULL };
static const struct statement put_many = {
	PUT
	"($1, $2, $3, $4), ($5, $6, $7, $8), ($9, $10, $11, $12), ($13, $14, $15, $16), "
	"($17, $18, $19, $20), ($21, $22, $23, $24), ($25, $26, $27, $28), ($29, $30, $31, $32), "
	"($33, $34, $35, $36), ($37, $38, $39, $40), ($41, $42, $43, $44), ($45, $46, $47, $48)" IN_PLACE,
	NULL
};

enum { PUT_MANY = 12, PUT_COLUMNS = 4 };

const struct statement *const search_index_statements[] = {
	&select_of_owner,
	&count_of_owner,
	&select_by_id,
	&select_unfinished,
	&select_number,
	&take_lease,
	&release_lease,
	&drop_index,
	&drop_others,
	&mark_damaged,
	&delete_index,
	&delete_blocks,
	&select_after,
	&forget_indexes,
	&select_any,
	&count_account,
	&set_stale,
	&mark_stale_of,
	&select_account_after,
	&select_sizes,
	&select_heads,
	&select_blocks_from,
	&select_behind,
	&put_one,
	&put_many,
	NULL,
};

enum err index_insert(struct db *tx, const struct search_index *index)
{
	return db_insert(tx, &search_index_schema, index);
}

enum err index_of_owner(struct db *db, const char *owner_id, enum index_state state,
			struct arena *arena, struct search_index *ret_index)
{
	return db_one(db, &select_of_owner, ARGS(owner_id, state_words[state]), arena, ret_index);
}

enum err index_by_id(struct db *db, int64_t id, struct arena *arena, struct search_index *ret_index)
{
	return db_one(db, &select_by_id, ARGS(id), arena, ret_index);
}

enum err index_has(struct db *db, const char *owner_id, enum index_state state, bool *ret_has)
{
	struct number row;
	enum err err = db_one(db, &count_of_owner, ARGS(owner_id, state_words[state]), NULL, &row);

	if (err == ERR_OK)
		*ret_has = row.number > 0;
	return err;
}

enum err index_unfinished(struct db *db, struct timestamp now, struct arena *arena,
			  struct index_head *ret_index)
{
	return db_one(db, &select_unfinished, ARGS(now), arena, ret_index);
}

enum err index_number(struct db *tx, int64_t *ret_id)
{
	struct number row;
	enum err err = db_one(tx, &select_number, ARGS_NONE, NULL, &row);

	if (err == ERR_OK)
		*ret_id = row.number;
	return err;
}

enum err index_take(struct db *tx, int64_t id, struct timestamp mine, struct timestamp until)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &take_lease, ARGS(id, mine, until), &changed);

	return err == ERR_OK && changed == 0 ? ERR_CONFLICT : err;
}

enum err index_release(struct db *tx, int64_t id, struct timestamp mine)
{
	return db_exec(tx, &release_lease, ARGS(id, mine), NULL);
}

enum err index_write(struct db *tx, const struct search_index *index, struct timestamp mine)
{
	enum err err = index_take(tx, index->id, mine, index->lease_until);

	return err == ERR_OK ? db_update(tx, &progress_schema, index) : err;
}

enum err index_drop(struct db *tx, int64_t id, struct timestamp rest_until)
{
	return db_exec(tx, &drop_index, ARGS(id, rest_until), NULL);
}

enum err index_drop_others(struct db *tx, const char *owner_id, int64_t id,
			   struct timestamp rest_until)
{
	return db_exec(tx, &drop_others, ARGS(owner_id, id, rest_until), NULL);
}

enum err index_mark_damaged(struct db *tx, const char *owner_id)
{
	return db_exec(tx, &mark_damaged, ARGS(owner_id), NULL);
}

enum err index_delete(struct db *tx, int64_t id)
{
	return db_exec(tx, &delete_index, ARGS(id), NULL);
}

enum err index_delete_blocks(struct db *tx, int64_t id, bool *ret_more)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &delete_blocks, ARGS(id, (int64_t)DELETE_AT_ONCE), &changed);

	*ret_more = changed >= DELETE_AT_ONCE;
	return err;
}

enum err index_each(struct db *db,
		    enum err (*visit)(struct db *db, struct index_head *index, void *context),
		    void *context)
{
	int64_t after = 0;
	bool end = false;
	enum err err = ERR_OK;

	while (err == ERR_OK && !end) {
		struct index_head index;
		struct arena arena;

		arena_init(&arena);
		err = db_one(db, &select_after, ARGS(after), &arena, &index);
		end = err == ERR_NOT_FOUND;
		if (err == ERR_OK) {
			after = index.id;
			err = visit(db, &index, context);
		}
		arena_finish(&arena);
	}
	return end ? ERR_OK : err;
}

enum err index_forget(struct db *tx, const char *owner_id)
{
	return db_exec(tx, &forget_indexes, ARGS(owner_id), NULL);
}

enum err index_any(struct db *tx, const char *owner_id, int64_t *ret_id)
{
	struct number row;
	enum err err = db_one(tx, &select_any, ARGS(owner_id), NULL, &row);

	if (err == ERR_OK)
		*ret_id = row.number;
	return err;
}

enum err account_is_there(struct db *tx, const char *id)
{
	struct number row;
	enum err err = db_one(tx, &count_account, ARGS(id), NULL, &row);

	return err == ERR_OK && row.number == 0 ? ERR_CONFLICT : err;
}

enum err index_mark_stale_of(struct db *tx, const char *owner_id)
{
	return db_exec(tx, &mark_stale_of, ARGS(owner_id), NULL);
}

enum err index_set_stale(struct db *tx, int64_t id, bool stale)
{
	return db_exec(tx, &set_stale, ARGS(id, (int64_t)stale), NULL);
}

enum err account_after(struct db *db, const char *after, struct arena *arena, const char **ret_id)
{
	struct owner owner;
	enum err err = db_one(db, &select_account_after, ARGS(after), arena, &owner);

	if (err == ERR_OK)
		*ret_id = owner.id;
	return err;
}

/* Some at a time, so that it never holds up others. */
enum err index_sizes(struct db *db, struct search_size *ret_size)
{
	struct search_size size = { 0 };
	struct sizes some = { 0 };
	enum err err;

	do {
		int64_t after = some.last_id;

		err = db_one(db, &select_sizes, ARGS(after), NULL, &some);
		size.indexes += some.indexes;
		size.messages += some.messages;
		size.blocks += some.blocks;
		size.bytes += some.bytes;
	} while (err == ERR_OK && some.indexes > 0);
	if (err == ERR_OK)
		err = pending_count(db, &size.pending);
	if (err == ERR_OK)
		*ret_size = size;
	return err;
}

/* The last one stands for those that are missing. */
enum err block_heads(struct db *db, int64_t index_id, const int64_t *terms, size_t count,
		     struct arena *arena, struct array *ret_blocks)
{
	struct db_value values[1 + BLOCKS_AT_ONCE] = { db_value_int(index_id) };

	assert(count > 0 && count <= BLOCKS_AT_ONCE);
	for (size_t i = 0; i < BLOCKS_AT_ONCE; i++)
		values[1 + i] = db_value_int(terms[i < count ? i : count - 1]);
	return db_all(db, &select_heads, (struct db_args){ values, 1 + BLOCKS_AT_ONCE }, arena,
		      ret_blocks);
}

enum err block_at(struct db *db, int64_t index_id, int64_t term, int64_t moment,
		  struct arena *arena, struct search_block *ret_block)
{
	return db_one(db, &select_blocks_from, ARGS(index_id, term, moment, 1), arena, ret_block);
}

enum err blocks_from(struct db *db, int64_t index_id, int64_t term, int64_t moment, int64_t limit,
		     struct arena *arena, struct array *ret_blocks)
{
	return db_all(db, &select_blocks_from, ARGS(index_id, term, moment, limit), arena,
		      ret_blocks);
}

enum err block_behind(struct db *db, int64_t index_id, int64_t term, int64_t moment,
		      int64_t *ret_place)
{
	struct number row;
	enum err err = db_one(db, &select_behind, ARGS(index_id, term, moment), NULL, &row);

	if (err == ERR_OK)
		*ret_place = row.number;
	else if (err == ERR_NOT_FOUND)
		*ret_place = MOMENT_MAX + 1;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void put_values(const struct search_block *block, struct db_value *values)
{
	values[0] = db_value_int(block->index_id);
	values[1] = db_value_int(block->term);
	values[2] = db_value_int(block->place);
	values[3] = db_value_blob(block->moments);
}

enum err blocks_put(struct db *tx, const struct search_block *blocks, size_t count)
{
	struct db_value values[PUT_MANY * PUT_COLUMNS];
	enum err err = ERR_OK;

	while (err == ERR_OK && count > 0) {
		size_t some = count >= PUT_MANY ? PUT_MANY : 1;
		struct db_args args = { values, (int)some * PUT_COLUMNS };

		for (size_t i = 0; i < some; i++)
			put_values(&blocks[i], values + i * PUT_COLUMNS);
		err = db_exec(tx, some == 1 ? &put_one : &put_many, args, NULL);
		blocks += some;
		count -= some;
	}
	return err;
}
