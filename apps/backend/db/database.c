#include "db/database.h"

#include "base/log.h"
#include "db/engine.h"
#include "db/key_store.h"

#include <string.h>

/* ---- What a thread waits for ---- */

static _Thread_local const atomic_bool *watched;

void db_watch(const atomic_bool *cancelled)
{
	watched = cancelled;
}

bool db_watches(void)
{
	return watched != NULL;
}

bool db_cancelled(void)
{
	return watched && atomic_load_explicit(watched, memory_order_relaxed);
}

/* ---- Statements ---- */

/* Of all databases of the process, which has one. */
static atomic_uint_fast64_t statements;

static enum err run_counted(struct db *db, const struct query *query, struct rows *rows)
{
	atomic_fetch_add_explicit(&statements, 1 + query->more_count, memory_order_relaxed);
	return db->engine->run(db, query, rows);
}

struct db_value db_value_text(const char *text)
{
	if (!text)
		return (struct db_value){ .type = DB_NULL };
	return (struct db_value){ .type = DB_TEXT, .bytes = { text, strlen(text) } };
}

static void print_statement(const struct query *query, struct buf *out)
{
	row_print_statement(query->identity, out);
}

static struct query statement_query(const struct statement *statement, struct db_args args,
				    bool writes)
{
	return (struct query){ .identity = statement,
			       .row = statement->row,
			       .print = print_statement,
			       .args = args,
			       .writes = writes };
}

static bool may_repeat(const struct query *query)
{
	const struct statement *statement = query->identity;

	return !query->writes && !strstr(statement->sql, " RETURNING ");
}

/*
 * A value under a key that this server does not know yet: another one has rotated. What cannot simply be asked again is
 * left to the client, who may come back.
 */
static enum err run_query(struct db *db, const struct query *query, struct rows *rows)
{
	const struct array before = rows->all ? *rows->all : (struct array){ 0 };
	struct rows again = *rows;
	enum err err = run_counted(db, query, rows);

	if (err != ERR_KEY_MISSING)
		return err;
	err = key_store_learn(db);
	if (err != ERR_OK)
		return err;
	if (!may_repeat(query))
		return ERR_UNAVAILABLE;
	again.all_keys_known = true;
	*rows = again;
	if (rows->all)
		*rows->all = before;
	return run_counted(db, query, rows);
}

enum err db_one(struct db *db, const struct statement *statement, struct db_args args,
		struct arena *arena, void *ret_row)
{
	struct query query = statement_query(statement, args, false);
	struct rows rows = { .arena = arena, .one = ret_row };
	enum err err = run_query(db, &query, &rows);

	if (err != ERR_OK)
		return err;
	return rows.count ? ERR_OK : ERR_NOT_FOUND;
}

enum err db_all(struct db *db, const struct statement *statement, struct db_args args,
		struct arena *arena, struct array *ret_rows)
{
	struct query query = statement_query(statement, args, false);
	struct array array = { 0 };
	struct rows rows = { .arena = arena, .all = &array };
	enum err err = run_query(db, &query, &rows);

	if (err == ERR_OK)
		*ret_rows = array;
	return err;
}

enum err db_all_sound(struct db *db, const struct statement *statement, struct db_args args,
		      struct arena *arena, struct array *ret_rows, size_t *ret_left_out)
{
	struct query query = statement_query(statement, args, false);
	struct array array = { 0 };
	struct rows rows = { .arena = arena, .all = &array, .leave_out = true };
	enum err err = run_query(db, &query, &rows);

	if (err != ERR_OK)
		return err;
	*ret_rows = array;
	*ret_left_out = rows.left_out;
	return ERR_OK;
}

enum err db_each_sound(struct db *db, const struct statement *statement,
		       const struct db_args *lists, size_t count, struct arena *arena,
		       struct array *ret_rows)
{
	struct array array = { 0 };
	struct rows rows = { .arena = arena, .all = &array, .leave_out = true };
	enum err err = ERR_OK;

	for (size_t from = 0; err == ERR_OK && from < count; from += DB_EACH_MAX) {
		struct query query = statement_query(statement, lists[from], false);
		size_t left = count - from;

		query.more = lists + from + 1;
		query.more_count = (left < DB_EACH_MAX ? left : DB_EACH_MAX) - 1;
		err = run_query(db, &query, &rows);
	}
	if (err == ERR_OK)
		*ret_rows = array;
	return err;
}

enum err db_exec(struct db *db, const struct statement *statement, struct db_args args,
		 int64_t *ret_changed)
{
	struct query query = statement_query(statement, args, true);
	struct rows rows = { .can_follow = ret_changed == NULL };
	enum err err = run_query(db, &query, &rows);

	if (err == ERR_OK && ret_changed)
		*ret_changed = rows.changed;
	return err;
}

/* An insertion is prepared under its schema with variant ROW_ALL, an update under its schema and its mask. */
static void print_insert(const struct query *query, struct buf *out)
{
	row_print_insert(query->identity, out);
}

static void print_update(const struct query *query, struct buf *out)
{
	row_print_update(query->identity, query->variant >> 1, out);
}

enum err db_insert(struct db *db, const struct schema *schema, const void *row)
{
	struct db_value values[COLUMNS_MAX];
	struct query query = {
		.identity = schema, .variant = ROW_ALL, .print = print_insert, .writes = true
	};
	struct rows rows = { .can_follow = true };
	struct arena arena;
	enum err err;

	arena_init(&arena);
	query.args = (struct db_args){ values, row_insert_values(schema, db->keyring, row, &arena,
								 values) };
	err = run_counted(db, &query, &rows);
	arena_finish(&arena);
	return err;
}

enum err db_update(struct db *db, const struct schema *schema, const void *row)
{
	struct db_value values[COLUMNS_MAX];
	uint64_t mask = schema->presence ? ((const struct presence *)row)->set : ROW_ALL >> 1;
	struct query query = {
		.identity = schema, .variant = mask << 1, .print = print_update, .writes = true
	};
	struct rows rows = { .can_follow = true, .must_change = true };
	struct arena arena;
	enum err err;

	if (!row_updates(schema, mask))
		return ERR_OK;
	arena_init(&arena);
	query.args = (struct db_args){ values, row_update_values(schema, db->keyring, row, mask,
								 &arena, values) };
	err = run_counted(db, &query, &rows);
	arena_finish(&arena);
	if (err == ERR_OK && rows.changed == 0)
		err = ERR_NOT_FOUND;
	return err;
}

enum err db_transaction(struct db *db, transaction run, void *context)
{
	return db->engine->transaction(db, run, context);
}

void db_submit(struct db *db, struct db_job *job)
{
	db->engine->submit(db, job);
}

enum err db_notify(struct db *tx, const char *channel)
{
	const struct statement *notify = tx->engine->notify;

	return notify ? db_exec(tx, notify, ARGS(channel), NULL) : ERR_OK;
}

enum err db_horizon(struct db *tx, struct db_horizon *ret_horizon)
{
	const struct statement *horizon = tx->engine->horizon;

	if (horizon)
		return db_one(tx, horizon, ARGS_NONE, NULL, ret_horizon);
	*ret_horizon = (struct db_horizon){ .own = 0, .oldest = 1 };
	return ERR_OK;
}

struct db_listener *db_listen(struct db *db, const char *channel, void (*heard)(void *context),
			      void *context)
{
	return db->engine->listen ? db->engine->listen(db, channel, heard, context) : NULL;
}

void db_unlisten(struct db_listener *listener)
{
	if (listener)
		listener->end(listener);
}

enum err db_check(struct db *db, const struct statement *statement, struct arena *arena,
		  const char **ret_reason)
{
	struct query query = statement_query(statement, ARGS_NONE, false);

	return db->engine->check(db, &query, arena, ret_reason);
}

struct db_counts db_counts(struct db *db)
{
	struct db_counts counts = db->engine->counts(db);

	counts.statements = atomic_load_explicit(&statements, memory_order_relaxed);
	return counts;
}

/* ---- Which engine ---- */

bool is_postgres(const struct db_options *options)
{
	const char *url = options->url;

	return url &&
	       (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0);
}

enum err db_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		 const char **ret_reason)
{
	return is_postgres(options) ? postgres_open(options, arena, ret_db, ret_reason)
				    : sqlite_open(options, arena, ret_db, ret_reason);
}

void db_close(struct db *db)
{
	if (db)
		db->engine->close(db);
}

/* ---- Rows ---- */

/* What is damaged can be mended only by who knows where it stands; never what it holds. */
static void log_damaged(const struct row_plan *plan, const struct db_value *cells,
			const char *column)
{
	const char *table = plan->schema->table;
	struct arena arena;

	arena_init(&arena);
	log_error("damaged row", "table", table ? table : plan->schema->name, "column", column,
		  "key", row_key(plan, cells, &arena), NULL);
	arena_finish(&arena);
}

/* Where the next row goes. */
static void *make_room(struct rows *rows, size_t size)
{
	size_t capacity = rows->capacity ? rows->capacity * 2 : 16;
	void *items;

	if (!rows->all)
		return rows->one;
	if (rows->count == rows->capacity) {
		items = arena_array(rows->arena, capacity, size);
		if (rows->count > 0)
			memcpy(items, rows->all->items, rows->count * size);
		rows->all->items = items;
		rows->capacity = capacity;
	}
	return (char *)rows->all->items + rows->count * size;
}

enum err rows_add(struct rows *rows, const struct row_plan *plan, const struct keyring *keyring,
		  const struct db_value *cells)
{
	void *at = make_room(rows, plan->schema->size);
	const char *column;
	enum err err = row_load(plan, keyring, cells, rows->arena, at, &column);

	if (err == ERR_KEY_MISSING && rows->all_keys_known)
		err = ERR_CORRUPT; /* there is no such key */
	if (err == ERR_CORRUPT)
		log_damaged(plan, cells, column);
	if (err == ERR_CORRUPT && rows->leave_out) {
		rows->left_out++;
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	rows->count++;
	if (rows->all)
		rows->all->count = rows->count;
	return ERR_OK;
}
