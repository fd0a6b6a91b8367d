/* Private to chat/: which POSTs were carried out before, and what they made. Inside a transaction. */
#ifndef WEBPLUS_CHAT_IDEMPOTENCY_STORE_H
#define WEBPLUS_CHAT_IDEMPOTENCY_STORE_H

#include "db/database.h"

enum { IDEMPOTENCY_HOURS = 24 /* how long that is known */ };

struct idempotency_key {
	const char *owner_id;
	const char *key;
	const char *request_hash;
	const char *user_message_id;
	const char *assistant_message_id;
	const char *parent_id; /* of the user's message */
	const char *model_id;  /* that answers */
	struct timestamp created_at;
};

enum err idempotency_find(struct db *tx, const char *owner_id, const char *key, struct arena *arena,
			  struct idempotency_key *ret_key) WARN_UNUSED;
enum err idempotency_insert(struct db *tx, const struct idempotency_key *key) WARN_UNUSED;
/* So many of those that are over, and of one owner's. *ret_more: there may be more. */
enum err idempotency_purge(struct db *tx, struct timestamp now, int64_t rows,
			   bool *ret_more) WARN_UNUSED;
enum err idempotency_erase_some(struct db *tx, const char *owner_id, int64_t rows,
				bool *ret_more) WARN_UNUSED;

#endif
