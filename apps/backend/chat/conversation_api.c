#include "chat/chat.h"

#include "app.h"
#include "chat/chat_events.h"
#include "chat/conversation_store.h"
#include "chat/generation.h"
#include "chat/message_store.h"
#include "chat/stream_store.h"
#include "db/page.h"
#include "http/request.h"
#include "providers/provider.h"
#include "search/search.h"

#include <string.h>

#define DEFAULT_MODEL "webplus/guide"

struct conversation_id {
	const char *id;
};

static const struct field conversation_id_fields[] = {
	FIELD(struct conversation_id, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	{ 0 },
};

static const struct schema conversation_id_schema =
	SCHEMA(struct conversation_id, conversation_id_fields, .name = "ConversationId");

/* ---- The list ---- */

struct conversation_list {
	int64_t limit;
	const char *cursor;
	bool deleted;
};

static const struct field conversation_list_fields[] = {
	FIELD(struct conversation_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct conversation_list, cursor, .from = FROM_QUERY, .optional = true,
	      .max = CURSOR_MAX, .format = FORMAT_TOKEN,
	      .doc = "`next_cursor` of the page before."),
	FIELD(struct conversation_list, deleted, .from = FROM_QUERY, .preset = "false",
	      .doc = "Those that were deleted and can be restored, the last first."),
	{ 0 },
};

static const struct schema conversation_list_schema =
	SCHEMA(struct conversation_list, conversation_list_fields, .name = "ConversationList");

PAGE_SCHEMA(conversation_page_schema, conversation_schema, "ConversationPage");

static enum err conversations_list(struct request *request, const void *in, void *out)
{
	const struct conversation_list *input = in;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct conversation *last;
	struct timestamp time;
	bool more = false;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = (input->deleted ? conversation_page_deleted : conversation_page)(
		request->app->db, request->principal, place.time, place.id, input->limit,
		&request->arena, &page->items, &more);
	if (err != ERR_OK || !more)
		return err;
	last = (const struct conversation *)page->items.items + page->items.count - 1;
	time = input->deleted ? last->deleted_at : last->updated_at;
	page->next_cursor = place_encode((struct place){ time, last->id }, &request->arena);
	return ERR_OK;
}

/* ---- One ---- */

struct conversation_new {
	const char *title;
	const char *model_id;
};

static const struct field conversation_new_fields[] = {
	FIELD(struct conversation_new, title, .preset = "", .max = 200, .format = FORMAT_LINE,
	      .doc = "Shown in the list; left empty, the first message gives it one."),
	FIELD(struct conversation_new, model_id, .preset = DEFAULT_MODEL, .min = 1, .max = 300,
	      .format = FORMAT_LINE, .doc = "Which model answers, as GET /models names it."),
	{ 0 },
};

static const struct schema conversation_new_schema =
	SCHEMA(struct conversation_new, conversation_new_fields, .name = "ConversationNew");

static enum err check_model(struct request *request, const char *model_id)
{
	if (registry_has_model(request->app->models, model_id))
		return ERR_OK;
	return request_invalid(request, "model_id",
			       "is not the id of a model; GET /api/v1/models lists them");
}

static enum err run_create(struct db *tx, void *context)
{
	const struct conversation *conversation = context;
	enum err err = conversation_insert(tx, conversation);

	return err == ERR_OK && *conversation->title
		       ? search_mark_title(tx, conversation->owner_id, conversation->id)
		       : err;
}

static enum err conversation_create(struct request *request, const void *in, void *out)
{
	const struct conversation_new *input = in;
	struct conversation *conversation = out;
	char *id = arena_alloc(&request->arena, ID_SIZE);
	enum err err = check_model(request, input->model_id);

	if (err != ERR_OK)
		return err;
	id_make(id);
	*conversation = (struct conversation){ .id = id,
					       .owner_id = request->principal->user_id,
					       .title = input->title,
					       .model_id = input->model_id,
					       .created_at = clock_now() };
	conversation->updated_at = conversation->created_at;
	err = db_transaction(request->app->db, run_create, conversation);
	if (err == ERR_OK)
		publish_conversation(request->app, conversation);
	return err;
}

static enum err conversation_get(struct request *request, const void *in, void *out)
{
	const struct conversation_id *input = in;

	return conversation_read(request->app->db, request->principal, PERMISSION_CHAT_READ,
				 input->id, &request->arena, out);
}

/* ---- Changing one ---- */

struct conversation_change {
	struct presence presence;
	const char *id;
	const char *title;
	const char *model_id;
	const char *active_message_id;
	const char *through_message_id;
};

static const struct field conversation_change_fields[] = {
	FIELD(struct conversation_change, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	FIELD(struct conversation_change, title, .optional = true, .min = 1, .max = 200,
	      .format = FORMAT_LINE, .doc = "The new title."),
	FIELD(struct conversation_change, model_id, .optional = true, .min = 1, .max = 300,
	      .format = FORMAT_LINE, .doc = "Which model answers from now on."),
	FIELD(struct conversation_change, active_message_id, .optional = true, .format = FORMAT_ID,
	      .doc = "Shows the branch that ends with this message."),
	FIELD(struct conversation_change, through_message_id, .optional = true, .format = FORMAT_ID,
	      .doc = "Shows the branch that leads through this message to what was said last "
		     "below it."),
	{ 0 },
};

static const struct schema conversation_change_schema =
	SCHEMA(struct conversation_change, conversation_change_fields, .name = "ConversationPatch",
	       .presence = true);

/* A change in its transaction: reading, checking and writing see the same state. */
struct conversation_changing {
	struct request *request;
	const char *id;
	struct conversation_patch patch;
	const char *through; /* a message: the patch's active one is what was said last below it */
	bool deleted_too;    /* a deleted one may be changed as well: it is restored */
	bool more;           /* of one that is erased: there is more of it */
	struct conversation *result;
};

/* ERR_INVALID: there is no such message in it. */
static enum err find_leaf(struct db *tx, struct conversation_changing *changing)
{
	struct arena *arena = &changing->request->arena;
	struct conversation_patch *patch = &changing->patch;
	struct message leaf;
	enum err err = ERR_OK;

	if (changing->through)
		err = message_newest_below(tx, changing->id, changing->through, arena,
					   &patch->active_message_id);
	else if (patch->active_message_id)
		err = message_read_in(tx, changing->id, patch->active_message_id, arena, &leaf);
	return err == ERR_NOT_FOUND ? ERR_INVALID : err;
}

/* What was deleted too long ago to be restored may have lost some of its messages. */
static bool is_being_erased(const struct conversation *conversation)
{
	return conversation->deleted_at.ms < clock_now().ms - INT64_C(86400000) * UNDO_DAYS;
}

static enum err run_change(struct db *tx, void *context)
{
	struct conversation_changing *changing = context;
	struct request *request = changing->request;
	struct conversation_patch *patch = &changing->patch;
	enum err err = conversation_read_any(tx, request->principal, PERMISSION_CHAT_WRITE,
					     changing->id, &request->arena, changing->result);

	if (err == ERR_OK && changing->result->deleted_at.ms &&
	    (!changing->deleted_too || is_being_erased(changing->result)))
		err = ERR_NOT_FOUND;
	if (err == ERR_OK)
		err = find_leaf(tx, changing);
	patch->id = changing->id;
	if (err == ERR_OK)
		err = conversation_update(tx, patch);
	if (err == ERR_OK && patch->title)
		err = search_mark_title(tx, changing->result->owner_id, changing->id);
	if (err == ERR_OK && patch->deleted_at.ms)
		err = conversation_request_stop(tx, changing->id, patch->deleted_at);
	if (err == ERR_OK)
		err = conversation_read_any(tx, request->principal, PERMISSION_CHAT_WRITE,
					    changing->id, &request->arena, changing->result);
	return err;
}

static enum err conversation_patch(struct request *request, const void *in, void *out)
{
	const struct conversation_change *input = in;
	struct conversation_changing changing = { .request = request,
						  .id = input->id,
						  .result = out };
	struct conversation_patch *patch = &changing.patch;
	enum err err = input->model_id ? check_model(request, input->model_id) : ERR_OK;

	if (err != ERR_OK)
		return err;
	if (input->active_message_id && input->through_message_id)
		return request_invalid(request, "through_message_id",
				       "does not go with active_message_id");
	changing.through = input->through_message_id;
	patch->title = input->title;
	patch->model_id = input->model_id;
	patch->active_message_id = input->active_message_id;
	if (input->title)
		conversation_patch_give(patch, "title");
	if (input->model_id)
		conversation_patch_give(patch, "model_id");
	if (input->active_message_id || input->through_message_id)
		conversation_patch_give(patch, "active_message_id");
	err = db_transaction(request->app->db, run_change, &changing);
	if (err == ERR_INVALID)
		return request_invalid(request,
				       input->through_message_id ? "through_message_id"
								 : "active_message_id",
				       "is not a message of this conversation");
	if (err == ERR_OK)
		publish_conversation(request->app, out);
	return err;
}

struct conversation_deletion {
	const char *id;
	bool for_good;
};

static const struct field conversation_deletion_fields[] = {
	FIELD(struct conversation_deletion, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	FIELD(struct conversation_deletion, for_good, .from = FROM_QUERY, .preset = "false",
	      .doc = "Erases one that was deleted, which then cannot be restored any more."),
	{ 0 },
};

static const struct schema conversation_deletion_schema = SCHEMA(
	struct conversation_deletion, conversation_deletion_fields, .name = "ConversationDeletion");

static enum err run_erase(struct db *tx, void *context)
{
	struct conversation_changing *changing = context;
	struct request *request = changing->request;
	enum err err = conversation_read_any(tx, request->principal, PERMISSION_CHAT_WRITE,
					     changing->id, &request->arena, changing->result);

	if (err == ERR_OK)
		err = conversation_erase(tx, changing->id, ERASE_ROWS, &changing->more);
	return err == ERR_OK && !changing->more ? search_forget_some(tx, changing->result->owner_id)
						: err;
}

static enum err erase(struct request *request, struct conversation_changing *changing)
{
	enum err err;

	do
		err = db_transaction(request->app->db, run_erase, changing);
	while (err == ERR_OK && changing->more);
	if (err == ERR_CONFLICT)
		return request_fail(request, ERR_CONFLICT,
				    "Only a deleted conversation can be deleted for good.");
	if (err == ERR_OK)
		publish_conversation_deleted(request->app, changing->result);
	return err;
}

static enum err conversation_delete(struct request *request, const void *in, void *out)
{
	const struct conversation_deletion *input = in;
	struct conversation conversation;
	struct conversation_changing changing = { .request = request,
						  .id = input->id,
						  .result = &conversation };
	enum err err;

	(void)out;
	if (input->for_good)
		return erase(request, &changing);
	changing.patch.deleted_at = clock_now();
	conversation_patch_give(&changing.patch, "deleted_at");
	err = db_transaction(request->app->db, run_change, &changing);
	if (err != ERR_OK)
		return err;
	generations_stop_conversation(request->app->generations, input->id);
	publish_conversation_deleted(request->app, &conversation);
	return ERR_OK;
}

static enum err conversation_restore(struct request *request, const void *in, void *out)
{
	const struct conversation_id *input = in;
	struct conversation_changing changing = {
		.request = request, .id = input->id, .result = out, .deleted_too = true
	};
	enum err err;

	conversation_patch_give(&changing.patch, "deleted_at");
	err = db_transaction(request->app->db, run_change, &changing);
	if (err == ERR_OK)
		publish_conversation(request->app, out);
	return err;
}

const struct route conversation_routes[] = {
	{ "GET", "/api/v1/conversations", .access = "chat:read",
	  .cache = { CACHE_USER, 300, "chat:{user}" }, .in = &conversation_list_schema,
	  .out = &conversation_page_schema, .handle = conversations_list,
	  .doc = "One's conversations, the one that was written in last first." },
	{ "POST", "/api/v1/conversations", .access = "chat:write", .raises = "chat:{user}",
	  .in = &conversation_new_schema, .out = &conversation_schema, .status = 201,
	  .handle = conversation_create, .doc = "Start a conversation." },
	{ "GET", "/api/v1/conversations/{id}", .access = "chat:read",
	  .cache = { CACHE_USER, 300, "chat:{user}" }, .in = &conversation_id_schema,
	  .out = &conversation_schema, .handle = conversation_get, .doc = "One conversation." },
	{ "PATCH", "/api/v1/conversations/{id}", .access = "chat:write", .raises = "chat:{user}",
	  .in = &conversation_change_schema, .out = &conversation_schema,
	  .handle = conversation_patch,
	  .doc = "Rename it, choose its model, or show another branch." },
	{ "DELETE", "/api/v1/conversations/{id}", .access = "chat:write", .raises = "chat:{user}",
	  .in = &conversation_deletion_schema, .handle = conversation_delete,
	  .doc = "Delete it; for 30 days it can be restored." },
	{ "POST", "/api/v1/conversations/{id}/restore", .access = "chat:write",
	  .raises = "chat:{user}", .in = &conversation_id_schema, .out = &conversation_schema,
	  .handle = conversation_restore, .doc = "Undo its deletion." },
	{ 0 },
};
