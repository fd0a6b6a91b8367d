/*
 * The data keys of an installation as they are stored: each in a row of data_key, wrapped by the master key.
 *
 * A server learns them at start, looks for new ones twice a second, and again when it meets a value under a key that it
 * does not know. Callable from any worker.
 */
#ifndef WEBPLUS_DB_KEY_STORE_H
#define WEBPLUS_DB_KEY_STORE_H

#include "db/database.h"

struct data_keys;

/* Learns what is stored. ERR_CORRUPT: a key was not wrapped by this installation's master key. */
enum err key_store_learn(struct db *db) WARN_UNUSED;
/* In the transaction that makes the installation: makes and stores the first one. */
enum err key_store_make_first(struct db *tx) WARN_UNUSED;
/* In a transaction: stores all as they are under another master key, that of `under`. */
enum err key_store_wrap(struct db *tx, const struct data_keys *under) WARN_UNUSED;
/* In a transaction: makes and stores the key behind the newest. ERR_CONFLICT when there are DATA_KEYS_MAX. */
enum err key_store_make(struct db *tx, uint32_t *ret_number) WARN_UNUSED;

extern const struct statement *const key_store_statements[];

#endif
