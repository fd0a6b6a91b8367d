#include "chat/stream_store.h"

#include "base/id.h"
#include "base/map.h"
#include "chat/chat.h"
#include "search/search.h"

#include <assert.h>
#include <string.h>

static const struct field node_fields[] = {
	FIELD(struct node, id, .doc = "The server's id."),
	FIELD(struct node, epoch, .doc = "How often it was started."),
	{ 0 },
};

static const struct schema node_schema =
	SCHEMA(struct node, node_fields, .name = "Node", .table = "node", .key = { "id" });

/* The end of a stream, as it is written into the message. */
struct message_end {
	const char *id;
	const char *content;
	enum message_status status;
	int64_t seq;
	struct blob lengths;
	struct message_error error;
	struct timestamp lease_until;
	struct timestamp completed_at;
};

static const char *const end_status_words[] = { "complete",    "streaming", "stopped",
						"interrupted", "failed",    NULL };

static const struct field end_error_fields[] = {
	FIELD(struct message_error, code, .doc = "Why it failed."),
	FIELD(struct message_error, detail, .nullable = true, .private = "message.error_detail",
	      .doc = "The same for people."),
	{ 0 },
};

static const struct schema end_error_schema =
	SCHEMA(struct message_error, end_error_fields, .name = "StoredError");

static const struct field message_end_fields[] = {
	FIELD(struct message_end, id, .doc = "Which message."),
	FIELD(struct message_end, content, .private = "message.content", .doc = "All of it."),
	FIELD(struct message_end, status, .names = end_status_words, .doc = "How it ended."),
	FIELD(struct message_end, seq, .doc = "Number of its last delta."),
	FIELD(struct message_end, lengths, .stored = true, .nullable = true,
	      .secret = "message.lengths", .doc = "Of its deltas."),
	FIELD(struct message_end, error, .schema = &end_error_schema, .nullable = true,
	      .doc = "Why it failed."),
	FIELD(struct message_end, lease_until, .nullable = true, .doc = "None any more."),
	FIELD(struct message_end, completed_at, .nullable = true, .doc = "When."),
	{ 0 },
};

static const struct schema message_end_schema =
	SCHEMA(struct message_end, message_end_fields, .name = "MessageEnd", .table = "message",
	       .key = { "id" });

struct lease {
	int64_t epoch;
};

static const struct field lease_fields[] = {
	FIELD(struct lease, epoch, .doc = "In which run of the server."),
	{ 0 },
};

static const struct schema lease_schema = SCHEMA(struct lease, lease_fields, .name = "Lease");

static const struct field streaming_fields[] = {
	FIELD(struct streaming, id, .doc = "Which message."),
	{ 0 },
};

static const struct schema streaming_schema =
	SCHEMA(struct streaming, streaming_fields, .name = "Streaming");

static const struct statement select_node = { "SELECT {columns} FROM node LIMIT 1", &node_schema };
static const struct statement select_node_by_id = { "SELECT {columns} FROM node WHERE id = $1",
						    &node_schema };
static const struct statement raise_epoch = { "UPDATE node SET epoch = epoch + 1 WHERE id = $1",
					      NULL };
static const struct statement take_message = {
	"UPDATE message SET status = 'streaming', node_id = $2, epoch = $3, lease_until = $4, "
	"stop_requested_at = NULL, error_code = NULL, error_detail = NULL, completed_at = NULL "
	"WHERE id = $1 AND status <> 'streaming'",
	NULL
};
/* The ids that stand in the parameter, one behind the other, as rows `ids`. */
#define IDS_OF(parameter)                                                                          \
	"WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 36 FROM place "                \
	"WHERE n + 36 < length(" parameter ")), "                                                  \
	"ids (id) AS (SELECT substr(" parameter ", n, 36) FROM place) "

static const struct statement select_ours_of = {
	IDS_OF("$1") "SELECT m.id AS id FROM ids i JOIN message m ON m.id = i.id "
		     "WHERE m.status = 'streaming' AND m.node_id = $2 AND m.epoch = $3",
	&streaming_schema
};
static const struct statement select_ours = { "SELECT epoch FROM message WHERE id = $1 AND status "
					      "= 'streaming' AND node_id = $2 AND epoch = $3",
					      &lease_schema };
/* Whatever an attempt that was not answered has left. */
static const struct statement delete_chunks_from = {
	"DELETE FROM message_chunk WHERE message_id = $1 AND first_seq >= $2", NULL
};
static const struct statement delete_chunks = { "DELETE FROM message_chunk WHERE message_id = $1",
						NULL };
static const struct statement renew_leases = {
	IDS_OF("$4") "UPDATE message SET lease_until = $3 WHERE status = 'streaming' "
		     "AND node_id = $1 AND epoch = $2 AND id IN (SELECT id FROM ids)",
	NULL
};
/* A lease of this run can run out too: of a message whose posting was committed unheard, so that nobody began it. */
static const struct statement select_abandoned = {
	IDS_OF("$4") "SELECT id FROM message WHERE status = 'streaming' "
		     "AND (lease_until < $3 OR (node_id = $1 AND epoch < $2)) "
		     "AND id NOT IN (SELECT id FROM ids) ORDER BY lease_until LIMIT 100",
	&streaming_schema
};
/* What it holds is left as it is, for who can mend it. */
static const struct statement close_damaged = {
	"UPDATE message SET status = 'failed', error_code = 'corrupt', lease_until = NULL, "
	"completed_at = $2 WHERE id = $1",
	NULL
};

static const struct statement request_stop = {
	"UPDATE message SET stop_requested_at = $2 WHERE id = $1 AND status = 'streaming'", NULL
};
static const struct statement request_stops = {
	"UPDATE message SET stop_requested_at = $2 WHERE conversation_id = $1 AND status = "
	"'streaming'",
	NULL
};
static const struct statement select_stops = {
	"SELECT id FROM message WHERE status = 'streaming' AND node_id = $1 AND epoch = $2 "
	"AND stop_requested_at IS NOT NULL",
	&streaming_schema
};
static const struct statement select_streaming = {
	"SELECT id FROM message WHERE id = $1 AND status = 'streaming'", &streaming_schema
};

const struct statement *const stream_statements[] = {
	&select_node,   &select_node_by_id,  &raise_epoch,      &take_message,
	&select_ours,   &delete_chunks,      &renew_leases,     &select_abandoned,
	&close_damaged, &delete_chunks_from, &select_ours_of,   &request_stop,
	&request_stops, &select_stops,       &select_streaming, NULL,
};

/* ---- The server's own row ---- */

struct node_starting {
	const char *id; /* NULL: of the only one */
	struct arena *arena;
	struct node *node;
};

static enum err read_node(struct db *tx, const struct node_starting *starting)
{
	return starting->id ? db_one(tx, &select_node_by_id, ARGS(starting->id), starting->arena,
				     starting->node)
			    : db_one(tx, &select_node, ARGS_NONE, starting->arena, starting->node);
}

static enum err run_node_start(struct db *tx, void *context)
{
	struct node_starting *starting = context;
	struct node *node = starting->node;
	enum err err = read_node(tx, starting);
	char *id;

	if (err == ERR_OK) {
		node->epoch++;
		return db_exec(tx, &raise_epoch, ARGS(node->id), NULL);
	}
	if (err != ERR_NOT_FOUND)
		return err;
	id = arena_alloc(starting->arena, ID_SIZE);
	id_make(id);
	*node = (struct node){ .id = starting->id ? starting->id : id, .epoch = 1 };
	return db_insert(tx, &node_schema, node);
}

enum err node_start(struct db *db, struct arena *arena, struct node *ret_node)
{
	struct node_starting starting = { NULL, arena, ret_node };

	return db_transaction(db, run_node_start, &starting);
}

enum err node_join(struct db *db, const char *id, struct arena *arena, struct node *ret_node)
{
	struct node_starting starting = { id, arena, ret_node };

	return db_transaction(db, run_node_start, &starting);
}

/* ---- Streaming ---- */

enum err message_take(struct db *tx, const char *id, const struct node *node, struct timestamp now)
{
	struct timestamp until = { now.ms + LEASE_MS };
	int64_t changed = 0;
	enum err err = db_exec(tx, &take_message, ARGS(id, node->id, node->epoch, until), &changed);

	return err == ERR_OK && changed == 0 ? ERR_CONFLICT : err;
}

/* ERR_CONFLICT if another one has taken the message, or it has ended. */
static enum err is_ours(struct db *tx, const char *id, const struct node *node)
{
	struct lease lease;
	enum err err = db_one(tx, &select_ours, ARGS(id, node->id, node->epoch), NULL, &lease);

	return err == ERR_NOT_FOUND ? ERR_CONFLICT : err;
}

static enum err insert_chunk(struct db *tx, const struct message_chunk *chunk)
{
	enum err err = ERR_OK;

	if (chunk->again)
		err = db_exec(tx, &delete_chunks_from, ARGS(chunk->message_id, chunk->first_seq),
			      NULL);
	return err == ERR_OK ? db_insert(tx, &message_chunk_schema, chunk) : err;
}

enum { ASKED_AT_ONCE = 64 };

static const char *list_ids(const struct message_chunk *chunks, size_t count, struct arena *arena)
{
	enum { LENGTH = ID_SIZE - 1 };
	char *ids = arena_alloc(arena, count * LENGTH + 1);

	for (size_t i = 0; i < count; i++) {
		assert(strlen(chunks[i].message_id) == LENGTH);
		memcpy(ids + i * LENGTH, chunks[i].message_id, LENGTH);
	}
	return ids;
}

/* Into *ours, of some. */
static enum err ask_ours(struct db *tx, const struct node *node, const struct message_chunk *chunks,
			 size_t count, struct arena *arena, struct map *ours)
{
	struct array found;
	enum err err =
		db_all(tx, &select_ours_of,
		       ARGS(list_ids(chunks, count, arena), node->id, node->epoch), arena, &found);

	for (size_t i = 0; err == ERR_OK && i < found.count; i++)
		map_set(ours, ((struct streaming *)found.items)[i].id, ours);
	return err;
}

/*
 * Many with one question, since each is a round trip; not all, since to find a place in a text the databases count its
 * characters from the beginning.
 */
static enum err find_ours(struct db *tx, const struct node *node,
			  const struct message_chunk *chunks, size_t count, bool *ret_ours)
{
	struct arena arena;
	struct map ours;
	enum err err = ERR_OK;

	arena_init(&arena);
	map_init(&ours);
	for (size_t from = 0; err == ERR_OK && from < count; from += ASKED_AT_ONCE)
		err = ask_ours(tx, node, chunks + from,
			       count - from < ASKED_AT_ONCE ? count - from : ASKED_AT_ONCE, &arena,
			       &ours);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		ret_ours[i] = map_get(&ours, chunks[i].message_id) != NULL;
	map_finish(&ours);
	arena_finish(&arena);
	return err;
}

enum err chunks_insert(struct db *tx, const struct node *node, const struct message_chunk *chunks,
		       size_t count, bool *ret_ours)
{
	enum err err = find_ours(tx, node, chunks, count, ret_ours);

	for (size_t i = 0; err == ERR_OK && i < count; i++)
		if (ret_ours[i])
			err = insert_chunk(tx, &chunks[i]);
	return err;
}

static enum err write_end(struct db *tx, const struct message *message)
{
	struct message_end end = { .id = message->id,
				   .content = message->content,
				   .status = message->status,
				   .seq = message->seq,
				   .lengths = message->lengths,
				   .error = message->error,
				   .completed_at = message->completed_at };
	enum err err = db_update(tx, &message_end_schema, &end);

	if (err == ERR_OK && *message->content)
		err = search_mark_message(tx, message->owner_id, message->id);
	return err == ERR_OK ? db_exec(tx, &delete_chunks, ARGS(message->id), NULL) : err;
}

enum err message_finish(struct db *tx, const struct node *node, const struct message *message)
{
	enum err err = is_ours(tx, message->id, node);

	return err == ERR_OK ? write_end(tx, message) : err;
}

enum err leases_renew(struct db *tx, const struct node *node, const char *under_way,
		      struct timestamp now)
{
	struct timestamp until = { now.ms + LEASE_MS };

	return db_exec(tx, &renew_leases, ARGS(node->id, node->epoch, until, under_way), NULL);
}

/* What is damaged ends too, or it would be met again at each look. */
static enum err interrupt(struct db *tx, struct message *message, struct timestamp now,
			  struct arena *arena)
{
	bool damaged = false;
	const char *id = message->id;
	enum err err = message_read_row(tx, id, arena, message);

	if (err == ERR_CORRUPT) {
		*message = (struct message){ .id = id };
		return db_exec(tx, &close_damaged, ARGS(id, now), NULL);
	}
	if (err == ERR_OK)
		err = message_add_sound_chunks(tx, arena, message, &damaged);
	if (err != ERR_OK)
		return err;
	message->status = damaged ? MESSAGE_FAILED : MESSAGE_INTERRUPTED;
	if (damaged)
		message->error = (struct message_error){ err_code(ERR_CORRUPT),
							 "What followed is damaged." };
	message->completed_at = now;
	return write_end(tx, message);
}

enum err messages_interrupt(struct db *tx, const struct node *node, const char *under_way,
			    struct timestamp now, struct arena *arena, struct array *ret_messages)
{
	struct array rows = { 0 };
	const struct streaming *abandoned;
	struct message *messages;
	enum err err = db_all(tx, &select_abandoned, ARGS(node->id, node->epoch, now, under_way),
			      arena, &rows);

	abandoned = rows.items;
	messages = ARENA_ARRAY(arena, rows.count, struct message);
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++) {
		messages[i].id = abandoned[i].id;
		err = interrupt(tx, &messages[i], now, arena);
	}
	*ret_messages = (struct array){ messages, rows.count };
	return err;
}

/* ---- Stopping ---- */

enum err message_request_stop(struct db *db, const char *id, struct timestamp now)
{
	return db_exec(db, &request_stop, ARGS(id, now), NULL);
}

enum err conversation_request_stop(struct db *tx, const char *id, struct timestamp now)
{
	return db_exec(tx, &request_stops, ARGS(id, now), NULL);
}

enum err stops_requested(struct db *db, const struct node *node, struct arena *arena,
			 struct array *ret_stops)
{
	return db_all(db, &select_stops, ARGS(node->id, node->epoch), arena, ret_stops);
}

enum err message_streams(struct db *db, const char *id, bool *ret_streams)
{
	struct arena arena;
	struct streaming row;
	enum err err;

	arena_init(&arena);
	err = db_one(db, &select_streaming, ARGS(id), &arena, &row);
	arena_finish(&arena);
	*ret_streams = err == ERR_OK;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}
