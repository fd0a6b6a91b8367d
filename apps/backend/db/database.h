/*
 * The database: one interface, whichever engine is behind it.
 *
 * A statement is a constant, named once in the store that uses it, with the schema of its rows. `{columns}` in its text
 * stands for the columns of that schema, `{columns:m}` for the same with the alias m. Parameters are $1, $2, …
 *
 *	static const struct statement conversation_by_id = {
 *		"SELECT {columns} FROM conversation WHERE id = $1 AND deleted_at IS NULL", &conversation_row_schema };
 *
 *	err = db_one(db, &conversation_by_id, ARGS(id), arena, &row);
 *
 * Rows are read into structs by column name: a missing, extra or duplicate column is an error when the statement is first
 * prepared, a NULL where the field has none is ERR_CORRUPT when it is met. Sealed fields are sealed and opened on the way.
 *
 * A `struct db` is either the database, callable from any worker, or a transaction, callable only inside its function.
 * On the database, reads run on a leased reader connection, and each write is a transaction of its own.
 *
 * Errors: ERR_NOT_FOUND (db_one: no row; db_update: none changed), ERR_CONFLICT (a unique or foreign key), ERR_CANCELLED, ERR_DISK_FULL,
 * ERR_UNAVAILABLE (the engine is gone or too busy), ERR_UNCONFIRMED (it went while it committed: done or not), ERR_CORRUPT (stored data is not what the schema says), ERR_INTERNAL.
 */
#ifndef WEBPLUS_DB_DATABASE_H
#define WEBPLUS_DB_DATABASE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "schema/schema.h"
#include "security/keyring.h"

#include <stdatomic.h>
#include <stdint.h>

struct db;

struct statement {
	const char *sql;
	const struct schema *row; /* NULL when it returns none */
};

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_type type;
	union {
		int64_t integer;
		double real;
		struct blob bytes; /* DB_TEXT and DB_BLOB */
	};
};

struct db_args {
	const struct db_value *values;
	int count;
};

/* ARGS(id, owner, now): the values of $1, $2, $3, each bound by its C type. ARGS_NONE for a statement without parameters. */
#define ARGS_NONE ((struct db_args){ NULL, 0 })
#define ARGS(...)                                                                                  \
	((struct db_args){ (const struct db_value[]){ DB_EACH(__VA_ARGS__) },                      \
			   DB_COUNT(__VA_ARGS__) })

/* The only row, or the first. */
enum err db_one(struct db *db, const struct statement *statement, struct db_args args,
		struct arena *arena, void *ret_row) WARN_UNUSED;
/* Every row; the statement itself limits how many. */
enum err db_all(struct db *db, const struct statement *statement, struct db_args args,
		struct arena *arena, struct array *ret_rows) WARN_UNUSED;
/*
 * The same for a list that people choose from: rows that are damaged are left out and counted, so that one does not hide
 * the others. Wherever it is read, a damaged row is logged with its table, column and key.
 */
enum err db_all_sound(struct db *db, const struct statement *statement, struct db_args args,
		      struct arena *arena, struct array *ret_rows,
		      size_t *ret_left_out) WARN_UNUSED;
/*
 * The same, once for each list of arguments: the rows of the first list, then those of the second, and so on. On PostgreSQL
 * DB_EACH_MAX of them take one round trip, so this is for what would otherwise be read one after the other.
 */
enum { DB_EACH_MAX = 16 };
enum err db_each_sound(struct db *db, const struct statement *statement,
		       const struct db_args *lists, size_t count, struct arena *arena,
		       struct array *ret_rows) WARN_UNUSED;
/* `ret_changed` may be NULL. */
enum err db_exec(struct db *db, const struct statement *statement, struct db_args args,
		 int64_t *ret_changed) WARN_UNUSED;

/* Writes a record into its schema's table, all its columns. */
enum err db_insert(struct db *db, const struct schema *schema, const void *row) WARN_UNUSED;
/*
 * Writes the record's columns to the row with its key: those that `presence` says were given, or all.
 * `table` and `key` are the schema's. ERR_NOT_FOUND when there is no such row.
 */
enum err db_update(struct db *db, const struct schema *schema, const void *row) WARN_UNUSED;

/*
 * Runs `run` in a serialisable transaction, which commits if it returns ERR_OK and is rolled back otherwise. It may run
 * more than once, and on another thread (SQLite's writer): database calls only, no network, no hashing, no JSON, and nothing
 * kept from a run before. Returns after the commit is durable.
 */
typedef enum err (*transaction)(struct db *tx, void *context);
enum err db_transaction(struct db *db, transaction run, void *context) WARN_UNUSED;

/* The same without waiting, from the loop: `done` is called on the loop. The job belongs to the caller. */
struct db_job {
	transaction run;
	void (*done)(struct db_job *job, enum err err);
	enum err result;
	struct list node;
	struct loop_task task;
};
void db_submit(struct db *db, struct db_job *job);

/*
 * Between the servers of one database. A channel is a constant of small letters and `_`. On SQLite nothing is sent and
 * nothing heard, since one server has the file for itself.
 *
 * A server that is cut off hears nothing: who must not miss a thing also looks by himself, only less often.
 */
struct db_listener;

/* In a transaction: sent when it commits. */
enum err db_notify(struct db *tx, const char *channel) WARN_UNUSED;
/*
 * On the loop: from now on `heard` is called there after somebody, this server too, has notified the channel; once for
 * what comes close together, and also each time that listening has begun, for what was sent before. NULL on SQLite.
 */
struct db_listener *db_listen(struct db *db, const char *channel, void (*heard)(void *context),
			      void *context) WARN_UNUSED;
/* On the loop, before db_close: `heard` is not called any more. May wait for a connection that is being opened. */
void db_unlisten(struct db_listener *listener);

/*
 * From now on, reads of this thread end with ERR_CANCELLED when the flag is set. NULL: with nothing. The flag must
 * outlive the reads.
 */
void db_watch(const atomic_bool *cancelled);

/*
 * For who got ERR_UNCONFIRMED and waits until that transaction is over, one way or the other: `own` is the number of this
 * transaction, larger than that of any that began to write before it; each one below `oldest` is over, and what it wrote can be
 * read, if it was committed. On SQLite nothing is left unconfirmed: all are over.
 */
struct db_horizon {
	int64_t own, oldest;
};
enum err db_horizon(struct db *tx, struct db_horizon *ret_horizon) WARN_UNUSED;

enum { DB_CHECKOUT_MS = 5000, DB_ANSWER_MS = 10000 };

struct db_options {
	const char *url; /* postgresql://…, sqlite:PATH of a file or its folder, or NULL: SQLite */
	const char *folder;  /* SQLite without url: where webplus.db lies */
	const char *vfs;     /* SQLite: NULL, or the VFS of a bench or test */
	unsigned readers;    /* connections at most; SQLite's one writer is not counted */
	int64_t checkout_ms; /* how long to wait for a connection; 0: DB_CHECKOUT_MS */
	int64_t life_ms;     /* how long a connection is used; 0: for ever */
	int64_t answer_ms;   /* PostgreSQL: how long it may take for a statement; 0: DB_ANSWER_MS */
	struct loop *loop;   /* for db_submit and db_listen; NULL in commands that have none */
	const struct keyring *keyring;
};

/* *ret_reason is a sentence for the administrator; it lives in the arena. */
enum err db_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		 const char **ret_reason) WARN_UNUSED;
/* Waits for what was submitted. */
void db_close(struct db *db);

struct db_pool_counts {
	unsigned size, open, in_use, waiting;
	uint64_t checkouts;
	uint64_t timeouts; /* nothing came back in time */
	uint64_t failures; /* a connection could not be opened */
};

struct db_counts {
	uint64_t statements; /* in transactions and out of them */
	uint64_t reads, transactions, commits, rollbacks;
	uint64_t retries;      /* PostgreSQL: transactions run again, since they met another one */
	unsigned write_places; /* PostgreSQL: transactions that may run at once */
	struct db_pool_counts pool;
};

struct db_counts db_counts(struct db *db);

/* Prepares the statement and forgets it: finds what is wrong with it. For tests and `webplus doctor`. */
enum err db_check(struct db *db, const struct statement *statement, struct arena *arena,
		  const char **ret_reason) WARN_UNUSED;

static inline struct db_value db_value_int(int64_t value)
{
	return (struct db_value){ .type = DB_INT, .integer = value };
}

static inline struct db_value db_value_real(double value)
{
	return (struct db_value){ .type = DB_REAL, .real = value };
}

static inline struct db_value db_value_time(struct timestamp value)
{
	return (struct db_value){ .type = DB_INT, .integer = value.ms };
}

static inline struct db_value db_value_blob(struct blob value)
{
	return (struct db_value){ .type = DB_BLOB, .bytes = value };
}

struct db_value db_value_text(const char *text);

#define DB_VALUE(x)                                                                                \
	_Generic((x),                                                                              \
		bool: db_value_int,                                                                \
		int: db_value_int,                                                                 \
		int64_t: db_value_int,                                                             \
		double: db_value_real,                                                             \
		struct timestamp: db_value_time,                                                   \
		struct blob: db_value_blob,                                                        \
		char *: db_value_text,                                                             \
		const char *: db_value_text)(x)

#define DB_COUNT(...) DB_COUNT_(__VA_ARGS__, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DB_COUNT_(a, b, c, d, e, f, g, h, i, j, count, ...) count
#define DB_EACH(...) DB_JOIN(DB_EACH_, DB_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define DB_JOIN(a, b) DB_JOIN_(a, b)
#define DB_JOIN_(a, b) a##b
#define DB_EACH_1(x) DB_VALUE(x)
#define DB_EACH_2(x, ...) DB_VALUE(x), DB_EACH_1(__VA_ARGS__)
#define DB_EACH_3(x, ...) DB_VALUE(x), DB_EACH_2(__VA_ARGS__)
#define DB_EACH_4(x, ...) DB_VALUE(x), DB_EACH_3(__VA_ARGS__)
#define DB_EACH_5(x, ...) DB_VALUE(x), DB_EACH_4(__VA_ARGS__)
#define DB_EACH_6(x, ...) DB_VALUE(x), DB_EACH_5(__VA_ARGS__)
#define DB_EACH_7(x, ...) DB_VALUE(x), DB_EACH_6(__VA_ARGS__)
#define DB_EACH_8(x, ...) DB_VALUE(x), DB_EACH_7(__VA_ARGS__)
#define DB_EACH_9(x, ...) DB_VALUE(x), DB_EACH_8(__VA_ARGS__)
#define DB_EACH_10(x, ...) DB_VALUE(x), DB_EACH_9(__VA_ARGS__)

#endif
