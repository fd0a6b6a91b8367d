#include "db/copy.h"

#include "db/admin.h"
#include "db/migrate.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

enum { BATCH_ROWS = 500, KEY_MAX = 4, SUM_SIZE = 32 };

/* ---- The tables, as the migrations make them ---- */

struct table {
	const char *name;
	const char *columns[COLUMNS_MAX];
	int count;
	int key[KEY_MAX]; /* which columns, in the key's order */
	int key_count;
};

struct layout {
	struct table *tables; /* one that refers to another comes behind it */
	size_t count;
};

struct column_row {
	const char *table_name;
	const char *name;
	int key_place; /* from 1; 0: not in the key */
};

static const struct field column_row_fields[] = {
	FIELD(struct column_row, table_name, .doc = "Whose column."),
	FIELD(struct column_row, name, .doc = "Its name."),
	FIELD(struct column_row, key_place, .doc = "Its place in the primary key."),
	{ 0 },
};

static const struct schema column_row_schema =
	SCHEMA(struct column_row, column_row_fields, .name = "TableColumn");

static const struct statement select_columns = {
	"SELECT m.name AS table_name, c.name AS name, c.pk AS key_place "
	"FROM sqlite_master m JOIN pragma_table_info(m.name) c "
	"WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.rowid, c.cid",
	&column_row_schema
};

static enum err add_column(struct layout *layout, const struct column_row *row)
{
	struct table *table = layout->count ? &layout->tables[layout->count - 1] : NULL;

	if (!table || strcmp(table->name, row->table_name) != 0) {
		table = &layout->tables[layout->count++];
		table->name = row->table_name;
	}
	if (table->count == COLUMNS_MAX || row->key_place > KEY_MAX)
		return ERR_INTERNAL;
	if (row->key_place > 0) {
		table->key[row->key_place - 1] = table->count;
		table->key_count++;
	}
	table->columns[table->count++] = row->name;
	return ERR_OK;
}

static enum err read_layout(struct admin *scratch, struct arena *arena, struct layout *ret_layout)
{
	const struct column_row *columns;
	struct array rows;
	enum err err = ERR_OK;

	for (size_t i = 0; i < migrations_count && err == ERR_OK; i++)
		err = scratch->engine->script(scratch, migrations[i].up);
	if (err == ERR_OK)
		err = db_all(&scratch->db, &select_columns, ARGS_NONE, arena, &rows);
	if (err != ERR_OK)
		return err;
	columns = rows.items;
	*ret_layout = (struct layout){ ARENA_ARRAY(arena, rows.count, struct table), 0 };
	for (size_t i = 0; i < rows.count && err == ERR_OK; i++)
		err = add_column(ret_layout, &columns[i]);
	return err;
}

/* The migrations say which tables there are: they run on an empty database in memory, whose catalogue is read. */
static enum err make_layout(struct arena *arena, struct layout *ret_layout, const char **ret_reason)
{
	const struct db_options memory = { .url = "sqlite::memory:" };
	struct admin *scratch;
	enum err err = sqlite_admin_open(&memory, arena, &scratch, ret_reason);

	if (err != ERR_OK)
		return err;
	err = read_layout(scratch, arena, ret_layout);
	if (err != ERR_OK)
		*ret_reason = "the tables of the migrations could not be read";
	scratch->engine->close(scratch);
	return err;
}

/* ---- Statements, prepared under the table ---- */

enum variant { SELECT_FIRST, SELECT_NEXT, SELECT_ONE, INSERT };

static void print_names(const struct table *table, struct buf *out)
{
	for (int i = 0; i < table->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", table->columns[i]);
}

static void print_key(const struct table *table, struct buf *out)
{
	for (int i = 0; i < table->key_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", table->columns[table->key[i]]);
}

static void print_parameters(int count, struct buf *out)
{
	for (int i = 1; i <= count; i++)
		buf_printf(out, "%s$%d", i > 1 ? ", " : "", i);
}

static void print_select(const struct query *query, struct buf *out)
{
	const struct table *table = query->identity;

	BUF_LITERAL(out, "SELECT ");
	print_names(table, out);
	buf_printf(out, " FROM %s", table->name);
	if (query->variant == SELECT_NEXT) {
		BUF_LITERAL(out, " WHERE (");
		print_key(table, out);
		BUF_LITERAL(out, ") > (");
		print_parameters(table->key_count, out);
		BUF_LITERAL(out, ")");
	}
	BUF_LITERAL(out, " ORDER BY ");
	print_key(table, out);
	buf_printf(out, " LIMIT %d", query->variant == SELECT_ONE ? 1 : BATCH_ROWS);
}

static void print_insert(const struct query *query, struct buf *out)
{
	const struct table *table = query->identity;

	buf_printf(out, "INSERT INTO %s (", table->name);
	print_names(table, out);
	BUF_LITERAL(out, ") VALUES (");
	print_parameters(table->count, out);
	BUF_LITERAL(out, ")");
}

/* ---- Reading a whole table ---- */

/* One way through a table, in the order of its key. */
struct walk {
	const struct table *table;
	struct admin *target; /* where each row is written too, or NULL */
	struct arena arena;   /* of `last` */
	struct db_value last[KEY_MAX];
	int64_t count;
	int batch;
	crypto_generichash_state state;
};

static void hash_value(crypto_generichash_state *state, const struct db_value *value)
{
	bool scalar = value->type == DB_INT || value->type == DB_REAL;
	unsigned char head[9] = { (unsigned char)value->type };
	uint64_t bits = 0;

	if (value->type == DB_REAL)
		memcpy(&bits, &value->real, sizeof(bits));
	else if (value->type != DB_NULL)
		bits = scalar ? (uint64_t)value->integer : value->bytes.size;
	for (int i = 0; i < 8; i++)
		head[i + 1] = (unsigned char)(bits >> 8 * i);
	crypto_generichash_update(state, head, sizeof(head));
	if (!scalar && value->type != DB_NULL)
		crypto_generichash_update(state, value->bytes.data, value->bytes.size);
}

static void keep_last(struct walk *walk, const struct db_value *cells)
{
	arena_finish(&walk->arena);
	for (int i = 0; i < walk->table->key_count; i++) {
		struct db_value *last = &walk->last[i];

		*last = cells[walk->table->key[i]];
		if (last->type == DB_TEXT || last->type == DB_BLOB)
			last->bytes.data =
				arena_strndup(&walk->arena, last->bytes.data, last->bytes.size);
	}
}

static enum err write_row(const struct walk *walk, const struct db_value *cells)
{
	struct query query = { .identity = walk->table,
			       .variant = INSERT,
			       .print = print_insert,
			       .args = { cells, walk->table->count },
			       .writes = true };
	struct rows rows = { 0 };

	return walk->target->db.engine->run(&walk->target->db, &query, &rows);
}

static enum err take_row(void *context, const struct db_value *cells, int count)
{
	struct walk *walk = context;

	for (int i = 0; i < count; i++)
		hash_value(&walk->state, &cells[i]);
	walk->count++;
	walk->batch++;
	keep_last(walk, cells);
	return walk->target ? write_row(walk, cells) : ERR_OK;
}

/* Ends with fewer rows than a batch holds. */
static enum err read_table(struct admin *source, struct walk *walk)
{
	enum err err = ERR_OK;

	do {
		struct query query = {
			.identity = walk->table,
			.variant = walk->count ? SELECT_NEXT : SELECT_FIRST,
			.print = print_select,
			.args = { walk->last, walk->count ? walk->table->key_count : 0 },
		};
		struct rows rows = { .each = take_row, .context = walk };

		walk->batch = 0;
		err = source->db.engine->run(&source->db, &query, &rows);
	} while (err == ERR_OK && walk->batch == BATCH_ROWS);
	return err;
}

static enum err walk_table(struct admin *source, struct admin *target, const struct table *table,
			   int64_t *ret_count, unsigned char sum[static SUM_SIZE])
{
	struct walk walk = { .table = table, .target = target };
	enum err err;

	arena_init(&walk.arena);
	crypto_generichash_init(&walk.state, NULL, 0, SUM_SIZE);
	err = read_table(source, &walk);
	arena_finish(&walk.arena);
	crypto_generichash_final(&walk.state, sum, SUM_SIZE);
	*ret_count = walk.count;
	return err;
}

/* ---- The copy ---- */

struct copy {
	struct admin *from, *to;
	FILE *progress;
	struct arena *arena;
	const char **reason;
};

static enum err fail(struct copy *copy, enum err err, const struct table *table, const char *what)
{
	*copy->reason = arena_printf(copy->arena, "the table %s %s", table->name, what);
	return err;
}

static enum err note_row(void *context, const struct db_value *cells, int count)
{
	(void)cells;
	(void)count;
	*(bool *)context = true;
	return ERR_OK;
}

static enum err check_empty(struct copy *copy, const struct table *table)
{
	struct query query = { .identity = table, .variant = SELECT_ONE, .print = print_select };
	bool found = false;
	struct rows rows = { .each = note_row, .context = &found };
	enum err err = copy->to->db.engine->run(&copy->to->db, &query, &rows);

	if (err != ERR_OK)
		return fail(copy, err, table, "of the target cannot be read");
	return found ? fail(copy, ERR_CONFLICT, table,
			    "of the target holds rows already: give an empty database")
		     : ERR_OK;
}

static enum err write_table(struct copy *copy, const struct table *table, int64_t *ret_count,
			    unsigned char sum[static SUM_SIZE])
{
	const struct admin_engine *engine = copy->to->engine;
	enum err err = engine->begin(copy->to, ADMIN_ALONE);

	if (err == ERR_OK)
		err = walk_table(copy->from, copy->to, table, ret_count, sum);
	if (err == ERR_OK)
		err = engine->script(copy->to, "COMMIT");
	else
		(void)!engine->script(copy->to, "ROLLBACK");
	return err;
}

static enum err copy_table(struct copy *copy, const struct table *table)
{
	unsigned char sum[SUM_SIZE], written[SUM_SIZE];
	int64_t count, written_count;

	if (write_table(copy, table, &count, sum) != ERR_OK)
		return fail(copy, ERR_UNAVAILABLE, table,
			    "could not be copied; empty the target before the next try");
	if (walk_table(copy->to, NULL, table, &written_count, written) != ERR_OK ||
	    written_count != count || memcmp(sum, written, sizeof(sum)) != 0)
		return fail(copy, ERR_CORRUPT, table, "is not the same in the target");
	fprintf(copy->progress, "%-24s %10" PRId64 " rows, verified\n", table->name, count);
	return ERR_OK;
}

static enum err copy_tables(struct copy *copy, const struct layout *layout)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < layout->count && err == ERR_OK; i++)
		err = check_empty(copy, &layout->tables[i]);
	if (err == ERR_OK) {
		err = copy->from->engine->begin(copy->from, ADMIN_SNAPSHOT);
		if (err != ERR_OK)
			*copy->reason = "the source cannot be read";
	}
	for (size_t i = 0; i < layout->count && err == ERR_OK; i++)
		err = copy_table(copy, &layout->tables[i]);
	return err;
}

static enum err copy_into(struct copy *copy, const struct db_options *to,
			  const struct layout *layout)
{
	enum err err = migrate_to(to, MIGRATE_LATEST, copy->arena, copy->reason);

	if (err == ERR_OK)
		err = admin_open(to, copy->arena, &copy->to, copy->reason);
	if (err != ERR_OK)
		return err;
	err = copy_tables(copy, layout);
	copy->to->engine->close(copy->to);
	return err;
}

enum err db_copy(const struct db_options *from, const struct db_options *to, FILE *progress,
		 struct arena *arena, const char **ret_reason)
{
	struct copy copy = { .progress = progress, .arena = arena, .reason = ret_reason };
	struct layout layout;
	enum err err = make_layout(arena, &layout, ret_reason);

	if (err == ERR_OK)
		err = migrate_check(from, arena, ret_reason);
	if (err == ERR_OK)
		err = admin_open(from, arena, &copy.from, ret_reason);
	if (err != ERR_OK)
		return err;
	err = copy_into(&copy, to, &layout);
	copy.from->engine->close(copy.from);
	return err;
}
