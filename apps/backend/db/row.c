#include "db/row.h"

#include "security/encryption.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { TEXTS_MAX = 1024 * 1024 /* bytes of a list of texts */ };

static void add_columns(const struct schema *schema, const char *prefix, size_t offset, int row,
			bool nullable, struct columns *columns)
{
	for (const struct field *field = schema->fields; field->name; field++) {
		int index = row >= 0 ? row : (int)(field - schema->fields);
		struct column *column;
		char name[COLUMN_NAME_SIZE];

		if (field->shown || field->wire == WIRE_LIST)
			continue;
		snprintf(name, sizeof(name), "%s%s", prefix, field->name);
		if (field->wire == WIRE_OBJECT) {
			strncat(name, "_", sizeof(name) - strlen(name) - 1);
			add_columns(field->schema, name, offset + field->offset, index,
				    nullable || field->nullable, columns);
			continue;
		}
		assert(columns->count < COLUMNS_MAX);
		column = &columns->list[columns->count++];
		memcpy(column->name, name, sizeof(name));
		column->field = field;
		column->offset = offset + field->offset;
		column->row = index;
		column->seal = field->private ? field->private : field->secret;
		column->nullable = nullable || field->nullable;
	}
}

void columns_of(const struct schema *schema, struct columns *ret_columns)
{
	ret_columns->count = 0;
	add_columns(schema, "", 0, -1, false, ret_columns);
}

static int find_column(const struct columns *columns, const char *name)
{
	for (int i = 0; i < columns->count; i++)
		if (strcmp(columns->list[i].name, name) == 0)
			return i;
	return -1;
}

static bool is_key(const struct schema *schema, const char *name)
{
	return (schema->key[0] && strcmp(schema->key[0], name) == 0) ||
	       (schema->key[1] && strcmp(schema->key[1], name) == 0);
}

/* ---- Reading ---- */

static enum err plan_fault(struct arena *arena, const char **ret_reason, const char *what,
			   const char *name)
{
	*ret_reason = arena_printf(arena, "%s column %s", what, name);
	return ERR_INTERNAL;
}

enum err row_plan_make(const struct schema *schema, const char *const *names, int count,
		       struct row_plan *ret_plan, struct arena *arena, const char **ret_reason)
{
	struct columns known;
	bool seen[COLUMNS_MAX] = { false };

	columns_of(schema, &known);
	*ret_plan =
		(struct row_plan){ .schema = schema, .columns.count = count, .key = { -1, -1 } };
	for (int i = 0; i < count; i++) {
		int at = find_column(&known, names[i]);

		if (at < 0)
			return plan_fault(arena, ret_reason, "unknown", names[i]);
		if (seen[at])
			return plan_fault(arena, ret_reason, "duplicate", names[i]);
		seen[at] = true;
		ret_plan->columns.list[i] = known.list[at];
		for (int k = 0; k < 2; k++)
			if (schema->key[k] && strcmp(schema->key[k], names[i]) == 0)
				ret_plan->key[k] = i;
	}
	for (int i = 0; i < known.count; i++)
		if (!seen[i])
			return plan_fault(arena, ret_reason, "missing", known.list[i].name);
	return ERR_OK;
}

static bool cell_fits(const struct column *column, const struct db_value *cell)
{
	if (cell->type == DB_NULL)
		return column->nullable;
	if (column->seal)
		return cell->type == DB_BLOB;
	switch (column->field->wire) {
	case WIRE_TEXT:
	case WIRE_TEXTS:
	case WIRE_ENUM:
		return cell->type == DB_TEXT;
	case WIRE_BLOB:
		return cell->type == DB_BLOB;
	case WIRE_NUMBER:
		return cell->type == DB_REAL || cell->type == DB_INT;
	default:
		return cell->type == DB_INT;
	}
}

/* A value of a key, as the seals of its row are bound to it. */
static const char *key_text(const struct db_value *value, struct arena *arena)
{
	if (value->type == DB_INT)
		return arena_printf(arena, "%lld", (long long)value->integer);
	return arena_strndup(arena, value->bytes.data, value->bytes.size);
}

static enum err load_sealed(const struct row_plan *plan, const struct column *column,
			    const struct keyring *keyring, const struct db_value *cells,
			    struct blob sealed, struct arena *arena, void *at)
{
	struct seal_place place = { .field = column->seal };
	const char *plain;
	size_t length;
	enum err err;

	for (int k = 0; k < 2; k++)
		if (plan->key[k] >= 0)
			place.key[k] = key_text(&cells[plan->key[k]], arena);
	err = unseal(keyring, &place, sealed, arena, &plain, &length);
	if (err != ERR_OK)
		return err;
	if (column->field->wire == WIRE_BLOB)
		*(struct blob *)at = (struct blob){ plain, length };
	else
		*(const char **)at = plain;
	return ERR_OK;
}

static enum err load_enum(const struct field *field, struct blob word, unsigned *ret_value)
{
	for (unsigned i = 0; field->names[i]; i++) {
		if (strlen(field->names[i]) == word.size &&
		    memcmp(field->names[i], word.data, word.size) == 0) {
			*ret_value = i;
			return ERR_OK;
		}
	}
	return ERR_CORRUPT;
}

/* One a line. */
static void load_texts(struct blob cell, struct arena *arena, struct texts *ret_texts)
{
	char *at = arena_strndup(arena, cell.data, cell.size);
	size_t count = 0;

	for (const char *c = at; *c; c++)
		count += *c == '\n';
	ret_texts->items = ARENA_ARRAY(arena, count + 1, const char *);
	while (*at) {
		char *end = at + strcspn(at, "\n");

		ret_texts->items[ret_texts->count++] = at;
		at = *end ? end + 1 : end;
		*end = '\0';
	}
}

static enum err load_int(const struct field *field, int64_t value, void *at)
{
	if (field->wire == WIRE_BOOL)
		*(bool *)at = value != 0;
	else if (field->wire == WIRE_TIME)
		*(struct timestamp *)at = (struct timestamp){ value };
	else if (field->size != sizeof(int))
		*(int64_t *)at = value;
	else if (value >= INT_MIN && value <= INT_MAX)
		*(int *)at = (int)value;
	else
		return ERR_CORRUPT;
	return ERR_OK;
}

static enum err load_cell(const struct row_plan *plan, const struct column *column,
			  const struct keyring *keyring, const struct db_value *cells,
			  const struct db_value *cell, struct arena *arena, void *at)
{
	if (!cell_fits(column, cell))
		return ERR_CORRUPT;
	if (cell->type == DB_NULL)
		return ERR_OK;
	if (column->seal)
		return load_sealed(plan, column, keyring, cells, cell->bytes, arena, at);
	switch (column->field->wire) {
	case WIRE_TEXT:
		*(const char **)at = arena_strndup(arena, cell->bytes.data, cell->bytes.size);
		return ERR_OK;
	case WIRE_ENUM:
		return load_enum(column->field, cell->bytes, at);
	case WIRE_TEXTS:
		load_texts(cell->bytes, arena, at);
		return ERR_OK;
	case WIRE_BLOB:
		*(struct blob *)at =
			(struct blob){ arena_strndup(arena, cell->bytes.data, cell->bytes.size),
				       cell->bytes.size };
		return ERR_OK;
	case WIRE_NUMBER:
		*(double *)at = cell->type == DB_REAL ? cell->real : (double)cell->integer;
		return ERR_OK;
	default:
		return load_int(column->field, cell->integer, at);
	}
}

enum err row_load(const struct row_plan *plan, const struct keyring *keyring,
		  const struct db_value *cells, struct arena *arena, void *ret_row,
		  const char **ret_column)
{
	memset(ret_row, 0, plan->schema->size);
	for (int i = 0; i < plan->columns.count; i++) {
		const struct column *column = &plan->columns.list[i];
		enum err err = load_cell(plan, column, keyring, cells, &cells[i], arena,
					 (char *)ret_row + column->offset);

		if (err != ERR_OK) {
			*ret_column = column->name;
			return err;
		}
	}
	return ERR_OK;
}

const char *row_key(const struct row_plan *plan, const struct db_value *cells, struct arena *arena)
{
	const char *text = "";

	for (int k = 0; k < 2; k++) {
		const struct db_value *value = plan->key[k] < 0 ? NULL : &cells[plan->key[k]];

		if (value && (value->type == DB_INT || value->type == DB_TEXT))
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "",
					    key_text(value, arena));
	}
	return text;
}

/* ---- Statements ---- */

static void print_columns(const struct schema *schema, const char *alias, size_t alias_length,
			  struct buf *out)
{
	struct columns columns;

	columns_of(schema, &columns);
	for (int i = 0; i < columns.count; i++) {
		if (i > 0)
			BUF_LITERAL(out, ", ");
		if (alias_length > 0) {
			buf_append(out, alias, alias_length);
			buf_append_char(out, '.');
		}
		buf_append_text(out, columns.list[i].name);
	}
}

void row_print_statement(const struct statement *statement, struct buf *out)
{
	static const char mark[] = "{columns";
	const char *at = statement->sql;

	for (const char *next = strstr(at, mark); next; next = strstr(at, mark)) {
		const char *alias = next + sizeof(mark) - 1;
		const char *end = strchr(alias, '}');

		assert(end && statement->row && (*alias == ':' || alias == end));
		alias += *alias == ':';
		buf_append(out, at, (size_t)(next - at));
		print_columns(statement->row, alias, (size_t)(end - alias), out);
		at = end + 1;
	}
	buf_append_text(out, at);
}

void row_print_insert(const struct schema *schema, struct buf *out)
{
	struct columns columns;

	columns_of(schema, &columns);
	buf_printf(out, "INSERT INTO %s (", schema->table);
	print_columns(schema, "", 0, out);
	BUF_LITERAL(out, ") VALUES (");
	for (int i = 0; i < columns.count; i++)
		buf_printf(out, "%s$%d", i ? ", " : "", i + 1);
	buf_append_char(out, ')');
}

static bool is_updated(const struct schema *schema, const struct column *column, uint64_t mask)
{
	return (mask >> column->row & 1) && !is_key(schema, column->name);
}

bool row_updates(const struct schema *schema, uint64_t mask)
{
	struct columns columns;
	bool any = false;

	columns_of(schema, &columns);
	for (int i = 0; i < columns.count && !any; i++)
		any = is_updated(schema, &columns.list[i], mask);
	return any;
}

void row_print_update(const struct schema *schema, uint64_t mask, struct buf *out)
{
	struct columns columns;
	int number = 0;

	columns_of(schema, &columns);
	buf_printf(out, "UPDATE %s SET ", schema->table);
	for (int i = 0; i < columns.count; i++)
		if (is_updated(schema, &columns.list[i], mask)) {
			buf_printf(out, "%s%s = $%d", number ? ", " : "", columns.list[i].name,
				   number + 1);
			number++;
		}
	for (int k = 0; k < 2 && schema->key[k]; k++)
		buf_printf(out, "%s%s = $%d", k ? " AND " : " WHERE ", schema->key[k], ++number);
}

/* ---- Writing ---- */

static struct db_value texts_value(const struct texts *texts, struct arena *arena)
{
	struct buf lines;
	struct db_value value;

	buf_init(&lines, TEXTS_MAX);
	for (size_t i = 0; i < texts->count; i++)
		buf_printf(&lines, "%s%s", i ? "\n" : "", texts->items[i]);
	value = db_value_text(arena_strndup(arena, lines.length ? lines.data : "", lines.length));
	buf_finish(&lines);
	return value;
}

/* Where null is a value, 0 stands for it. */
static struct db_value int_value(const struct column *column, const void *at)
{
	int64_t value;

	if (column->field->wire == WIRE_BOOL)
		return db_value_int(*(const bool *)at);
	value = column->field->size == sizeof(int) ? *(const int *)at : *(const int64_t *)at;
	if (value == 0 && column->nullable)
		return (struct db_value){ .type = DB_NULL };
	return db_value_int(value);
}

static struct db_value time_value(const struct column *column, struct timestamp time)
{
	if (time.ms == 0 && column->nullable)
		return (struct db_value){ .type = DB_NULL };
	return db_value_time(time);
}

static struct db_value sealed_value(const struct schema *schema, const struct column *column,
				    const struct keyring *keyring, const void *row,
				    struct arena *arena);

static struct db_value column_value(const struct schema *schema, const struct column *column,
				    const struct keyring *keyring, const void *row,
				    struct arena *arena)
{
	const void *at = (const char *)row + column->offset;

	if (column->seal)
		return sealed_value(schema, column, keyring, row, arena);
	switch (column->field->wire) {
	case WIRE_TEXT:
		return db_value_text(*(const char *const *)at);
	case WIRE_ENUM:
		return db_value_text(column->field->names[*(const unsigned *)at]);
	case WIRE_TEXTS:
		return texts_value(at, arena);
	case WIRE_TIME:
		return time_value(column, *(const struct timestamp *)at);
	case WIRE_NUMBER:
		return db_value_real(*(const double *)at);
	case WIRE_BLOB:
		if (!((const struct blob *)at)->data && column->nullable)
			return (struct db_value){ .type = DB_NULL };
		return db_value_blob(*(const struct blob *)at);
	default:
		return int_value(column, at);
	}
}

/* What is to be sealed, a text or a blob; without data it is null. */
static struct blob plain_value(const struct column *column, const void *at)
{
	const char *text;

	if (column->field->wire == WIRE_BLOB)
		return *(const struct blob *)at;
	text = *(const char *const *)at;
	return (struct blob){ text, text ? strlen(text) : 0 };
}

/* A seal is bound to the key of its row. */
static struct db_value sealed_value(const struct schema *schema, const struct column *column,
				    const struct keyring *keyring, const void *row,
				    struct arena *arena)
{
	struct seal_place place = { .field = column->seal };
	struct blob plain = plain_value(column, (const char *)row + column->offset);

	if (!plain.data)
		return (struct db_value){ .type = DB_NULL };
	for (int k = 0; k < 2 && schema->key[k]; k++) {
		const struct field *field = schema_field(schema, schema->key[k]);
		struct column key = { .field = field, .offset = field->offset };
		struct db_value value = column_value(schema, &key, keyring, row, arena);

		place.key[k] = key_text(&value, arena);
	}
	return db_value_blob(seal(keyring, &place, plain.data, plain.size, arena));
}

int row_insert_values(const struct schema *schema, const struct keyring *keyring, const void *row,
		      struct arena *arena, struct db_value *ret_values)
{
	struct columns columns;

	columns_of(schema, &columns);
	for (int i = 0; i < columns.count; i++)
		ret_values[i] = column_value(schema, &columns.list[i], keyring, row, arena);
	return columns.count;
}

int row_update_values(const struct schema *schema, const struct keyring *keyring, const void *row,
		      uint64_t mask, struct arena *arena, struct db_value *ret_values)
{
	struct columns columns;
	int count = 0;

	columns_of(schema, &columns);
	for (int i = 0; i < columns.count; i++)
		if (is_updated(schema, &columns.list[i], mask))
			ret_values[count++] =
				column_value(schema, &columns.list[i], keyring, row, arena);
	for (int k = 0; k < 2 && schema->key[k]; k++) {
		int at = find_column(&columns, schema->key[k]);

		assert(at >= 0);
		ret_values[count++] = column_value(schema, &columns.list[at], keyring, row, arena);
	}
	return count;
}
