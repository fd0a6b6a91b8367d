/*
 * The right to be the one process that serves or reshapes a database.
 *
 * A file of SQLite has one server: a second would raise the node's epoch and so end what the first one streams. Its
 * lock is a file beside it (webplus.lock beside webplus.db), held with flock(2), which the kernel releases with the
 * process however that ends. PostgreSQL has many nodes and needs none: there the lock is always given and holds nothing.
 */
#ifndef WEBPLUS_DB_LOCK_H
#define WEBPLUS_DB_LOCK_H

#include "base/arena.h"
#include "base/err.h"

struct db_options;

/* What db_lock_take gave where there is nothing to lock, and what a lock is before it is taken. */
enum { DB_LOCK_NONE = -1 };

/* Does not wait. ERR_CONFLICT: another process has it; *ret_reason names the file and that process. */
enum err db_lock_take(const struct db_options *options, struct arena *arena, int *ret_lock,
		      const char **ret_reason) WARN_UNUSED;
void db_lock_release(int lock);

#endif
