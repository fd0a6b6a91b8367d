#include "chat/chat.h"
#include "chat/chat_store.h"
#include "search/search.h"

static const struct field conversation_fields[] = {
	FIELD(struct conversation, id, .format = FORMAT_ID, .doc = "The conversation's id."),
	FIELD(struct conversation, owner_id, .stored = true, .doc = "Whose it is."),
	FIELD(struct conversation, title, .private = "conversation.title",
	      .doc = "Shown in the list; empty until the first message gives it one."),
	FIELD(struct conversation, model_id,
	      .doc = "Which model answers, as GET /models names it."),
	FIELD(struct conversation, active_message_id, .nullable = true, .format = FORMAT_ID,
	      .doc = "The last message of the branch that is shown."),
	FIELD(struct conversation, created_at, .doc = "When it was started."),
	FIELD(struct conversation, updated_at, .doc = "When something was last said in it."),
	FIELD(struct conversation, deleted_at, .nullable = true,
	      .doc = "When it was deleted; 30 days later it is gone for good."),
	{ 0 },
};

const struct schema conversation_schema =
	SCHEMA(struct conversation, conversation_fields, .name = "Conversation",
	       .table = "conversation", .key = { "id" }, .doc = "A conversation with a model.");

static const struct field conversation_patch_fields[] = {
	FIELD(struct conversation_patch, id, .doc = "Which one."),
	FIELD(struct conversation_patch, title, .private = "conversation.title",
	      .doc = "The new title."),
	FIELD(struct conversation_patch, model_id, .doc = "The new model."),
	FIELD(struct conversation_patch, active_message_id, .nullable = true,
	      .doc = "The new active leaf."),
	FIELD(struct conversation_patch, updated_at, .doc = "When something was said."),
	FIELD(struct conversation_patch, deleted_at, .nullable = true,
	      .doc = "When it was deleted, or null."),
	{ 0 },
};

static const struct schema conversation_patch_schema = SCHEMA(
	struct conversation_patch, conversation_patch_fields, .name = "StoredConversationPatch",
	.presence = true, .table = "conversation", .key = { "id" });

static const struct statement select_conversation = {
	"SELECT {columns} FROM conversation WHERE id = $1", &conversation_schema
};
static const struct statement select_page = {
	"SELECT {columns} FROM conversation "
	"WHERE owner_id = $1 AND deleted_at IS NULL AND (updated_at, id) < ($2, $3) "
	"ORDER BY updated_at DESC, id DESC LIMIT $4",
	&conversation_schema
};
static const struct statement select_deleted_page = {
	"SELECT {columns} FROM conversation "
	"WHERE owner_id = $1 AND deleted_at IS NOT NULL AND (deleted_at, id) < ($2, $3) "
	"ORDER BY deleted_at DESC, id DESC LIMIT $4",
	&conversation_schema
};
static const struct statement erase_conversation = {
	"DELETE FROM conversation WHERE id = $1 AND deleted_at IS NOT NULL", NULL
};
static const struct statement select_after = {
	"SELECT {columns} FROM conversation WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT 1",
	&conversation_schema
};
static const struct statement purge_conversations = {
	"DELETE FROM conversation WHERE deleted_at < $1", NULL
};
static const struct statement purge_keys = { "DELETE FROM idempotency_key WHERE created_at < $1",
					     NULL };

static const struct field idempotency_key_fields[] = {
	FIELD(struct idempotency_key, owner_id, .doc = "Who sent it."),
	FIELD(struct idempotency_key, key, .doc = "As it was sent."),
	FIELD(struct idempotency_key, request_hash, .doc = "Of what was asked with it."),
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

const struct statement *const conversation_statements[] = {
	&select_conversation, &select_page,  &select_deleted_page,
	&erase_conversation,  &select_after, &purge_conversations,
	&purge_keys,          &select_key,   NULL,
};

void conversation_patch_give(struct conversation_patch *patch, const char *name)
{
	const struct field *field = schema_field(&conversation_patch_schema, name);

	patch->presence.set |= UINT64_C(1) << (field - conversation_patch_fields);
}

enum err conversation_insert(struct db *db, const struct conversation *conversation)
{
	return db_insert(db, &conversation_schema, conversation);
}

enum err conversation_read_whole(struct db *db, const char *id, struct arena *arena,
				 struct conversation *ret_conversation)
{
	return db_one(db, &select_conversation, ARGS(id), arena, ret_conversation);
}

enum err conversation_read_any(struct db *db, const struct principal *principal,
			       enum permission permission, const char *id, struct arena *arena,
			       struct conversation *ret_conversation)
{
	enum err err = db_one(db, &select_conversation, ARGS(id), arena, ret_conversation);

	return err == ERR_OK
		       ? authorize_object(principal, permission,
					  (struct object){ .owner_id = ret_conversation->owner_id })
		       : err;
}

enum err conversation_read(struct db *db, const struct principal *principal,
			   enum permission permission, const char *id, struct arena *arena,
			   struct conversation *ret_conversation)
{
	enum err err =
		conversation_read_any(db, principal, permission, id, arena, ret_conversation);

	return err == ERR_OK && ret_conversation->deleted_at.ms ? ERR_NOT_FOUND : err;
}

static enum err read_page(struct db *db, const struct statement *statement,
			  const struct principal *principal, struct timestamp before,
			  const char *before_id, int64_t limit, struct arena *arena,
			  struct array *ret_conversations, bool *ret_more)
{
	struct db_args args = ARGS((const char *)principal->user_id, before, before_id, limit + 1);
	size_t left_out, max = (size_t)limit;
	enum err err = db_all_sound(db, statement, args, arena, ret_conversations, &left_out);

	if (err != ERR_OK)
		return err;
	if (ret_conversations->count == 0 && (left_out > max || (left_out > 0 && !*before_id)))
		return ERR_CORRUPT;
	*ret_more = ret_conversations->count + left_out > max;
	if (ret_conversations->count > max)
		ret_conversations->count = max;
	return ERR_OK;
}

enum err conversation_page(struct db *db, const struct principal *principal,
			   struct timestamp before, const char *before_id, int64_t limit,
			   struct arena *arena, struct array *ret_conversations, bool *ret_more)
{
	return read_page(db, &select_page, principal, before, before_id, limit, arena,
			 ret_conversations, ret_more);
}

enum err conversation_page_deleted(struct db *db, const struct principal *principal,
				   struct timestamp before, const char *before_id, int64_t limit,
				   struct arena *arena, struct array *ret_conversations,
				   bool *ret_more)
{
	return read_page(db, &select_deleted_page, principal, before, before_id, limit, arena,
			 ret_conversations, ret_more);
}

enum err conversation_erase(struct db *tx, const char *id)
{
	int64_t erased;
	enum err err = db_exec(tx, &erase_conversation, ARGS(id), &erased);

	return err == ERR_OK && erased == 0 ? ERR_CONFLICT : err;
}

enum err conversation_after(struct db *db, const char *owner_id, const char *after,
			    struct arena *arena, struct conversation *ret_conversation)
{
	return db_one(db, &select_after, ARGS(owner_id, after), arena, ret_conversation);
}

enum err conversation_update(struct db *db, const struct conversation_patch *patch)
{
	return db_update(db, &conversation_patch_schema, patch);
}

enum err idempotency_find(struct db *tx, const char *owner_id, const char *key, struct arena *arena,
			  struct idempotency_key *ret_key)
{
	return db_one(tx, &select_key, ARGS(owner_id, key), arena, ret_key);
}

enum err idempotency_insert(struct db *tx, const struct idempotency_key *key)
{
	return db_insert(tx, &idempotency_key_schema, key);
}

enum err chat_purge(struct db *tx, struct timestamp now)
{
	struct timestamp deleted_before = { now.ms - INT64_C(86400000) * UNDO_DAYS };
	struct timestamp made_before = { now.ms - INT64_C(3600000) * IDEMPOTENCY_HOURS };
	enum err err = search_forget(tx, deleted_before);

	if (err == ERR_OK)
		err = db_exec(tx, &purge_conversations, ARGS(deleted_before), NULL);
	return err == ERR_OK ? db_exec(tx, &purge_keys, ARGS(made_before), NULL) : err;
}
