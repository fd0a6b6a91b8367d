/*
 * Private to keys/: its records and its SQL; what others ask of it is in keys.h. Workers, or inside a transaction.
 */
#ifndef WEBPLUS_KEYS_KEYS_STORE_H
#define WEBPLUS_KEYS_KEYS_STORE_H

#include "db/database.h"
#include "security/authorize.h"

#define KEY_MEMBERS                                                                                \
	const char *id;                                                                            \
	const char *account_id;                                                                    \
	const char *name;                                                                          \
	const char *prefix;                                                                        \
	const char *hash;                                                                          \
	struct texts scopes;                                                                       \
	struct timestamp created_at;                                                               \
	struct timestamp expires_at;                                                               \
	struct timestamp last_used_at;                                                             \
	struct timestamp revoked_at;

struct api_key {
	KEY_MEMBERS
};

/* The only time that the key itself is shown. */
struct key_made {
	KEY_MEMBERS
	const char *key;
};

extern const struct schema api_key_schema, key_made_schema;

/* Those that were not revoked, the newest first, before the place (created_at, id). */
enum err key_page(struct db *db, const char *account_id, struct timestamp before,
		  const char *before_id, int64_t limit, struct arena *arena,
		  struct array *ret_keys) WARN_UNUSED;
/* Revoked or not, the oldest first, behind the place (created_at, id). */
enum err key_all(struct db *db, const char *account_id, struct timestamp after,
		 const char *after_id, int64_t limit, struct arena *arena,
		 struct array *ret_keys) WARN_UNUSED;
/* Of those that were not revoked. */
enum err key_count(struct db *db, const char *account_id, int64_t *ret_count) WARN_UNUSED;
/* `key` itself is not stored. */
enum err key_insert(struct db *tx, const struct key_made *key) WARN_UNUSED;
/* ERR_NOT_FOUND when it was revoked already, or is another's. */
enum err key_revoke(struct db *tx, const char *account_id, const char *id,
		    struct timestamp now) WARN_UNUSED;

#endif
