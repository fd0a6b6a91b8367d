#include "chat/conversation_store.h"

#include "chat/chat.h"
#include "chat/idempotency_store.h"
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

/* A conversation that is to be erased. */
struct doomed {
	const char *id;
	const char *owner_id;
};

static const struct field doomed_fields[] = {
	FIELD(struct doomed, id, .doc = "Which one."),
	FIELD(struct doomed, owner_id, .doc = "Whose."),
	{ 0 },
};

static const struct schema doomed_schema =
	SCHEMA(struct doomed, doomed_fields, .name = "DoomedConversation");

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
static const struct statement doom_conversation = {
	"UPDATE conversation SET deleted_at = 1 WHERE id = $1 AND deleted_at IS NOT NULL", NULL
};
static const struct statement select_after = {
	"SELECT {columns} FROM conversation WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT 1",
	&conversation_schema
};
static const struct statement delete_messages = {
	"DELETE FROM message WHERE id IN "
	"(SELECT id FROM message WHERE conversation_id = $1 ORDER BY id LIMIT $2)",
	NULL
};
static const struct statement delete_conversation = { "DELETE FROM conversation WHERE id = $1",
						      NULL };
static const struct statement select_expired = {
	"SELECT {columns} FROM conversation WHERE deleted_at < $1 ORDER BY deleted_at LIMIT 1",
	&doomed_schema
};
static const struct statement select_of_owner = {
	"SELECT {columns} FROM conversation WHERE owner_id = $1 ORDER BY id LIMIT 1", &doomed_schema
};
const struct statement *const conversation_statements[] = {
	&select_conversation, &select_page,
	&select_deleted_page, &doom_conversation,
	&select_after,        &delete_messages,
	&delete_conversation, &select_expired,
	&select_of_owner,     NULL,
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

enum err conversation_after(struct db *db, const char *owner_id, const char *after,
			    struct arena *arena, struct conversation *ret_conversation)
{
	return db_one(db, &select_after, ARGS(owner_id, after), arena, ret_conversation);
}

enum err conversation_update(struct db *db, const struct conversation_patch *patch)
{
	return db_update(db, &conversation_patch_schema, patch);
}

/* ---- Erasing ---- */

/* Its messages first, in the bounds of *rows; *ret_gone: it is gone itself. */
static enum err erase_some_of(struct db *tx, const char *id, int64_t *rows, bool *ret_gone)
{
	int64_t erased = 0;
	enum err err = db_exec(tx, &delete_messages, ARGS(id, *rows), &erased);

	*rows -= erased;
	*ret_gone = *rows > 0;
	if (err != ERR_OK || !*ret_gone)
		return err;
	--*rows;
	return db_exec(tx, &delete_conversation, ARGS(id), NULL);
}

/* From its first rows on it is past restoring, and the purge goes on with it if this does not. */
enum err conversation_erase(struct db *tx, const char *id, int64_t rows, bool *ret_more)
{
	int64_t doomed = 0;
	bool gone = false;
	enum err err = db_exec(tx, &doom_conversation, ARGS(id), &doomed);

	if (err == ERR_OK && doomed == 0)
		err = ERR_CONFLICT;
	if (err == ERR_OK)
		err = erase_some_of(tx, id, &rows, &gone);
	*ret_more = !gone;
	return err;
}

enum err chat_purge(struct db *tx, struct timestamp now, int64_t rows, bool *ret_more)
{
	struct timestamp deleted_before = { now.ms - INT64_C(86400000) * UNDO_DAYS };
	struct doomed doomed;
	struct arena arena;
	bool gone = true;
	enum err err = ERR_OK;

	arena_init(&arena);
	while (err == ERR_OK && rows > 0) {
		err = db_one(tx, &select_expired, ARGS(deleted_before), &arena, &doomed);
		if (err == ERR_OK)
			err = erase_some_of(tx, doomed.id, &rows, &gone);
		if (err == ERR_OK && gone)
			err = search_forget_some(tx, doomed.owner_id);
	}
	arena_finish(&arena);
	*ret_more = err == ERR_OK;
	if (err != ERR_NOT_FOUND)
		return err;
	return idempotency_purge(tx, now, rows, ret_more);
}

enum err chat_erase_some(struct db *tx, const char *owner_id, int64_t rows, bool *ret_more)
{
	struct doomed doomed;
	struct arena arena;
	bool gone;
	enum err err = ERR_OK;

	arena_init(&arena);
	while (err == ERR_OK && rows > 0) {
		err = db_one(tx, &select_of_owner, ARGS(owner_id), &arena, &doomed);
		if (err == ERR_OK)
			err = erase_some_of(tx, doomed.id, &rows, &gone);
	}
	arena_finish(&arena);
	*ret_more = err == ERR_OK;
	if (err != ERR_NOT_FOUND)
		return err;
	return idempotency_erase_some(tx, owner_id, rows, ret_more);
}
