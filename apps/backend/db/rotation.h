/*
 * Sealing all that is stored under a new data key, while servers work with it: `webplus keys rotate`.
 *
 * The new key is stored first, and the servers have time to learn it; then every table is walked in the order of its key,
 * some hundred rows at a time. How far the walk has come is committed with the rows, so that a rotation that was cut off
 * goes on where it stood, and two at once share the work. A value that somebody changed meanwhile is left to him. At the
 * end all tables are walked once more for what a server still sealed under the old key. It blocks for as long as that takes: for
 * the thread of a command.
 */
#ifndef WEBPLUS_DB_ROTATION_H
#define WEBPLUS_DB_ROTATION_H

#include "db/database.h"

#include <stdio.h>

enum { ROTATION_LEARN_MS = 2000 /* how long servers have to learn a new key */ };

struct rotation_options {
	/* All that the stores read, ended by NULL: it says which tables have sealed fields. */
	const struct statement *const *const *statements;
	int64_t learn_ms;
	FILE *out; /* progress, a line each second; NULL: none */
};

struct rotation_result {
	uint32_t key_number;
	int64_t sealed;  /* values, by this call */
	int64_t damaged; /* values that do not open; they were logged and left */
	bool overtaken;  /* others ended this rotation and began the next, under a newer key */
};

/* ERR_UNAVAILABLE: the database is gone; call it again to go on. */
enum err keys_rotate(struct db *db, const struct rotation_options *options,
		     struct rotation_result *ret_result) WARN_UNUSED;

extern const struct statement *const rotation_statements[];

#endif
