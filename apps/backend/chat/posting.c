#include "chat/posting.h"

#include "app.h"
#include "base/utf8.h"
#include "chat/chat_events.h"
#include "chat/conversation_store.h"
#include "chat/generation.h"
#include "chat/idempotency_store.h"
#include "chat/stream_store.h"
#include "providers/thought.h"
#include "search/search.h"
#include "security/encryption.h"

#include <sodium.h>
#include <string.h>

enum {
	HISTORY_MAX = 400, /* messages that a model is given, the last ones */
	HISTORY_BYTES = 16 * 1024 * 1024,
	TITLE_CHARACTERS = 60,
	HASH_TEXT_SIZE = LOOKUP_SIZE * 2 + 1
};

/* What one of the three transactions works on. */
struct posting {
	struct request *request;
	const struct message_new *input;
	const char *key_hash, *request_hash; /* of the key for idempotency, if there is one */
	const char *message_id;              /* to go on with, or to answer anew */
	struct timestamp now;
	char *user_id, *assistant_id;
	struct conversation conversation;
	struct message user, assistant;
	bool replayed;
};

static struct posting posting_make(struct request *request)
{
	struct posting posting = { .request = request,
				   .now = clock_now(),
				   .user_id = arena_alloc(&request->arena, ID_SIZE),
				   .assistant_id = arena_alloc(&request->arena, ID_SIZE) };

	id_make(posting.user_id);
	id_make(posting.assistant_id);
	return posting;
}

/* ---- Starting the answer ---- */

static enum chat_role turn_role(const struct message *message)
{
	return message->role == MESSAGE_USER ? CHAT_USER : CHAT_ASSISTANT;
}

/* The turns that lead to the answer; its own prefix is the last where it goes on. What was thought is no part of them. */
static void copy_turns(struct generation_start *start, const struct array *branch)
{
	const struct message *messages = branch->items;

	start->turns = ARENA_ARRAY(&start->arena, branch->count, struct chat_turn);
	for (size_t i = branch->count; i-- > 0;) {
		enum chat_role role = turn_role(&messages[i]);
		const char *content = messages[i].content;

		if (role == CHAT_ASSISTANT)
			content = thought_skip(content);
		if (*content == '\0')
			continue;
		start->turns[start->turns_count].role = role;
		start->turns[start->turns_count++].content = content;
	}
}

/* Reads what the model is to know, and hands the answer to the loop. */
static enum err start_generation(struct posting *posting)
{
	struct app *app = posting->request->app;
	const struct message_bounds bounds = { HISTORY_MAX, HISTORY_BYTES };
	struct generation_start *start = generation_start_create(app);
	struct array branch;
	enum err err =
		message_read_whole(app->db, posting->assistant.id, &start->arena, &start->message);

	if (err == ERR_OK)
		err = message_branch(app->db, start->message.conversation_id, start->message.id,
				     bounds, &start->arena, &branch);
	if (err != ERR_OK) {
		generation_start_discard(start);
		return err;
	}
	copy_turns(start, &branch);
	memcpy(start->request_id, posting->request->id, ID_SIZE);
	generation_submit(start);
	return ERR_OK;
}

static enum err run_give_up(struct db *tx, void *context)
{
	struct posting *posting = context;

	return message_finish(tx, generations_node(posting->request->app->generations),
			      &posting->assistant);
}

/* Nobody will stream it. If this cannot be written either, the next start sees to it. */
static void give_up(struct posting *posting)
{
	posting->assistant.status = MESSAGE_INTERRUPTED;
	posting->assistant.completed_at = posting->now;
	(void)!db_transaction(posting->request->app->db, run_give_up, posting);
}

static enum err run(struct posting *posting, transaction body)
{
	struct app *app = posting->request->app;
	enum err err = db_transaction(app->db, body, posting);

	if (err != ERR_OK || posting->replayed)
		return err;
	db_watch(NULL); /* the answer is the server's now: that who asked leaves does not end it */
	err = start_generation(posting);
	if (err != ERR_OK)
		give_up(posting);
	if (posting->user.id)
		publish_message(app, &posting->user);
	publish_message(app, &posting->assistant);
	publish_conversation(app, &posting->conversation);
	return err;
}

/* ---- Parts of the transactions ---- */

static enum err read_conversation(struct db *tx, struct posting *posting, const char *id)
{
	struct request *request = posting->request;

	return conversation_read(tx, request->principal, PERMISSION_CHAT_WRITE, id, &request->arena,
				 &posting->conversation);
}

static struct message new_message(const struct posting *posting, const char *id,
				  enum message_role role)
{
	return (struct message){ .id = id,
				 .conversation_id = posting->conversation.id,
				 .owner_id = posting->conversation.owner_id,
				 .role = role,
				 .content = "",
				 .created_at = posting->now };
}

static enum err insert_assistant(struct db *tx, struct posting *posting, const char *parent_id,
				 const char *model_id)
{
	const struct node *node = generations_node(posting->request->app->generations);

	posting->assistant = new_message(posting, posting->assistant_id, MESSAGE_ASSISTANT);
	posting->assistant.parent_id = parent_id;
	posting->assistant.status = MESSAGE_STREAMING;
	posting->assistant.model_id = model_id;
	posting->assistant.node_id = node->id;
	posting->assistant.epoch = node->epoch;
	posting->assistant.lease_until.ms = posting->now.ms + LEASE_MS;
	return message_insert(tx, &posting->assistant);
}

/* Behind what begins a line and is no word of it: what is not seen, and signs of Markdown. */
static const char *first_word(const char *text)
{
	for (const char *at = text;; text = at) {
		uint32_t c = utf8_next(&at);
		bool markdown = c == '#' || c == '>' || c == '*' || c == '-';

		if (c == 0 || !(markdown || utf8_is_unseen(c)))
			return text;
	}
}

/* The first line of what was asked, cut at a word; a title as its owner could give it. */
static const char *make_title(struct arena *arena, const char *content)
{
	char *title;

	content = first_word(content);
	title = arena_strndup(arena, content, strcspn(content, "\n\t"));
	utf8_drop_layout(title);
	if (utf8_count(title) > TITLE_CHARACTERS) {
		char *space;

		title[utf8_prefix(title, TITLE_CHARACTERS)] = '\0';
		space = strrchr(title, ' ');
		if (space && space > title + TITLE_CHARACTERS / 2)
			*space = '\0';
		title = arena_printf(arena, "%s…", title);
	}
	return title;
}

static enum err touch_conversation(struct db *tx, struct posting *posting)
{
	struct conversation *conversation = &posting->conversation;
	struct conversation_patch patch = { .id = conversation->id,
					    .active_message_id = posting->assistant.id,
					    .updated_at = posting->now };
	enum err err;

	conversation_patch_give(&patch, "active_message_id");
	conversation_patch_give(&patch, "updated_at");
	if (*conversation->title == '\0' && posting->input) {
		patch.title = make_title(&posting->request->arena, posting->input->content);
		conversation_patch_give(&patch, "title");
		conversation->title = patch.title;
	}
	conversation->active_message_id = patch.active_message_id;
	conversation->updated_at = patch.updated_at;
	err = conversation_update(tx, &patch);
	return err == ERR_OK && patch.title
		       ? search_mark_title(tx, conversation->owner_id, conversation->id)
		       : err;
}

static enum err refuse_streaming(struct request *request)
{
	return request_fail(request, ERR_CONFLICT,
			    "An answer streams in this branch. Wait for its end, or stop it.");
}

/* ---- Sending ---- */

/*
 * The answer as it was at first, whatever has become of the messages since. Of what it says the request itself has the content,
 * since it is the same, and the key the rest.
 */
static void replay(struct posting *posting, const struct idempotency_key *key)
{
	const struct message_new *input = posting->input;

	posting->replayed = true;
	posting->user = (struct message){ .id = key->user_message_id,
					  .conversation_id = input->id,
					  .parent_id = key->parent_id,
					  .role = MESSAGE_USER,
					  .content = input->content,
					  .created_at = key->created_at,
					  .completed_at = key->created_at };
	posting->assistant = (struct message){ .id = key->assistant_message_id,
					       .conversation_id = input->id,
					       .parent_id = key->user_message_id,
					       .role = MESSAGE_ASSISTANT,
					       .status = MESSAGE_STREAMING,
					       .content = "",
					       .model_id = key->model_id,
					       .created_at = key->created_at };
}

/* ERR_NOT_FOUND: the key is new. */
static enum err find_replay(struct db *tx, struct posting *posting)
{
	struct request *request = posting->request;
	struct idempotency_key key;
	enum err err;

	if (!posting->key_hash)
		return ERR_NOT_FOUND;
	err = idempotency_find(tx, request->principal->user_id, posting->key_hash, &request->arena,
			       &key);
	if (err != ERR_OK)
		return err;
	if (strcmp(key.request_hash, posting->request_hash) != 0)
		return request_invalid(request, "Idempotency-Key", "was used for another request");
	replay(posting, &key);
	return ERR_OK;
}

static enum err keep_key(struct db *tx, const struct posting *posting)
{
	struct idempotency_key key = { .owner_id = posting->conversation.owner_id,
				       .key = posting->key_hash,
				       .request_hash = posting->request_hash,
				       .user_message_id = posting->user.id,
				       .assistant_message_id = posting->assistant.id,
				       .parent_id = posting->user.parent_id,
				       .model_id = posting->assistant.model_id,
				       .created_at = posting->now };

	return key.key ? idempotency_insert(tx, &key) : ERR_OK;
}

/* The message that the new one follows: the given one, or the active leaf; none when null was given. */
static enum err find_parent(struct db *tx, struct posting *posting, const char **ret_parent_id)
{
	struct request *request = posting->request;
	const char *parent_id = posting->input->parent_id ? posting->input->parent_id
							  : posting->conversation.active_message_id;
	struct message parent;
	enum err err;

	*ret_parent_id = posting->input->is_first ? NULL : parent_id;
	if (!*ret_parent_id)
		return ERR_OK;
	err = message_read_in(tx, posting->conversation.id, parent_id, &request->arena, &parent);
	if (err == ERR_NOT_FOUND)
		return request_invalid(request, "parent_id",
				       "is not a message of this conversation");
	if (err == ERR_OK && parent.status == MESSAGE_STREAMING)
		return refuse_streaming(request);
	return err;
}

static enum err run_send(struct db *tx, void *context)
{
	struct posting *posting = context;
	const struct message_new *input = posting->input;
	const char *parent_id, *model_id;
	enum err err;

	posting->replayed = false;
	err = find_replay(tx, posting);
	if (err != ERR_NOT_FOUND)
		return err;
	err = read_conversation(tx, posting, input->id);
	if (err != ERR_OK)
		return err;
	err = find_parent(tx, posting, &parent_id);
	if (err != ERR_OK)
		return err;
	model_id = input->model_id ? input->model_id : posting->conversation.model_id;
	posting->user = new_message(posting, posting->user_id, MESSAGE_USER);
	posting->user.parent_id = parent_id;
	posting->user.content = input->content;
	posting->user.completed_at = posting->now;
	err = message_insert(tx, &posting->user);
	if (err == ERR_OK)
		err = search_mark_message(tx, posting->user.owner_id, posting->user.id);
	if (err == ERR_OK)
		err = insert_assistant(tx, posting, posting->user.id, model_id);
	if (err == ERR_OK)
		err = touch_conversation(tx, posting);
	return err == ERR_OK ? keep_key(tx, posting) : err;
}

static const char *hash_text(struct request *request, const char *field, const char *const *values,
			     size_t count)
{
	uint8_t hash[LOOKUP_SIZE];
	char *text = arena_alloc(&request->arena, HASH_TEXT_SIZE);

	lookup_hash_all(request->app->keyring, field, values, count, hash);
	return sodium_bin2hex(text, HASH_TEXT_SIZE, hash, sizeof(hash));
}

/*
 * What is kept of the key and of what was asked with it, which may be short enough to be guessed. Both are about the owner and
 * the key, so that no two rows show that the same was sent.
 */
static void hash_input(struct posting *posting)
{
	const struct message_new *input = posting->input;
	const char *parent = input->is_first ? "none" : input->parent_id;
	const char *values[] = { posting->request->principal->user_id,
				 input->idempotency_key,
				 input->id,
				 input->content,
				 parent ? parent : "",
				 input->model_id ? input->model_id : "" };

	if (!input->idempotency_key)
		return;
	posting->key_hash = hash_text(posting->request, "idempotency_key.key", values, 2);
	posting->request_hash = hash_text(posting->request, "idempotency_key.request", values,
					  sizeof(values) / sizeof(values[0]));
}

enum err posting_send(struct request *request, const struct message_new *input,
		      struct message_pair *ret_pair, bool *ret_replayed)
{
	struct posting posting = posting_make(request);
	enum err err;

	posting.input = input;
	hash_input(&posting);
	err = run(&posting, run_send);
	*ret_pair = (struct message_pair){ posting.user, posting.assistant };
	*ret_replayed = posting.replayed;
	return err;
}

/* ---- Going on, and answering anew ---- */

static enum err read_answer(struct db *tx, struct posting *posting)
{
	struct request *request = posting->request;
	enum err err = message_read(tx, request->principal, PERMISSION_CHAT_WRITE,
				    posting->message_id, &request->arena, &posting->assistant);

	if (err == ERR_OK)
		err = read_conversation(tx, posting, posting->assistant.conversation_id);
	if (err == ERR_OK && posting->assistant.role != MESSAGE_ASSISTANT)
		err = request_fail(request, ERR_CONFLICT, "This is not an answer.");
	if (err == ERR_OK && posting->assistant.status == MESSAGE_STREAMING)
		err = refuse_streaming(request);
	return err;
}

static enum err run_continue(struct db *tx, void *context)
{
	struct posting *posting = context;
	struct request *request = posting->request;
	enum err err = read_answer(tx, posting);

	if (err == ERR_OK && posting->assistant.status == MESSAGE_COMPLETE)
		err = request_fail(request, ERR_CONFLICT, "This answer is complete.");
	if (err == ERR_OK)
		err = message_take(tx, posting->message_id,
				   generations_node(request->app->generations), posting->now);
	if (err == ERR_OK)
		err = message_read(tx, request->principal, PERMISSION_CHAT_WRITE,
				   posting->message_id, &request->arena, &posting->assistant);
	return err == ERR_OK ? touch_conversation(tx, posting) : err;
}

enum err posting_continue(struct request *request, const char *message_id,
			  struct message *ret_message)
{
	struct posting posting = posting_make(request);
	enum err err;

	posting.message_id = message_id;
	err = run(&posting, run_continue);
	*ret_message = posting.assistant;
	return err;
}

static enum err run_regenerate(struct db *tx, void *context)
{
	struct posting *posting = context;
	struct request *request = posting->request;
	enum err err = read_answer(tx, posting);
	struct message leaf = { .status = MESSAGE_COMPLETE };

	if (err == ERR_OK && posting->conversation.active_message_id)
		err = message_read_in(tx, posting->conversation.id,
				      posting->conversation.active_message_id, &request->arena,
				      &leaf);
	if (err == ERR_OK && posting->conversation.active_message_id &&
	    leaf.status == MESSAGE_STREAMING)
		return refuse_streaming(request);
	if (err == ERR_OK)
		err = insert_assistant(tx, posting, posting->assistant.parent_id,
				       posting->conversation.model_id);
	return err == ERR_OK ? touch_conversation(tx, posting) : err;
}

enum err posting_regenerate(struct request *request, const char *message_id,
			    struct message *ret_message)
{
	struct posting posting = posting_make(request);
	enum err err;

	posting.message_id = message_id;
	err = run(&posting, run_regenerate);
	*ret_message = posting.assistant;
	return err;
}
