/*
 * Private to db/: one connection for what happens to a whole database while nobody else works on it: its migrations,
 * and its copy to another engine.
 *
 * Statements run on `db` as they come, within what `begin` opened and a script of COMMIT or ROLLBACK ends. No sealed
 * columns: there is no keyring. For one thread.
 */
#ifndef WEBPLUS_DB_ADMIN_H
#define WEBPLUS_DB_ADMIN_H

#include "db/engine.h"

enum admin_mode {
	ADMIN_ALONE,    /* writes, and no other migration runs meanwhile, on any node */
	ADMIN_SNAPSHOT, /* reads all as it is now, whatever others write */
};

struct admin {
	struct db db; /* first */
	const struct admin_engine *engine;
};

struct admin_engine {
	enum err (*begin)(struct admin *admin, enum admin_mode mode);
	/* Several commands without parameters, in the words of migrations. */
	enum err (*script)(struct admin *admin, const char *sql);
	/* What was wrong with the last of these calls. */
	const char *(*reason)(const struct admin *admin);
	/* A verified copy of all, named after the step that it stands at; NULL: the engine has its own tools for that. */
	enum err (*back_up)(struct admin *admin, int step, struct arena *arena,
			    const char **ret_reason);
	void (*close)(struct admin *admin);
};

enum err admin_open(const struct db_options *options, struct arena *arena, struct admin **ret_admin,
		    const char **ret_reason) WARN_UNUSED;

/* Whether there is a file that is more than an empty one. */
bool sqlite_exists(const struct db_options *options);
enum err sqlite_admin_open(const struct db_options *options, struct arena *arena,
			   struct admin **ret_admin, const char **ret_reason) WARN_UNUSED;
enum err postgres_admin_open(const struct db_options *options, struct arena *arena,
			     struct admin **ret_admin, const char **ret_reason) WARN_UNUSED;

#endif
