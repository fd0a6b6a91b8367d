#include "chat/message_store.h"

#include "chat/chat.h"
#include "chat/conversation_store.h"
#include "chat/deltas.h"

#include <string.h>

static const char *const role_words[] = { "user", "assistant", NULL };
static const char *const status_words[] = { "complete",    "streaming", "stopped",
					    "interrupted", "failed",    NULL };

static const struct field message_error_fields[] = {
	FIELD(struct message_error, code,
	      .doc = "A word for programs: `upstream_refused`, `upstream_stalled`, …"),
	FIELD(struct message_error, detail, .nullable = true, .private = "message.error_detail",
	      .doc = "A sentence for people."),
	{ 0 },
};

static const struct schema message_error_schema =
	SCHEMA(struct message_error, message_error_fields, .name = "MessageError",
	       .doc = "Why an answer failed.");

static const struct field message_fields[] = {
	FIELD(struct message, id, .format = FORMAT_ID, .doc = "The message's id."),
	FIELD(struct message, conversation_id, .format = FORMAT_ID,
	      .doc = "The conversation it is in."),
	FIELD(struct message, owner_id, .stored = true, .doc = "Whose it is."),
	FIELD(struct message, parent_id, .nullable = true, .format = FORMAT_ID,
	      .doc = "The message it follows; null for a first one."),
	FIELD(struct message, role, .names = role_words, .doc = "Who said it."),
	FIELD(struct message, content, .private = "message.content",
	      .doc = "Markdown. Of one that streams: what is committed so far."),
	FIELD(struct message, status, .names = status_words,
	      .doc = "`interrupted`: the server went down; `failed`: see `error`."),
	FIELD(struct message, seq, .doc = "Number of the last delta that `content` holds."),
	FIELD(struct message, lengths, .stored = true, .nullable = true,
	      .secret = "message.lengths", .doc = "Of its deltas."),
	FIELD(struct message, model_id, .nullable = true, .doc = "Which model answered."),
	FIELD(struct message, error, .schema = &message_error_schema, .nullable = true,
	      .doc = "Why it failed."),
	FIELD(struct message, node_id, .stored = true, .nullable = true,
	      .doc = "Which server streams it."),
	FIELD(struct message, epoch, .stored = true, .doc = "In which run of that server."),
	FIELD(struct message, lease_until, .stored = true, .nullable = true,
	      .doc = "Until when, unless renewed."),
	FIELD(struct message, created_at, .doc = "When it was sent."),
	FIELD(struct message, completed_at, .nullable = true,
	      .doc = "When it ended; null while it streams."),
	{ 0 },
};

const struct schema message_schema =
	SCHEMA(struct message, message_fields, .name = "Message", .table = "message",
	       .key = { "id" }, .doc = "One message of a conversation.");

static const struct field message_chunk_fields[] = {
	FIELD(struct message_chunk, message_id, .doc = "Of which message."),
	FIELD(struct message_chunk, first_seq, .doc = "Number of its first delta."),
	FIELD(struct message_chunk, lengths, .stored = true, .nullable = true,
	      .secret = "message_chunk.lengths", .doc = "Of its deltas."),
	FIELD(struct message_chunk, clear_lengths, .stored = true, .nullable = true,
	      .doc = "The same, of what a version wrote that did not seal them."),
	FIELD(struct message_chunk, text, .private = "message_chunk.text", .doc = "Their text."),
	{ 0 },
};

const struct schema message_chunk_schema =
	SCHEMA(struct message_chunk, message_chunk_fields, .name = "MessageChunk",
	       .table = "message_chunk", .key = { "message_id", "first_seq" });

static const struct field message_fork_fields[] = {
	FIELD(struct message_fork, id, .format = FORMAT_ID, .doc = "A message that has siblings."),
	FIELD(struct message_fork, parent_id, .nullable = true, .format = FORMAT_ID,
	      .doc = "What it and they follow; null for first ones."),
	{ 0 },
};

const struct schema message_fork_schema =
	SCHEMA(struct message_fork, message_fork_fields, .name = "MessageFork", .key = { "id" });

struct message_name {
	const char *id;
};

static const struct field message_name_fields[] = {
	FIELD(struct message_name, id, .doc = "Which message."),
	{ 0 },
};

static const struct schema message_name_schema =
	SCHEMA(struct message_name, message_name_fields, .name = "MessageName");

static const struct statement select_message = { "SELECT {columns} FROM message WHERE id = $1",
						 &message_schema };
static const struct statement select_message_in = {
	"SELECT {columns} FROM message WHERE id = $1 AND conversation_id = $2", &message_schema
};
/*
 * A page of messages ends with the one that reaches so many bytes, so that it has a bound in memory whatever they hold. What
 * is counted is read from the heads of the rows; `page` has the id of each and its place.
 */
#define PAGE_OF_MESSAGES(place, order, max_bytes)                                                  \
	"sized AS ("                                                                               \
	" SELECT p.id AS id, p." place " AS place, length(m.content) + "                           \
	"coalesce(length(m.lengths), 0) + CASE m.status WHEN 'streaming' THEN "                    \
	"coalesce((SELECT sum(length(c.text) + coalesce(length(c.lengths), 0)) "                   \
	"FROM message_chunk c WHERE c.message_id = m.id), 0) ELSE 0 END AS size"                   \
	" FROM page p JOIN message m ON m.id = p.id"                                               \
	"), counted AS ("                                                                          \
	" SELECT id, place, CAST(sum(size) OVER (ORDER BY place " order ") AS BIGINT) - size "     \
	"AS bytes_before FROM sized"                                                               \
	") SELECT {columns:m} FROM counted s JOIN message m ON m.id = s.id "                       \
	"WHERE s.bytes_before < " max_bytes " ORDER BY s.place " order

static const struct statement select_branch = {
	"WITH RECURSIVE page (id, parent_id, depth) AS ("
	" SELECT id, parent_id, 1 FROM message WHERE id = $1 AND conversation_id = $2"
	" UNION ALL"
	" SELECT m.id, m.parent_id, p.depth + 1 FROM page p JOIN message m ON m.id = p.parent_id "
	"WHERE p.depth < $3"
	"), " PAGE_OF_MESSAGES("depth", "ASC", "$4"),
	&message_schema
};
static const struct statement select_branch_from_root = {
	"WITH RECURSIVE branch (id, parent_id, depth) AS ("
	" SELECT id, parent_id, 1 FROM message WHERE id = $1 AND conversation_id = $2"
	" UNION ALL"
	" SELECT m.id, m.parent_id, b.depth + 1 FROM branch b JOIN message m ON m.id = b.parent_id"
	"), page AS ("
	" SELECT id, depth FROM branch "
	"WHERE $3 = '' OR depth < (SELECT depth FROM branch WHERE id = $3) ORDER BY depth DESC "
	"LIMIT $4"
	"), " PAGE_OF_MESSAGES("depth", "DESC", "$5"),
	&message_schema
};
static const struct statement select_tree = {
	"WITH page AS ("
	" SELECT id FROM message WHERE conversation_id = $1 AND id > $2 ORDER BY id LIMIT $3"
	"), " PAGE_OF_MESSAGES("id", "ASC", "$4"),
	&message_schema
};
static const struct statement select_next = {
	"SELECT id FROM message WHERE conversation_id = $1 AND id > $2 ORDER BY id LIMIT 1",
	&message_name_schema
};
/* Siblings follow the same message, or are all first ones. A page reads on where the one before ended. */
static const struct statement select_forks = {
	"SELECT {columns:m} FROM message m WHERE m.conversation_id = $1 AND m.id > $2 AND ("
	"EXISTS (SELECT 1 FROM message s WHERE s.conversation_id = $1 AND s.parent_id = m.parent_id "
	"AND s.id <> m.id) OR (m.parent_id IS NULL AND "
	"EXISTS (SELECT 1 FROM message s WHERE s.conversation_id = $1 AND s.parent_id IS NULL "
	"AND s.id <> m.id))) ORDER BY m.id LIMIT $3",
	&message_fork_schema
};
/* The newest that nothing follows: of two servers, the one whose clock is behind gives what follows the lesser id. */
static const struct statement select_newest_below = {
	"WITH RECURSIVE below (id) AS ("
	" SELECT id FROM message WHERE id = $1 AND conversation_id = $2"
	" UNION ALL"
	" SELECT m.id FROM below b JOIN message m ON m.conversation_id = $2 AND m.parent_id = b.id"
	") SELECT {columns:b} FROM below b WHERE NOT EXISTS ("
	"SELECT 1 FROM message m WHERE m.conversation_id = $2 AND m.parent_id = b.id) "
	"ORDER BY b.id DESC LIMIT 1",
	&message_name_schema
};
static const struct statement select_chunks = {
	"SELECT {columns} FROM message_chunk WHERE message_id = $1 ORDER BY first_seq",
	&message_chunk_schema
};

const struct statement *const message_statements[] = {
	&select_message, &select_message_in,
	&select_branch,  &select_branch_from_root,
	&select_tree,    &select_next,
	&select_forks,   &select_newest_below,
	&select_chunks,  NULL,
};

enum err message_insert(struct db *db, const struct message *message)
{
	return db_insert(db, &message_schema, message);
}

/* ---- What streams ---- */

static int64_t count_deltas(struct blob lengths, size_t text_length, const char *text)
{
	struct delta_walk walk;

	deltas_begin(&walk, lengths, text, text_length);
	while (deltas_next(&walk))
		;
	return walk.seq;
}

static struct blob lengths_of(const struct message_chunk *chunk)
{
	return chunk->lengths.data ? chunk->lengths : chunk->clear_lengths;
}

/*
 * A message from before its lengths were sealed has lost them. So that what follows has its number, the first of its deltas is
 * taken to be all of the text, and the others to be empty.
 */
static void restore_lengths(struct arena *arena, struct message *message)
{
	size_t size = strlen(message->content);
	struct buf lengths;

	if (message->lengths.data)
		return;
	if (message->seq > (int64_t)size) /* none was empty, so it is damaged */
		message->seq = (int64_t)size;
	if (message->seq == 0)
		return;
	buf_init(&lengths, size + DELTA_LENGTH_SIZE);
	deltas_append(&lengths, (uint32_t)size);
	for (int64_t seq = 1; seq < message->seq; seq++)
		deltas_append(&lengths, 0);
	message->lengths =
		(struct blob){ arena_strndup(arena, lengths.data, lengths.length), lengths.length };
	buf_finish(&lengths);
}

/* What a message holds, as far as it is exact. */
struct prefix {
	size_t text_size, lengths_size;
	int64_t seq;
};

/*
 * How many of the chunks follow each other without a gap from where the prefix ends, which is moved
 * behind them.
 */
static size_t count_exact(const struct array *rows, struct prefix *prefix)
{
	const struct message_chunk *chunks = rows->items;
	size_t count = 0;

	while (count < rows->count && chunks[count].first_seq == prefix->seq + 1) {
		const struct message_chunk *chunk = &chunks[count++];
		size_t size = strlen(chunk->text);

		prefix->text_size += size;
		prefix->lengths_size += lengths_of(chunk).size;
		prefix->seq += count_deltas(lengths_of(chunk), size, chunk->text);
	}
	return count;
}

static char *append(char *to, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(to, bytes, size);
	return to + size;
}

static void fold(struct arena *arena, const struct array *rows, struct message *message)
{
	struct prefix prefix = { strlen(message->content), message->lengths.size, message->seq };
	size_t count = count_exact(rows, &prefix);
	char *text = arena_alloc(arena, prefix.text_size + 1);
	char *lengths = arena_alloc(arena, prefix.lengths_size + 1);
	char *text_end = append(text, message->content, strlen(message->content));
	char *lengths_end = append(lengths, message->lengths.data, message->lengths.size);

	for (size_t i = 0; i < count; i++) {
		const struct message_chunk *chunk = &((const struct message_chunk *)rows->items)[i];
		struct blob cuts = lengths_of(chunk);

		text_end = append(text_end, chunk->text, strlen(chunk->text));
		lengths_end = append(lengths_end, cuts.data, cuts.size);
	}
	message->content = text;
	message->lengths = (struct blob){ lengths, prefix.lengths_size };
	message->seq = prefix.seq;
}

enum err message_add_chunks(struct db *db, struct arena *arena, struct message *message)
{
	struct array rows;
	enum err err = db_all(db, &select_chunks, ARGS(message->id), arena, &rows);

	if (err != ERR_OK)
		return err;
	restore_lengths(arena, message);
	fold(arena, &rows, message);
	return ERR_OK;
}

enum err message_add_sound_chunks(struct db *db, struct arena *arena, struct message *message,
				  bool *ret_damaged)
{
	struct array rows;
	size_t left_out;
	enum err err = db_all_sound(db, &select_chunks, ARGS(message->id), arena, &rows, &left_out);

	if (err != ERR_OK)
		return err;
	restore_lengths(arena, message);
	fold(arena, &rows, message);
	*ret_damaged = left_out > 0;
	return ERR_OK;
}

static enum err add_chunks_to_all(struct db *db, struct arena *arena, enum err err,
				  struct array *messages)
{
	struct message *list = messages->items;

	for (size_t i = 0; err == ERR_OK && i < messages->count; i++)
		if (list[i].status == MESSAGE_STREAMING)
			err = message_add_chunks(db, arena, &list[i]);
	return err;
}

/* ---- Reading ---- */

/*
 * Between the two reads the message may end, which folds its chunks: it is read again until both
 * reads saw the same.
 */
enum err message_read_whole(struct db *db, const char *id, struct arena *arena,
			    struct message *ret_message)
{
	struct message again;
	enum err err;

	do {
		err = db_one(db, &select_message, ARGS(id), arena, ret_message);
		if (err != ERR_OK || ret_message->status != MESSAGE_STREAMING)
			return err;
		err = message_add_chunks(db, arena, ret_message);
		if (err == ERR_OK)
			err = db_one(db, &select_message, ARGS(id), arena, &again);
	} while (err == ERR_OK &&
		 (again.status != ret_message->status || again.epoch != ret_message->epoch));
	return err;
}

enum err message_read_row(struct db *db, const char *id, struct arena *arena,
			  struct message *ret_message)
{
	return db_one(db, &select_message, ARGS(id), arena, ret_message);
}

enum err message_read(struct db *db, const struct principal *principal, enum permission permission,
		      const char *id, struct arena *arena, struct message *ret_message)
{
	struct conversation conversation;
	enum err err = message_read_whole(db, id, arena, ret_message);

	if (err == ERR_OK)
		err = authorize_object(principal, permission,
				       (struct object){ .owner_id = ret_message->owner_id });
	if (err == ERR_OK)
		err = conversation_read(db, principal, permission, ret_message->conversation_id,
					arena, &conversation);
	return err;
}

enum err message_read_in(struct db *db, const char *conversation_id, const char *id,
			 struct arena *arena, struct message *ret_message)
{
	return db_one(db, &select_message_in, ARGS(id, conversation_id), arena, ret_message);
}

enum err message_branch(struct db *db, const char *conversation_id, const char *from,
			struct message_bounds bounds, struct arena *arena,
			struct array *ret_messages)
{
	enum err err =
		db_all(db, &select_branch, ARGS(from, conversation_id, bounds.count, bounds.bytes),
		       arena, ret_messages);

	return add_chunks_to_all(db, arena, err, ret_messages);
}

enum err message_branch_from_root(struct db *db, const char *conversation_id, const char *leaf,
				  const char *after, struct message_bounds bounds,
				  struct arena *arena, struct array *ret_messages)
{
	enum err err = db_all(db, &select_branch_from_root,
			      ARGS(leaf, conversation_id, after, bounds.count, bounds.bytes), arena,
			      ret_messages);

	return add_chunks_to_all(db, arena, err, ret_messages);
}

enum err message_tree(struct db *db, const char *conversation_id, const char *after,
		      struct message_bounds bounds, struct arena *arena, struct array *ret_messages,
		      bool *ret_more)
{
	enum err err =
		db_all(db, &select_tree, ARGS(conversation_id, after, bounds.count, bounds.bytes),
		       arena, ret_messages);
	const struct message *messages;
	struct message_name next;

	err = add_chunks_to_all(db, arena, err, ret_messages);
	*ret_more = false;
	if (err != ERR_OK || ret_messages->count == 0)
		return err;
	messages = ret_messages->items;
	err = db_one(db, &select_next, ARGS(conversation_id, messages[ret_messages->count - 1].id),
		     arena, &next);
	*ret_more = err == ERR_OK;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- Forks ---- */

enum err message_forks(struct db *db, const char *conversation_id, const char *after, int64_t limit,
		       struct arena *arena, struct array *ret_forks)
{
	return db_all(db, &select_forks, ARGS(conversation_id, after, limit), arena, ret_forks);
}

enum err message_newest_below(struct db *db, const char *conversation_id, const char *id,
			      struct arena *arena, const char **ret_id)
{
	struct message_name name;
	enum err err = db_one(db, &select_newest_below, ARGS(id, conversation_id), arena, &name);

	if (err == ERR_OK)
		*ret_id = name.id;
	return err;
}
