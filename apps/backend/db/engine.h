/*
 * Private to db/: what an engine is. database.c turns the public calls into queries; an engine runs them.
 */
#ifndef WEBPLUS_DB_ENGINE_H
#define WEBPLUS_DB_ENGINE_H

#include "db/database.h"
#include "db/row.h"

/* One thing to run. Prepared once per connection under `identity` and `variant`; `print` gives its text then. */
struct query {
	const void *identity;
	uint64_t variant;
	const struct schema *row; /* of the rows that it returns, or NULL */
	void (*print)(const struct query *query, struct buf *out);
	struct db_args args;
	/* A read runs once more with each of these, at most DB_EACH_MAX - 1; their rows come behind. */
	const struct db_args *more;
	size_t more_count;
	bool writes;
};

/* Where its rows go. */
struct rows {
	struct arena *arena;
	void *one;         /* the first row is loaded here and the rest left, or */
	struct array *all; /* every row is added here, or */
	/* every row is shown here as it is; only while the call lasts */
	enum err (*each)(void *context, const struct db_value *cells, int count);
	void *context;
	bool leave_out;      /* of `all`, what is damaged */
	bool all_keys_known; /* a value under another key is damaged */
	/*
	 * Of a write that returns none: in a transaction, an engine may say that it is done before it is, and have the
	 * transaction run again if it turns out otherwise: if it failed, or changed nothing where it must.
	 */
	bool can_follow, must_change;
	size_t capacity;
	size_t count;
	size_t left_out;
	int64_t changed;
};

struct engine {
	enum err (*run)(struct db *db, const struct query *query, struct rows *rows);
	enum err (*transaction)(struct db *db, transaction run, void *context);
	void (*submit)(struct db *db, struct db_job *job);
	enum err (*check)(struct db *db, const struct query *query, struct arena *arena,
			  const char **ret_reason);
	/* What notifies the channel $1. It and `listen` are NULL where one server has the database for itself. */
	const struct statement *notify;
	const struct statement *horizon; /* a struct db_horizon; NULL likewise */
	struct db_listener *(*listen)(struct db *db, const char *channel,
				      void (*heard)(void *context), void *context);
	struct db_counts (*counts)(struct db *db);
	void (*close)(struct db *db);
};

/* An engine's own structure begins with this one; a transaction is one too. */
struct db {
	const struct engine *engine;
	const struct keyring *keyring;
};

/* An engine's own structure begins with this one. */
struct db_listener {
	void (*end)(struct db_listener *listener);
};

/* Room for one more row; loads it. */
enum err rows_add(struct rows *rows, const struct row_plan *plan, const struct keyring *keyring,
		  const struct db_value *cells) WARN_UNUSED;

/* Whether what this thread watches (db_watch) was cancelled. */
bool db_cancelled(void);
bool db_watches(void);

enum err sqlite_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		     const char **ret_reason) WARN_UNUSED;
enum err postgres_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		       const char **ret_reason) WARN_UNUSED;

/* Whether the options name PostgreSQL. */
bool is_postgres(const struct db_options *options);

#endif
