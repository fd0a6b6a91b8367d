/* All of somebody's conversations as a file: {head,"conversations":[{"conversation":…,"messages":[…]},…]}. */
#include "chat/chat.h"

#include "app.h"
#include "base/id.h"
#include "base/memory.h"
#include "chat/chat_store.h"
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS = 20, READY_MAX = 128 * 1024 * 1024 };

/* What is made waits in `ready`, since a message may be larger than a piece of the reply. */
struct chat_exporting {
	struct producer producer;
	struct app *app;
	struct principal principal;
	struct buf ready;
	size_t given;                  /* bytes of `ready` that were handed out */
	char conversation_id[ID_SIZE]; /* whose messages are being written; "": none */
	char last_message_id[ID_SIZE];
	struct timestamp before; /* the place in the list of conversations */
	char before_id[ID_SIZE];
	bool any, any_message, finished;
};

static enum err add_conversation(struct chat_exporting *exporting, struct arena *arena)
{
	const struct conversation *conversation;
	struct array found = { 0 };
	bool more;
	enum err err =
		conversation_page(exporting->app->db, &exporting->principal, exporting->before,
				  exporting->before_id, 1, arena, &found, &more);

	if (err != ERR_OK)
		return err;
	if (found.count == 0) {
		BUF_LITERAL(&exporting->ready, "]}\n");
		exporting->finished = true;
		return ERR_OK;
	}
	conversation = found.items;
	exporting->before = conversation->updated_at;
	memcpy(exporting->before_id, conversation->id, ID_SIZE);
	memcpy(exporting->conversation_id, conversation->id, ID_SIZE);
	exporting->last_message_id[0] = '\0';
	buf_append_text(&exporting->ready,
			exporting->any ? ",{\"conversation\":" : "{\"conversation\":");
	schema_encode(&conversation_schema, conversation, &exporting->ready);
	BUF_LITERAL(&exporting->ready, ",\"messages\":[");
	exporting->any = true;
	exporting->any_message = false;
	return ERR_OK;
}

static enum err add_messages(struct chat_exporting *exporting, struct arena *arena)
{
	const struct message *messages;
	struct array found = { 0 };
	enum err err = message_tree(exporting->app->db, exporting->conversation_id,
				    exporting->last_message_id, PAGE_ROWS, arena, &found);

	if (err != ERR_OK)
		return err;
	messages = found.items;
	for (size_t i = 0; i < found.count; i++) {
		if (exporting->any_message)
			buf_append_char(&exporting->ready, ',');
		exporting->any_message = true;
		schema_encode(&message_schema, &messages[i], &exporting->ready);
		memcpy(exporting->last_message_id, messages[i].id, ID_SIZE);
	}
	if (found.count < PAGE_ROWS) {
		BUF_LITERAL(&exporting->ready, "]}");
		exporting->conversation_id[0] = '\0';
	}
	return ERR_OK;
}

static enum err make_more(struct chat_exporting *exporting)
{
	struct arena arena;
	enum err err;

	buf_clear(&exporting->ready);
	exporting->given = 0;
	arena_init(&arena);
	err = exporting->conversation_id[0] ? add_messages(exporting, &arena)
					    : add_conversation(exporting, &arena);
	arena_finish(&arena);
	return err == ERR_OK && exporting->ready.overflow ? ERR_INTERNAL : err;
}

static enum err next_piece(struct producer *producer, struct buf *out, bool *ret_done)
{
	struct chat_exporting *exporting = CONTAINER_OF(producer, struct chat_exporting, producer);
	size_t length;
	enum err err = ERR_OK;

	while (err == ERR_OK && exporting->given == exporting->ready.length && !exporting->finished)
		err = make_more(exporting);
	if (err != ERR_OK)
		return err;
	length = exporting->ready.length - exporting->given;
	if (length > REPLY_PIECE_MAX)
		length = REPLY_PIECE_MAX;
	buf_append(out, exporting->ready.data + exporting->given, length);
	exporting->given += length;
	*ret_done = exporting->finished && exporting->given == exporting->ready.length;
	return ERR_OK;
}

static void destroy(struct producer *producer)
{
	struct chat_exporting *exporting = CONTAINER_OF(producer, struct chat_exporting, producer);

	buf_finish(&exporting->ready);
	free(exporting);
}

void chat_export(struct request *request, const char *head, size_t head_length)
{
	struct chat_exporting *exporting = MEMORY_NEW(struct chat_exporting);

	exporting->producer = (struct producer){ next_piece, destroy };
	exporting->app = request->app;
	exporting->principal = *request->principal;
	exporting->before.ms = INT64_MAX;
	buf_init(&exporting->ready, READY_MAX);
	buf_append_char(&exporting->ready, '{');
	buf_append(&exporting->ready, head, head_length);
	BUF_LITERAL(&exporting->ready, ",\"conversations\":[");
	reply_producer(request, 200, "application/json", &exporting->producer);
}
