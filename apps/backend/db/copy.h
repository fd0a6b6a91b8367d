/*
 * Copies all of a database into an empty one, on the same engine or the other: every table of the migrations, in the
 * order of its key, a transaction for each. What was written is read again and held against what was read: by count and
 * by a checksum, computed from the values alone and so the same on both engines.
 *
 * The source is read as it is at one moment; it must stand at this version's last step. The target is migrated.
 */
#ifndef WEBPLUS_DB_COPY_H
#define WEBPLUS_DB_COPY_H

#include "base/arena.h"
#include "db/database.h"

#include <stdio.h>

/* A line per table is printed to `progress`. ERR_CONFLICT: the target is not empty. */
enum err db_copy(const struct db_options *from, const struct db_options *to, FILE *progress,
		 struct arena *arena, const char **ret_reason) WARN_UNUSED;

#endif
