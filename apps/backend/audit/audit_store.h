/* Private to audit/: its rows and its SQL. */
#ifndef WEBPLUS_AUDIT_AUDIT_STORE_H
#define WEBPLUS_AUDIT_AUDIT_STORE_H

#include "audit/audit.h"

enum { AUDIT_HASH_SIZE = 65 };

struct audit_row {
	int64_t seq;
	struct timestamp at;
	const char *actor_id;
	enum audit_action action;
	const char *object_kind;
	const char *object_id;
	enum audit_outcome outcome;
	const char *commitment;
	const char *hash;
	const char *salt;
	const char *details;
};

extern const struct schema audit_row_schema;
extern const char *const audit_action_words[];

/* Which rows: before number `before`, in [since, until), of these where they are not NULL. */
struct audit_filter {
	int64_t before;
	struct timestamp since, until; /* 0: open */
	const char *actor_id, *object_id;
	const char *action; /* a word */
	int64_t limit;
};

enum err audit_insert(struct db *tx, const struct audit_row *row) WARN_UNUSED;
/* The last row; seq 0 and the hash "" when there is none. */
enum err audit_tip(struct db *db, struct arena *arena, struct audit_row *ret_row) WARN_UNUSED;
/* The first row behind number `seq`; ERR_NOT_FOUND at the end. */
enum err audit_next(struct db *db, int64_t seq, struct arena *arena,
		    struct audit_row *ret_row) WARN_UNUSED;
/* What this account did, behind number `after`, the oldest first. */
enum err audit_by_actor(struct db *db, const char *actor_id, int64_t after, int64_t limit,
			struct arena *arena, struct array *ret_rows) WARN_UNUSED;
/* Whether the log tells that this account was deleted; ERR_NOT_FOUND if not. */
enum err audit_find_deletion(struct db *db, const char *account_id) WARN_UNUSED;
/* The newest first. */
enum err audit_page(struct db *db, const struct audit_filter *filter, struct arena *arena,
		    struct array *ret_rows) WARN_UNUSED;

#endif
