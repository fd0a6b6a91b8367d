/* All of somebody's conversations, for their file: {"conversation":…,"messages":[…]} each, with all branches. */
#include "chat/chat.h"

#include "app.h"
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "export/export.h"

#include <string.h>

/* As in the list, and whether it can still be brought back. */
static const struct field exported_fields[] = {
	FIELD(struct conversation, id, .doc = "The conversation's id."),
	FIELD(struct conversation, title, .doc = "As it is shown in the list."),
	FIELD(struct conversation, model_id, .doc = "Which model answers."),
	FIELD(struct conversation, active_message_id, .nullable = true,
	      .doc = "The last message of the branch that is shown."),
	FIELD(struct conversation, created_at, .doc = "When it was started."),
	FIELD(struct conversation, updated_at, .doc = "When something was last said in it."),
	FIELD(struct conversation, deleted_at, .nullable = true,
	      .doc = "When it was deleted; it can be brought back for a while."),
	{ 0 },
};

static const struct schema exported_schema =
	SCHEMA(struct conversation, exported_fields, .name = "ExportedConversation");

struct export_state {
	char conversation_id[ID_SIZE]; /* the last one */
	char message_id[ID_SIZE];      /* the last one of it */
	bool open;                     /* its messages are being written */
	bool any_message;
};

static enum err add_conversation(struct export *export, struct arena *arena, bool *ret_end)
{
	struct export_state *state = export->state;
	struct conversation conversation;
	enum err err = conversation_after(export->app->db, export->principal.user_id,
					  state->conversation_id, arena, &conversation);

	*ret_end = err == ERR_NOT_FOUND;
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	*state = (struct export_state){ .open = true };
	memcpy(state->conversation_id, conversation.id, ID_SIZE);
	buf_append_text(export->out, export->any ? ",\n{\"conversation\":" : "{\"conversation\":");
	schema_encode(&exported_schema, &conversation, export->out);
	BUF_LITERAL(export->out, ",\"messages\":[");
	export->any = true;
	return ERR_OK;
}

static void add_message(struct export *export, const struct message *message)
{
	struct export_state *state = export->state;

	if (state->any_message)
		BUF_LITERAL(export->out, ",\n");
	state->any_message = true;
	schema_encode(&message_schema, message, export->out);
	memcpy(state->message_id, message->id, ID_SIZE);
}

static enum err add_messages(struct export *export, struct arena *arena)
{
	const struct message_bounds bounds = { EXPORT_ROWS, EXPORT_BYTES };
	struct export_state *state = export->state;
	struct array messages = { 0 };
	bool more = false;
	enum err err = message_tree(export->app->db, state->conversation_id, state->message_id,
				    bounds, arena, &messages, &more);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < messages.count; i++)
		add_message(export, &((const struct message *)messages.items)[i]);
	if (!more) {
		BUF_LITERAL(export->out, "]}");
		state->open = false;
	}
	return ERR_OK;
}

static enum err next(struct export *export, struct arena *arena, bool *ret_end)
{
	const struct export_state *state = export->state;

	if (!state->open)
		return add_conversation(export, arena, ret_end);
	*ret_end = false;
	return add_messages(export, arena);
}

const struct export_part conversations_export = { .name = "conversations",
						  .list = true,
						  .state_size = sizeof(struct export_state),
						  .next = next };
