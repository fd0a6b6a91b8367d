#include "chat/chat.h"

#include "app.h"
#include "base/clock.h"
#include "chat/conversation_store.h"
#include "chat/event_stream.h"
#include "chat/generation.h"
#include "chat/message_store.h"
#include "chat/posting.h"
#include "chat/stopping.h"
#include "chat/stream_store.h"
#include "db/page.h"
#include "http/request.h"

#include <string.h>

enum { CONTENT_MAX = 100000, PAGE_BYTES = 4 * 1024 * 1024, FORKS_MAX = 1000 };

struct message_id {
	const char *id;
};

static const struct field message_id_fields[] = {
	FIELD(struct message_id, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The message's id."),
	{ 0 },
};

static const struct schema message_id_schema =
	SCHEMA(struct message_id, message_id_fields, .name = "MessageId");

/* ---- The messages of a conversation ---- */

enum message_order { ORDER_ASC, ORDER_DESC };

static const char *const order_words[] = { "asc", "desc", NULL };

struct message_list {
	const char *id;
	int64_t limit;
	const char *cursor;
	enum message_order order;
	bool tree;
};

static const struct field message_list_fields[] = {
	FIELD(struct message_list, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	FIELD(struct message_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct message_list, cursor, .from = FROM_QUERY, .optional = true,
	      .format = FORMAT_ID, .doc = "`next_cursor` of the page before."),
	FIELD(struct message_list, order, .from = FROM_QUERY, .names = order_words, .preset = "asc",
	      .doc = "From the first message on, or from the last one back."),
	FIELD(struct message_list, tree, .from = FROM_QUERY, .preset = "false",
	      .doc = "All branches, in the order the messages were made."),
	{ 0 },
};

static const struct schema message_list_schema =
	SCHEMA(struct message_list, message_list_fields, .name = "MessageList");

PAGE_SCHEMA(message_page_schema, message_schema, "MessagePage");

/* Going back, the cursor is the message to begin with; else the last one that was seen. */
static enum err read_tree(struct db *db, const struct message_list *input, struct arena *arena,
			  struct page *page)
{
	const struct message_bounds bounds = { input->limit, PAGE_BYTES };
	bool more = false;
	enum err err = message_tree(db, input->id, input->cursor ? input->cursor : "", bounds,
				    arena, &page->items, &more);
	const struct message *messages = page->items.items;

	if (err == ERR_OK && more)
		page->next_cursor = messages[page->items.count - 1].id;
	return err;
}

static enum err read_back(struct db *db, const struct message_list *input, const char *leaf,
			  struct arena *arena, struct page *page)
{
	const struct message_bounds bounds = { input->limit, PAGE_BYTES };
	enum err err = message_branch(db, input->id, input->cursor ? input->cursor : leaf, bounds,
				      arena, &page->items);
	const struct message *messages = page->items.items;

	if (err == ERR_OK && page->items.count > 0)
		page->next_cursor = messages[page->items.count - 1].parent_id;
	return err;
}

static enum err read_branch(struct db *db, const struct message_list *input, const char *leaf,
			    struct arena *arena, struct page *page)
{
	const struct message_bounds bounds = { input->limit, PAGE_BYTES };
	enum err err =
		message_branch_from_root(db, input->id, leaf, input->cursor ? input->cursor : "",
					 bounds, arena, &page->items);
	const struct message *messages = page->items.items;
	const char *last;

	if (err != ERR_OK || page->items.count == 0)
		return err;
	last = messages[page->items.count - 1].id;
	page->next_cursor = strcmp(last, leaf) == 0 ? NULL : last;
	return ERR_OK;
}

/* What streams changes with each batch of it, of which no cache is told. */
static void pass_while_streaming(struct request *request, const struct message *messages,
				 size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (messages[i].status == MESSAGE_STREAMING)
			request->reply.passing = true;
}

static enum err read_messages(struct request *request, const struct message_list *input,
			      const char *leaf, struct page *page)
{
	struct db *db = request->app->db;

	if (input->tree)
		return read_tree(db, input, &request->arena, page);
	if (!leaf)
		return ERR_OK;
	if (input->order == ORDER_DESC)
		return read_back(db, input, leaf, &request->arena, page);
	return read_branch(db, input, leaf, &request->arena, page);
}

static enum err messages_list(struct request *request, const void *in, void *out)
{
	const struct message_list *input = in;
	struct page *page = out;
	struct conversation conversation;
	enum err err;

	if (input->tree && input->order == ORDER_DESC)
		return request_invalid(request, "order", "goes with one branch, not with the tree");
	err = conversation_read(request->app->db, request->principal, PERMISSION_CHAT_READ,
				input->id, &request->arena, &conversation);
	if (err == ERR_OK)
		err = read_messages(request, input, conversation.active_message_id, page);
	if (err == ERR_OK)
		pass_while_streaming(request, page->items.items, page->items.count);
	return err;
}

/* ---- Where it forks ---- */

struct fork_list {
	const char *id;
	int64_t limit;
	const char *cursor;
};

static const struct field fork_list_fields[] = {
	FIELD(struct fork_list, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	FIELD(struct fork_list, limit, .from = FROM_QUERY, .preset = "100", .min = 1,
	      .max = FORKS_MAX, .doc = "How many at the most."),
	FIELD(struct fork_list, cursor, .from = FROM_QUERY, .optional = true, .format = FORMAT_ID,
	      .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema fork_list_schema =
	SCHEMA(struct fork_list, fork_list_fields, .name = "ForkList");

PAGE_SCHEMA(fork_page_schema, message_fork_schema, "MessageForkPage");

static enum err forks_list(struct request *request, const void *in, void *out)
{
	const struct fork_list *input = in;
	struct page *page = out;
	struct conversation conversation;
	const struct message_fork *forks;
	enum err err = conversation_read(request->app->db, request->principal, PERMISSION_CHAT_READ,
					 input->id, &request->arena, &conversation);

	if (err == ERR_OK)
		err = message_forks(request->app->db, input->id, input->cursor ? input->cursor : "",
				    input->limit + 1, &request->arena, &page->items);
	if (err != ERR_OK || page->items.count <= (size_t)input->limit)
		return err;
	page->items.count = (size_t)input->limit;
	forks = page->items.items;
	page->next_cursor = forks[page->items.count - 1].id;
	return ERR_OK;
}

/* ---- Sending ---- */

static const struct field message_new_fields[] = {
	FIELD(struct message_new, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The conversation's id."),
	FIELD(struct message_new, idempotency_key, .from = FROM_HEADER, .header = "idempotency-key",
	      .optional = true, .min = 1, .max = 100, .format = FORMAT_TOKEN,
	      .doc = "With the same key, the same request is carried out once; kept for a day."),
	FIELD(struct message_new, content, .min = 1, .max = CONTENT_MAX, .doc = "Markdown."),
	FIELD(struct message_new, parent_id, .optional = true, .nullable = true,
	      .format = FORMAT_ID,
	      .doc = "The message it follows; null makes it a first one. Without it, the last one "
		     "of the branch that is shown."),
	FIELD(struct message_new, model_id, .optional = true, .nullable = true, .min = 1,
	      .max = 300, .format = FORMAT_LINE,
	      .doc = "Which model answers this time; without it, the conversation's."),
	{ 0 },
};

static const struct schema message_new_schema =
	SCHEMA(struct message_new, message_new_fields, .name = "MessageNew", .presence = true);

static const struct field message_pair_fields[] = {
	FIELD(struct message_pair, user_message, .schema = &message_schema,
	      .doc = "What was sent."),
	FIELD(struct message_pair, assistant_message, .schema = &message_schema,
	      .doc = "The answer, as it begins."),
	{ 0 },
};

static const struct schema message_pair_schema =
	SCHEMA(struct message_pair, message_pair_fields, .name = "MessagePair");

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\n")] == '\0';
}

static enum err message_send(struct request *request, const void *in, void *out)
{
	struct message_new input = *(const struct message_new *)in;
	bool replayed;
	enum err err;

	if (is_blank(input.content))
		return request_invalid(request, "content", "must not be blank");
	input.is_first = !input.parent_id && schema_given(&message_new_schema, &input, "parent_id");
	if (input.model_id && !registry_has_model(request->app->models, input.model_id))
		return request_invalid(request, "model_id",
				       "is not the id of a model; GET /api/v1/models lists them");
	err = posting_send(request, &input, out, &replayed);
	if (err == ERR_OK && replayed)
		reply_header(request, "Idempotency-Replayed", "true");
	return err;
}

/* ---- One message ---- */

static enum err message_get(struct request *request, const void *in, void *out)
{
	const struct message_id *input = in;
	enum err err = message_read(request->app->db, request->principal, PERMISSION_CHAT_READ,
				    input->id, &request->arena, out);

	if (err == ERR_OK)
		pass_while_streaming(request, out, 1);
	return err;
}

static enum err message_continue(struct request *request, const void *in, void *out)
{
	const struct message_id *input = in;

	return posting_continue(request, input->id, out);
}

static enum err message_regenerate(struct request *request, const void *in, void *out)
{
	const struct message_id *input = in;

	return posting_regenerate(request, input->id, out);
}

static bool streams_here(const struct request *request, const struct message *message)
{
	return strcmp(message->node_id, generations_node(request->app->generations)->id) == 0;
}

static enum err message_stop(struct request *request, const void *in, void *out)
{
	const struct message_id *input = in;
	struct message *message = out;
	enum err err = message_read(request->app->db, request->principal, PERMISSION_CHAT_WRITE,
				    input->id, &request->arena, message);

	if (err != ERR_OK || message->status != MESSAGE_STREAMING)
		return err;
	if (!streams_here(request, message))
		err = message_request_stop(request->app->db, message->id, clock_now());
	return err == ERR_OK ? request_on_loop(request, stopping_begin) : err;
}

/* ---- Its events ---- */

struct message_events {
	const char *id;
	int64_t last_event_id;
};

static const struct field message_events_fields[] = {
	FIELD(struct message_events, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The message's id."),
	FIELD(struct message_events, last_event_id, .from = FROM_HEADER, .header = "last-event-id",
	      .optional = true, .min = 0, .max = INTEGER_MAX,
	      .doc = "Number of the last delta that was received: only those behind it follow."),
	{ 0 },
};

static const struct schema message_events_schema =
	SCHEMA(struct message_events, message_events_fields, .name = "MessageEvents");

static enum err message_events(struct request *request, const void *in, void *out)
{
	const struct message_events *input = in;
	struct message message;
	enum err err = message_read(request->app->db, request->principal, PERMISSION_CHAT_READ,
				    input->id, &request->arena, &message);

	(void)out;
	if (err != ERR_OK)
		return err;
	return event_stream_begin(request, input->id, input->last_event_id);
}

const struct route message_routes[] = {
	{ "GET", "/api/v1/conversations/{id}/messages", .access = "chat:read",
	  .cache = { CACHE_USER, 300, "chat:{user}" }, .in = &message_list_schema,
	  .out = &message_page_schema, .handle = messages_list,
	  .doc = "The messages of the branch that is shown. A page ends early where they are long: go "
		 "on by `next_cursor`." },
	{ "GET", "/api/v1/conversations/{id}/forks", .access = "chat:read",
	  .cache = { CACHE_USER, 300, "chat:{user}" }, .in = &fork_list_schema,
	  .out = &fork_page_schema, .handle = forks_list,
	  .doc = "Where it forks: the messages that have siblings, of all branches." },
	{ "POST", "/api/v1/conversations/{id}/messages", .access = "chat:write",
	  .rate = RATE_EXPENSIVE, .raises = "chat:{user}", .in = &message_new_schema,
	  .out = &message_pair_schema, .status = 202, .handle = message_send,
	  .doc = "Send a message; the answer streams." },
	{ "GET", "/api/v1/messages/{id}", .access = "chat:read",
	  .cache = { CACHE_USER, 300, "chat:{user}" }, .in = &message_id_schema,
	  .out = &message_schema, .handle = message_get,
	  .doc = "One message; of one that streams, what is committed so far." },
	{ "POST", "/api/v1/messages/{id}/stop", .access = "chat:write", .raises = "chat:{user}",
	  .in = &message_id_schema, .out = &message_schema, .handle = message_stop,
	  .doc = "Stop an answer, on whichever server it streams. The reply comes when it has stopped; "
		 "on one that has ended, nothing happens." },
	{ "POST", "/api/v1/messages/{id}/continue", .access = "chat:write", .rate = RATE_EXPENSIVE,
	  .raises = "chat:{user}", .in = &message_id_schema, .out = &message_schema, .status = 202,
	  .handle = message_continue,
	  .doc = "Go on with an answer that was interrupted, was stopped or failed, from where it "
		 "ends." },
	{ "POST", "/api/v1/messages/{id}/regenerate", .access = "chat:write",
	  .rate = RATE_EXPENSIVE, .raises = "chat:{user}", .in = &message_id_schema,
	  .out = &message_schema, .status = 202, .handle = message_regenerate,
	  .doc = "Answer anew: another message beside this one, which is shown from now on." },
	{ "GET", "/api/v1/messages/{id}/events", .access = "chat:read",
	  .in = &message_events_schema, .media = "text/event-stream", .handle = message_events,
	  .doc = "The deltas of an answer as server-sent events: `delta` {seq, text}, and `done` "
		 "with the message." },
	{ 0 },
};
