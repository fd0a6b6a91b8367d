#include "db/rotation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/engine.h"
#include "db/key_store.h"
#include "security/data_keys.h"
#include "security/encryption.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BATCH_ROWS = 500,
	BATCH_BYTES = 16 * 1024 * 1024,
	WALKS_MAX = 10, /* then a server keeps sealing under an old key */
	PROGRESS_MS = 1000,
	KEY_MAX = 2,
	CURSOR_SIZE = 512,
	RECORDS_MAX = 64,
};

/* ---- How far it has come ---- */

struct progress {
	const char *table_name;
	int64_t data_key;
	const char *last_key; /* values of the key with a space between; empty: at the beginning */
	int64_t rows_done;
};

static const struct field progress_fields[] = {
	FIELD(struct progress, table_name, .doc = "Which table."),
	FIELD(struct progress, data_key, .doc = "Number of the key that seals."),
	FIELD(struct progress, last_key, .doc = "Of the last row that was sealed."),
	FIELD(struct progress, rows_done, .doc = "How many rows were looked at."),
	{ 0 },
};

static const struct schema progress_schema =
	SCHEMA(struct progress, progress_fields, .name = "KeyRotation", .table = "key_rotation",
	       .key = { "table_name" });

static const struct statement insert_progress = {
	"INSERT INTO key_rotation (table_name, data_key, last_key, rows_done) VALUES ($1, $2, '', 0) "
	"ON CONFLICT DO NOTHING",
	NULL
};
static const struct statement select_any = { "SELECT {columns} FROM key_rotation LIMIT 1",
					     &progress_schema };
static const struct statement select_progress = {
	"SELECT {columns} FROM key_rotation WHERE table_name = $1", &progress_schema
};
static const struct statement move_progress = {
	"UPDATE key_rotation SET last_key = $1, rows_done = rows_done + $2 "
	"WHERE table_name = $3 AND data_key = $4 AND last_key = $5",
	NULL
};
static const struct statement forget_progress = { "DELETE FROM key_rotation WHERE data_key = $1",
						  NULL };

struct newest {
	int64_t number;
};

static const struct field newest_fields[] = {
	FIELD(struct newest, number, .doc = "Of the newest data key."),
	{ 0 },
};

static const struct schema newest_schema =
	SCHEMA(struct newest, newest_fields, .name = "NewestKey");

static const struct statement select_newest = {
	"SELECT coalesce(max(id), 0) AS number FROM data_key", &newest_schema
};

const struct statement *const rotation_statements[] = {
	&insert_progress, &select_any, &select_progress, &move_progress, &forget_progress,
	&select_newest,   NULL,
};

/* ---- One walk through one table ---- */

/*
 * Statements are prepared under their record and one of these, times two and one: db_insert and db_update have the other
 * numbers.
 */
enum variant { SELECT_FIRST, SELECT_NEXT, REPLACE_COLUMN /* and its number */ };

static uint64_t variant_number(enum variant variant, int column)
{
	return ((uint64_t)variant + (uint64_t)column) * 2 + 1;
}

/* A table with sealed columns. */
struct sealed_table {
	const struct schema *record;
	struct columns columns; /* the key's first, then the sealed ones */
	int key_count;
};

/* A value that is to be replaced, unless it has changed. */
struct replacement {
	int column;
	struct db_value key[KEY_MAX];
	struct blob old, new;
};

struct batch {
	struct sealed_table *table;
	const struct keyring *keyring;
	uint32_t key_number;
	struct arena arena;
	struct db_value from[KEY_MAX]; /* behind which row it begins */
	bool begins;
	char before[CURSOR_SIZE], after[CURSOR_SIZE];
	struct replacement list[BATCH_ROWS * 4];
	size_t count;
	size_t rows, bytes;
	bool full; /* the rows behind are left to the next one */
	int64_t damaged;
	bool recorded;  /* its progress is kept */
	bool missing;   /* something is sealed under a key that is not known, */
	bool all_known; /* and which is not a newer one: that is damaged */
	bool overtaken; /* there is a newer key: this rotation has ended, and the next one seals */
};

static void add_column(struct sealed_table *table, const struct column *column)
{
	table->columns.list[table->columns.count++] = *column;
}

static void table_of(const struct schema *record, struct sealed_table *ret_table)
{
	struct columns all;

	*ret_table = (struct sealed_table){ .record = record };
	columns_of(record, &all);
	for (int k = 0; k < KEY_MAX && record->key[k]; k++)
		for (int i = 0; i < all.count; i++)
			if (strcmp(all.list[i].name, record->key[k]) == 0)
				add_column(ret_table, &all.list[i]);
	ret_table->key_count = ret_table->columns.count;
	for (int i = 0; i < all.count; i++)
		if (all.list[i].seal)
			add_column(ret_table, &all.list[i]);
	assert(ret_table->key_count > 0);
	assert(ret_table->columns.count > ret_table->key_count);
}

static void print_names(const struct sealed_table *table, int count, struct buf *out)
{
	for (int i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", table->columns.list[i].name);
}

static void print_select(const struct query *query, struct buf *out)
{
	struct sealed_table table;

	table_of(query->identity, &table);
	BUF_LITERAL(out, "SELECT ");
	print_names(&table, table.columns.count, out);
	buf_printf(out, " FROM %s", table.record->table);
	if (query->args.count > 0) {
		BUF_LITERAL(out, " WHERE (");
		print_names(&table, table.key_count, out);
		buf_append_text(out, table.key_count > 1 ? ") > ($1, $2)" : ") > ($1)");
	}
	BUF_LITERAL(out, " ORDER BY ");
	print_names(&table, table.key_count, out);
	buf_printf(out, " LIMIT %d", BATCH_ROWS);
}

/* $1 for the value, then the key, then the value as it was. */
static void print_replace(const struct query *query, struct buf *out)
{
	struct sealed_table table;
	const char *column;

	table_of(query->identity, &table);
	column = table.columns.list[query->variant / 2 - REPLACE_COLUMN].name;
	buf_printf(out, "UPDATE %s SET %s = $1 WHERE ", table.record->table, column);
	for (int k = 0; k < table.key_count; k++)
		buf_printf(out, "%s = $%d AND ", table.columns.list[k].name, 2 + k);
	buf_printf(out, "%s = $%d", column, 2 + table.key_count);
}

static struct db_value keep_value(struct arena *arena, struct db_value value)
{
	if (value.type == DB_TEXT || value.type == DB_BLOB)
		value.bytes.data = arena_strndup(arena, value.bytes.data, value.bytes.size);
	return value;
}

static const char *key_text(struct arena *arena, const struct db_value *value)
{
	return value->type == DB_INT ? arena_printf(arena, "%" PRId64, value->integer)
				     : value->bytes.data;
}

static void seal_anew(struct batch *batch, const struct db_value *key, int column, struct blob old)
{
	const struct column *which = &batch->table->columns.list[column];
	struct replacement *replacement = &batch->list[batch->count];
	struct seal_place place = { .field = which->seal };
	const char *plain;
	size_t length;
	enum err err;

	for (int k = 0; k < batch->table->key_count; k++)
		place.key[k] = key_text(&batch->arena, &key[k]);
	err = unseal(batch->keyring, &place, old, &batch->arena, &plain, &length);
	if (err == ERR_KEY_MISSING && !batch->all_known) {
		batch->missing = true;
		return;
	}
	if (err != ERR_OK) {
		log_error("damaged row", "table", batch->table->record->table, "column",
			  which->name, "key", place.key[0], NULL);
		batch->damaged++;
		return;
	}
	*replacement = (struct replacement){ .column = column };
	replacement->old = keep_value(&batch->arena, db_value_blob(old)).bytes;
	replacement->new = seal(batch->keyring, &place, plain, length, &batch->arena);
	memcpy(replacement->key, key, sizeof(replacement->key));
	batch->bytes += 2 * old.size;
	batch->count++;
}

/* Only while the cells last: what is kept is copied. */
static enum err take_row(void *context, const struct db_value *cells, int count)
{
	struct batch *batch = context;
	struct db_value key[KEY_MAX] = { 0 };

	batch->full = batch->full || batch->bytes >= BATCH_BYTES ||
		      batch->count + (size_t)count > sizeof(batch->list) / sizeof(batch->list[0]);
	if (batch->full)
		return ERR_OK;
	for (int k = 0; k < batch->table->key_count; k++)
		key[k] = keep_value(&batch->arena, cells[k]);
	for (int i = batch->table->key_count; i < count; i++)
		if (cells[i].type == DB_BLOB &&
		    seal_key_number(cells[i].bytes) != batch->key_number)
			seal_anew(batch, key, i, cells[i].bytes);
	snprintf(batch->after, sizeof(batch->after), "%s%s%s", key_text(&batch->arena, &key[0]),
		 batch->table->key_count > 1 ? " " : "",
		 batch->table->key_count > 1 ? key_text(&batch->arena, &key[1]) : "");
	memcpy(batch->from, key, sizeof(key));
	batch->rows++;
	return ERR_OK;
}

static enum err read_batch(struct db *db, struct batch *batch)
{
	struct db_value from[KEY_MAX];
	struct query query = {
		.identity = batch->table->record,
		.variant = variant_number(batch->begins ? SELECT_FIRST : SELECT_NEXT, 0),
		.print = print_select,
		.args = { from, batch->begins ? 0 : batch->table->key_count },
	};
	struct rows rows = { .each = take_row, .context = batch };

	memcpy(from, batch->from, sizeof(from));
	return db->engine->run(db, &query, &rows);
}

static enum err replace(struct db *tx, struct batch *batch, const struct replacement *replacement)
{
	struct db_value values[2 + KEY_MAX];
	int count = 0;
	struct query query = {
		.identity = batch->table->record,
		.variant = variant_number(REPLACE_COLUMN, replacement->column),
		.print = print_replace,
		.writes = true,
	};
	struct rows rows = { .can_follow =
				     true }; /* what was changed meanwhile is nobody's fault */

	values[count++] = db_value_blob(replacement->new);
	for (int k = 0; k < batch->table->key_count; k++)
		values[count++] = replacement->key[k];
	values[count++] = db_value_blob(replacement->old);
	query.args = (struct db_args){ values, count };
	return tx->engine->run(tx, &query, &rows);
}

/* Two rotations share a key; one that is slower than they were may meet the next. */
static enum err look_for_newer(struct db *db, struct batch *batch)
{
	struct newest newest;
	enum err err = db_one(db, &select_newest, ARGS_NONE, NULL, &newest);

	batch->overtaken = err == ERR_OK && newest.number > (int64_t)batch->key_number;
	return err;
}

static enum err run_batch(struct db *tx, void *context)
{
	struct batch *batch = context;
	enum err err = look_for_newer(tx, batch);

	if (err != ERR_OK || batch->overtaken)
		return err;
	for (size_t i = 0; err == ERR_OK && i < batch->count; i++)
		err = replace(tx, batch, &batch->list[i]);
	if (err != ERR_OK || !batch->recorded)
		return err;
	return db_exec(tx, &move_progress,
		       ARGS((const char *)batch->after, (int64_t)batch->rows,
			    batch->table->record->table, (int64_t)batch->key_number,
			    (const char *)batch->before),
		       NULL);
}

/* ---- Which tables ---- */

struct records {
	const struct schema *list[RECORDS_MAX];
	size_t count;
};

static bool has_seal(const struct schema *record, const char *seal)
{
	struct columns columns;

	columns_of(record, &columns);
	for (int i = 0; i < columns.count; i++)
		if (columns.list[i].seal && strcmp(columns.list[i].seal, seal) == 0)
			return true;
	return false;
}

static bool is_covered(const struct records *records, const char *seal)
{
	for (size_t i = 0; i < records->count; i++)
		if (has_seal(records->list[i], seal))
			return true;
	return false;
}

/* A record of a table, if it has a sealed field that none before it has. */
static void add_record(struct records *records, const struct schema *record)
{
	struct columns columns;
	bool is_new = false;

	if (!record || !record->table || !record->key[0])
		return;
	columns_of(record, &columns);
	for (int i = 0; i < columns.count; i++)
		is_new = is_new ||
			 (columns.list[i].seal && !is_covered(records, columns.list[i].seal));
	if (!is_new)
		return;
	assert(records->count < RECORDS_MAX);
	records->list[records->count++] = record;
}

static void find_records(const struct statement *const *const *lists, struct records *ret_records)
{
	*ret_records = (struct records){ .count = 0 };
	for (; *lists; lists++)
		for (const struct statement *const *statement = *lists; *statement; statement++)
			add_record(ret_records, (*statement)->row);
}

/* ---- All tables ---- */

struct rotation {
	struct db *db;
	struct records records;
	const struct rotation_options *options;
	struct rotation_result *result;
	int64_t rows, told_ms;
};

/* What was met of unknown keys is looked at again, with the knowledge that there are no newer ones. */
static enum err judge_missing(struct db *db, struct batch *batch)
{
	enum err err = look_for_newer(db, batch);

	batch->all_known = true;
	memcpy(batch->after, batch->before, sizeof(batch->after));
	return err;
}

static void tell(struct rotation *rotation, const struct sealed_table *table, bool at_once)
{
	int64_t now_ms = clock_monotonic_ms();

	if (!rotation->options->out || (!at_once && now_ms - rotation->told_ms < PROGRESS_MS))
		return;
	rotation->told_ms = now_ms;
	fprintf(rotation->options->out, "%s: %" PRId64 " rows\n", table->record->table,
		rotation->rows);
	(void)fflush(rotation->options->out);
}

/* The values of the key that a cursor holds. */
static void read_cursor(struct batch *batch)
{
	char *rest = batch->before;

	batch->begins = *rest == '\0';
	for (int k = 0; k < batch->table->key_count && !batch->begins; k++) {
		char *word = strsep(&rest, " ");
		bool is_text = batch->table->columns.list[k].field->wire == WIRE_TEXT;

		word = arena_strdup(&batch->arena, word ? word : "");
		batch->from[k] =
			is_text ? db_value_text(word) : db_value_int(strtoll(word, NULL, 10));
	}
}

/* A recorded walk goes on where the last batch ended, whoever made that; another one where this one ended. */
static enum err begin_batch(struct rotation *rotation, struct batch *batch)
{
	struct progress progress;
	char cursor[CURSOR_SIZE];
	enum err err;

	snprintf(cursor, sizeof(cursor), "%s", batch->after);
	if (batch->recorded) {
		err = db_one(rotation->db, &select_progress, ARGS(batch->table->record->table),
			     &batch->arena, &progress);
		if (err != ERR_OK)
			return err;
		snprintf(cursor, sizeof(cursor), "%s", progress.last_key);
	}
	memcpy(batch->before, cursor, sizeof(cursor));
	batch->count = batch->rows = batch->bytes = 0;
	batch->full = batch->missing = false;
	batch->damaged = 0;
	read_cursor(batch);
	memcpy(batch->before, cursor, sizeof(cursor)); /* reading has cut it into words */
	return ERR_OK;
}

static enum err do_batch(struct rotation *rotation, struct batch *batch, bool *ret_more)
{
	enum err err = begin_batch(rotation, batch);

	*ret_more = false;
	if (err == ERR_NOT_FOUND)
		return ERR_OK; /* another one was here, and has finished */
	if (err == ERR_OK)
		err = read_batch(rotation->db, batch);
	*ret_more = batch->rows > 0;
	if (err == ERR_OK && batch->missing)
		return judge_missing(rotation->db, batch);
	if (err == ERR_OK && (batch->count > 0 || (batch->recorded && batch->rows > 0)))
		err = db_transaction(rotation->db, run_batch, batch);
	if (err != ERR_OK || batch->overtaken)
		return err;
	rotation->result->sealed += (int64_t)batch->count;
	rotation->result->damaged += batch->damaged;
	rotation->rows += (int64_t)batch->rows;
	return ERR_OK;
}

static enum err walk(struct rotation *rotation, const struct schema *record, bool recorded)
{
	struct batch *batch = MEMORY_NEW(struct batch);
	struct sealed_table table;
	bool more = true;
	enum err err = ERR_OK;

	table_of(record, &table);
	batch->table = &table;
	batch->keyring = rotation->db->keyring;
	batch->key_number = rotation->result->key_number;
	batch->recorded = recorded;
	rotation->rows = 0;
	rotation->told_ms = clock_monotonic_ms();
	while (err == ERR_OK && more && !batch->overtaken) {
		arena_init(&batch->arena);
		err = do_batch(rotation, batch, &more);
		arena_finish(&batch->arena);
		tell(rotation, &table, false);
	}
	tell(rotation, &table, recorded);
	rotation->result->overtaken = batch->overtaken;
	free(batch);
	return err;
}

static enum err walk_all(struct rotation *rotation, bool recorded)
{
	enum err err = ERR_OK;

	rotation->result->damaged = 0;
	for (size_t i = 0;
	     err == ERR_OK && !rotation->result->overtaken && i < rotation->records.count; i++)
		err = walk(rotation, rotation->records.list[i], recorded);
	return err;
}

/* Until a walk finds nothing more, since servers that learned late sealed under the old key. */
static enum err walk_again(struct rotation *rotation)
{
	for (int i = 0; i < WALKS_MAX; i++) {
		int64_t sealed = rotation->result->sealed;
		enum err err = walk_all(rotation, false);

		if (err != ERR_OK || rotation->result->sealed == sealed)
			return err;
	}
	return ERR_CONFLICT;
}

/* A table that the rotation has not begun yet. */
static enum err begin_table(struct db *tx, const struct schema *record, uint32_t key_number)
{
	return db_exec(tx, &insert_progress, ARGS(record->table, (int64_t)key_number), NULL);
}

/* Joins a rotation that is under way, or begins one. */
static enum err run_begin(struct db *tx, void *context)
{
	struct rotation *rotation = context;
	struct progress progress;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = db_one(tx, &select_any, ARGS_NONE, &arena, &progress);
	if (err == ERR_OK)
		rotation->result->key_number = (uint32_t)progress.data_key;
	else if (err == ERR_NOT_FOUND)
		err = key_store_make(tx, &rotation->result->key_number);
	for (size_t i = 0; err == ERR_OK && i < rotation->records.count; i++)
		err = begin_table(tx, rotation->records.list[i], rotation->result->key_number);
	arena_finish(&arena);
	return err;
}

static enum err run_end(struct db *tx, void *context)
{
	const struct rotation *rotation = context;

	return db_exec(tx, &forget_progress, ARGS((int64_t)rotation->result->key_number), NULL);
}

static void wait_ms(int64_t ms)
{
	struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&rest, NULL);
}

enum err keys_rotate(struct db *db, const struct rotation_options *options,
		     struct rotation_result *ret_result)
{
	struct rotation rotation = { .db = db, .options = options, .result = ret_result };
	enum err err;

	*ret_result = (struct rotation_result){ 0 };
	find_records(options->statements, &rotation.records);
	err = db_transaction(db, run_begin, &rotation);
	if (err == ERR_OK)
		err = key_store_learn(db);
	if (err != ERR_OK)
		return err;
	wait_ms(options->learn_ms);
	err = walk_all(&rotation, true);
	if (err == ERR_OK)
		err = walk_again(&rotation);
	return err == ERR_OK ? db_transaction(db, run_end, &rotation) : err;
}
