/*
 * What tests of stores and services share: an installation in a temporary folder of its own, and a disk that fails when
 * it is told to. It is on SQLite, or on PostgreSQL where WEBPLUS_TEST_ENGINE=postgres says so (support_postgres.h).
 * Everything asserts: what goes wrong here fails the test.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_H

#include "db/database.h"
#include "security/authorize.h"

#include "test.h"

#include <semaphore.h>

struct home {
	char folder[64];
	struct arena arena; /* for what a test reads */
	struct keyring *keyring;
	struct db_options options; /* of home_open; a test may change them before */
	struct db *db;
};

/* A folder with a master key. */
void home_make(struct home *home);
/* Migrates the database, and opens it. */
void home_open(struct home *home);
void home_close(struct home *home);
/* Closes what is open and removes the folder. */
void home_remove(struct home *home);

/* Runs the SQL on a connection of its own, past everything that the server's code sees to. */
void home_sql(struct home *home, const char *sql);
/* The first column of the first row as a number. */
int64_t home_number(struct home *home, const char *sql);
/* Whether these bytes stand in one of the database's files. */
bool home_holds_bytes(struct home *home, const char *bytes);

/* Waits until the semaphore is posted; fails the test after some seconds. */
void wait_for(sem_t *semaphore);

/* An account with an id, as its owner's principal in the role of a user. */
struct principal home_account(struct home *home, const char *username);

/* A VFS like the default one; the next so many syncs of the write-ahead log fail, or openings of the database. */
extern const char *const failing_vfs;
extern atomic_int failing_syncs, failing_opens;
void failing_vfs_register(void);

#endif
