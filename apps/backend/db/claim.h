/*
 * A name that one process has for itself, of all that share a PostgreSQL: a session of its own holds an advisory lock, which the
 * server gives back when the session ends, however that comes about. A claim that is lost with its session, as when the
 * server restarts, is not renewed: it is for what is decided at the start. For the thread that opens and closes the
 * installation, which it blocks.
 */
#ifndef WEBPLUS_DB_CLAIM_H
#define WEBPLUS_DB_CLAIM_H

#include "base/arena.h"
#include "base/err.h"

struct db_claim;
struct db_options;

/* Does not wait. ERR_CONFLICT: another process has it. NULL, and nothing claimed, on SQLite: one process has all of it. */
enum err db_claim_take(const struct db_options *options, const char *name, struct arena *arena,
		       struct db_claim **ret_claim, const char **ret_reason) WARN_UNUSED;
void db_claim_release(struct db_claim *claim);

#endif
