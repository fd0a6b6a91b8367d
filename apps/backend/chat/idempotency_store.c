#include "chat/idempotency_store.h"

#include "chat/chat.h"

static const struct field idempotency_key_fields[] = {
	FIELD(struct idempotency_key, owner_id, .doc = "Who sent it."),
	FIELD(struct idempotency_key, key, .doc = "A keyed hash of what was sent."),
	FIELD(struct idempotency_key, request_hash,
	      .doc = "A keyed hash of what was asked with it."),
	FIELD(struct idempotency_key, user_message_id, .doc = "What was made."),
	FIELD(struct idempotency_key, assistant_message_id, .doc = "What was made."),
	FIELD(struct idempotency_key, parent_id, .nullable = true,
	      .doc = "What the user's message follows."),
	FIELD(struct idempotency_key, model_id, .doc = "Which model answers."),
	FIELD(struct idempotency_key, created_at, .doc = "When."),
	{ 0 },
};

static const struct schema idempotency_key_schema =
	SCHEMA(struct idempotency_key, idempotency_key_fields, .name = "IdempotencyKey",
	       .table = "idempotency_key", .key = { "owner_id", "key" });

static const struct statement select_key = {
	"SELECT {columns} FROM idempotency_key WHERE owner_id = $1 AND key = $2",
	&idempotency_key_schema
};

/* With both ends, so that a planner that knows no arguments takes it for few. */
static const struct statement delete_old_keys = {
	"DELETE FROM idempotency_key WHERE (owner_id, key) IN (SELECT owner_id, key FROM "
	"idempotency_key WHERE created_at >= 0 AND created_at < $1 ORDER BY created_at LIMIT $2)",
	NULL
};
static const struct statement delete_keys_of = {
	"DELETE FROM idempotency_key WHERE owner_id = $1 AND key IN "
	"(SELECT key FROM idempotency_key WHERE owner_id = $1 ORDER BY key LIMIT $2)",
	NULL
};

const struct statement *const idempotency_statements[] = { &select_key, &delete_old_keys,
							   &delete_keys_of, NULL };

enum err idempotency_find(struct db *tx, const char *owner_id, const char *key, struct arena *arena,
			  struct idempotency_key *ret_key)
{
	return db_one(tx, &select_key, ARGS(owner_id, key), arena, ret_key);
}

enum err idempotency_insert(struct db *tx, const struct idempotency_key *key)
{
	return db_insert(tx, &idempotency_key_schema, key);
}

static enum err erase_keys(struct db *tx, const struct statement *statement, struct db_args args,
			   int64_t rows, bool *ret_more)
{
	int64_t erased = 0;
	enum err err = db_exec(tx, statement, args, &erased);

	*ret_more = erased >= rows;
	return err;
}

enum err idempotency_purge(struct db *tx, struct timestamp now, int64_t rows, bool *ret_more)
{
	struct timestamp made_before = { now.ms - INT64_C(3600000) * IDEMPOTENCY_HOURS };

	return erase_keys(tx, &delete_old_keys, ARGS(made_before, rows), rows, ret_more);
}

enum err idempotency_erase_some(struct db *tx, const char *owner_id, int64_t rows, bool *ret_more)
{
	return erase_keys(tx, &delete_keys_of, ARGS(owner_id, rows), rows, ret_more);
}
