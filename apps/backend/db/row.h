/*
 * Private to db/: rows of a table as records of a schema, whichever engine reads or writes them.
 *
 * The columns of a schema are its fields but the `shown` ones; a nested record stands as its own columns with its name
 * and an underscore before theirs. Any thread; a plan belongs to the connection that prepared its statement.
 */
#ifndef WEBPLUS_DB_ROW_H
#define WEBPLUS_DB_ROW_H

#include "db/database.h"

enum { COLUMNS_MAX = 48, COLUMN_NAME_SIZE = 64 };

struct column {
	char name[COLUMN_NAME_SIZE];
	const struct field *field;
	size_t offset;    /* in the whole record */
	int row;          /* of the outermost field, as struct presence counts */
	const char *seal; /* the field's stable name if it is sealed, or NULL */
	bool nullable;
};

struct columns {
	struct column list[COLUMNS_MAX];
	int count;
};

void columns_of(const struct schema *schema, struct columns *ret_columns);

/* How the columns of one prepared statement become a record; made once per statement and connection. */
struct row_plan {
	const struct schema *schema;
	struct columns columns; /* in the order of the statement */
	int key[2];             /* which columns are the row's key; -1: none */
};

/* ERR_INTERNAL, with *ret_reason in the arena, when the names are not the schema's columns, each once. */
enum err row_plan_make(const struct schema *schema, const char *const *names, int count,
		       struct row_plan *ret_plan, struct arena *arena,
		       const char **ret_reason) WARN_UNUSED;
/*
 * Texts are copied into the arena. `cells` has as many values as the plan has columns. ERR_CORRUPT: *ret_column, which
 * lives as long as the plan, is not what the schema says.
 */
enum err row_load(const struct row_plan *plan, const struct keyring *keyring,
		  const struct db_value *cells, struct arena *arena, void *ret_row,
		  const char **ret_column) WARN_UNUSED;
/* The key of a row, for a log: its one or two values. */
const char *row_key(const struct row_plan *plan, const struct db_value *cells, struct arena *arena);

/* All rows of struct presence. */
#define ROW_ALL UINT64_MAX

/* The statement's text with its columns written out. */
void row_print_statement(const struct statement *statement, struct buf *out);
void row_print_insert(const struct schema *schema, struct buf *out);
/* Whether the mask holds anything but the key. */
bool row_updates(const struct schema *schema, uint64_t mask);
/* Sets the columns of the fields in `mask` but the key, which are the last parameters. */
void row_print_update(const struct schema *schema, uint64_t mask, struct buf *out);

/* The values for row_print_insert; at most COLUMNS_MAX. Sealed ones are made in the arena. */
int row_insert_values(const struct schema *schema, const struct keyring *keyring, const void *row,
		      struct arena *arena, struct db_value *ret_values);
/* The values for row_print_update; at most COLUMNS_MAX. */
int row_update_values(const struct schema *schema, const struct keyring *keyring, const void *row,
		      uint64_t mask, struct arena *arena, struct db_value *ret_values);

#endif
