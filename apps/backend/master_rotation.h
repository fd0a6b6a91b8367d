/*
 * Another master key for an installation: `webplus keys rotate-master`.
 *
 * What is stored of keys is wrapped anew, and the database named after the new key, in one transaction: before it the old
 * key opens everything, after it the new one alone. The new key is on the disk before, and takes the place of the old file
 * after, by this command or, if that was killed, by the next start. No server runs on the data folder meanwhile; others of
 * the same PostgreSQL have to be ended.
 */
#ifndef WEBPLUS_MASTER_ROTATION_H
#define WEBPLUS_MASTER_ROTATION_H

#include "base/arena.h"
#include "base/err.h"
#include "config.h"

#include <stdio.h>

/* `text`: the new key, where the old one does not come from a file; NULL where it does. */
enum err master_key_rotate(const struct config *config, const char *text, struct arena *arena,
			   FILE *out, const char **ret_reason) WARN_UNUSED;

#endif
