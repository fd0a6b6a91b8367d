/*
 * Private to db/: the one thread that writes to SQLite.
 *
 * It takes whatever waits and commits it in one transaction, each job in a savepoint of its own, so that a burst shares
 * one fsync. A job that fails is rolled back alone. If SQLite gives up the whole group (disk full, I/O), or its
 * commit fails, the members are run again one by one, so that each gets the answer that is its own.
 */
#ifndef WEBPLUS_DB_SQLITE_WRITER_H
#define WEBPLUS_DB_SQLITE_WRITER_H

#include "db/sqlite_connection.h"

struct sqlite_writer;

enum err sqlite_writer_create(const struct db_options *options, struct arena *arena,
			      struct sqlite_writer **ret_writer,
			      const char **ret_reason) WARN_UNUSED;
/* Finishes what was submitted. */
void sqlite_writer_destroy(struct sqlite_writer *writer);

/* From any thread but the writer's own: `done` is called on the writer's thread, after the commit. */
struct write_job {
	struct list node;
	transaction run;
	void *context;
	enum err result;
	void (*done)(struct write_job *job);
};

void sqlite_writer_submit(struct sqlite_writer *writer, struct write_job *job);
void sqlite_writer_counts(struct sqlite_writer *writer, struct db_counts *counts);

#endif
