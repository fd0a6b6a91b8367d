/*
 * Private to chat/: its records and its SQL. Workers, or inside a transaction.
 *
 * What belongs to somebody is read through a function that takes the principal: another one's answers ERR_NOT_FOUND.
 */
#ifndef WEBPLUS_CHAT_CHAT_STORE_H
#define WEBPLUS_CHAT_CHAT_STORE_H

#include "base/id.h"
#include "db/database.h"
#include "security/authorize.h"

struct conversation {
	const char *id;
	const char *owner_id;
	const char *title;
	const char *model_id;
	const char *active_message_id;
	struct timestamp created_at;
	struct timestamp updated_at;
	struct timestamp deleted_at;
};

extern const struct schema conversation_schema;

/* What may change of a conversation. */
struct conversation_patch {
	struct presence presence;
	const char *id;
	const char *title;
	const char *model_id;
	const char *active_message_id;
	struct timestamp updated_at;
	struct timestamp deleted_at;
};

/* Says that a field of the patch is given. */
void conversation_patch_give(struct conversation_patch *patch, const char *name);

enum message_role { MESSAGE_USER, MESSAGE_ASSISTANT };
enum message_status {
	MESSAGE_COMPLETE,
	MESSAGE_STREAMING,
	MESSAGE_STOPPED,
	MESSAGE_INTERRUPTED,
	MESSAGE_FAILED
};

struct message_error {
	const char *code;
	const char *detail;
};

struct message {
	const char *id;
	const char *conversation_id;
	const char *owner_id;
	const char *parent_id;
	enum message_role role;
	const char *content;
	enum message_status status;
	int64_t seq;
	struct blob lengths;
	const char *model_id;
	struct message_error error;
	const char *node_id;
	int64_t epoch;
	struct timestamp lease_until;
	struct timestamp created_at;
	struct timestamp completed_at;
};

extern const struct schema message_schema;

/* What was committed of a streaming message since its `content`. */
struct message_chunk {
	const char *message_id;
	int64_t first_seq;
	struct blob lengths, clear_lengths; /* one of them */
	const char *text;
	/* It may be there already, with less in it: an attempt before was not answered. Not a column. */
	bool again;
};

/* The server's own row, and which run of it this is. */
struct node {
	const char *id;
	int64_t epoch;
};

enum { LEASE_MS = 30 * 1000, UNDO_DAYS = 30, IDEMPOTENCY_HOURS = 24 };

/* ---- Conversations ---- */

enum err conversation_insert(struct db *db, const struct conversation *conversation) WARN_UNUSED;
/* Also one that is deleted, but not purged. */
enum err conversation_read_any(struct db *db, const struct principal *principal,
			       enum permission permission, const char *id, struct arena *arena,
			       struct conversation *ret_conversation) WARN_UNUSED;
enum err conversation_read(struct db *db, const struct principal *principal,
			   enum permission permission, const char *id, struct arena *arena,
			   struct conversation *ret_conversation) WARN_UNUSED;
/* Without asking who reads, and also one that is deleted: for the server itself. */
enum err conversation_read_whole(struct db *db, const char *id, struct arena *arena,
				 struct conversation *ret_conversation) WARN_UNUSED;
/*
 * Up to `limit` of the principal's own, the newest first, those before the place (updated_at, id), and whether there are
 * more. Damaged ones are left out; ERR_CORRUPT when that leaves none to show or to go on from.
 */
enum err conversation_page(struct db *db, const struct principal *principal,
			   struct timestamp before, const char *before_id, int64_t limit,
			   struct arena *arena, struct array *ret_conversations,
			   bool *ret_more) WARN_UNUSED;
/* The same of those that were deleted and can be restored, the last first; the place is (deleted_at, id). */
enum err conversation_page_deleted(struct db *db, const struct principal *principal,
				   struct timestamp before, const char *before_id, int64_t limit,
				   struct arena *arena, struct array *ret_conversations,
				   bool *ret_more) WARN_UNUSED;
/*
 * For good, with all that is in it: so many rows. *ret_more: there are more. ERR_CONFLICT: it was not deleted before. The
 * caller has read it for writing.
 */
enum err conversation_erase(struct db *tx, const char *id, int64_t rows,
			    bool *ret_more) WARN_UNUSED;
/* The owner's first one behind `after` ("": of all), deleted ones too, in an order that nothing changes. */
enum err conversation_after(struct db *db, const char *owner_id, const char *after,
			    struct arena *arena, struct conversation *ret_conversation) WARN_UNUSED;
/* Writes what the patch gives; the caller has read the conversation for writing. */
enum err conversation_update(struct db *db, const struct conversation_patch *patch) WARN_UNUSED;

/* ---- Messages ---- */

enum err message_insert(struct db *db, const struct message *message) WARN_UNUSED;
/* A streaming message comes with the prefix that is committed. */
enum err message_read(struct db *db, const struct principal *principal, enum permission permission,
		      const char *id, struct arena *arena, struct message *ret_message) WARN_UNUSED;
/* The same without asking who reads: for the server itself, or after it asked. */
enum err message_read_whole(struct db *db, const char *id, struct arena *arena,
			    struct message *ret_message) WARN_UNUSED;
/* A message of this conversation, which the caller has read; ERR_NOT_FOUND otherwise. */
enum err message_read_in(struct db *db, const char *conversation_id, const char *id,
			 struct arena *arena, struct message *ret_message) WARN_UNUSED;
/*
 * A page of messages: at most `count`, and it ends with the one that reaches `bytes`, as they are stored. So it takes no more
 * memory than that and one message, and always has one, if there is one.
 */
struct message_bounds {
	int64_t count;
	int64_t bytes;
};

/* From the message `from` (of this conversation) towards the root. */
enum err message_branch(struct db *db, const char *conversation_id, const char *from,
			struct message_bounds bounds, struct arena *arena,
			struct array *ret_messages) WARN_UNUSED;
/* From the root towards `leaf`, those behind the message `after` ("": from the root). */
enum err message_branch_from_root(struct db *db, const char *conversation_id, const char *leaf,
				  const char *after, struct message_bounds bounds,
				  struct arena *arena, struct array *ret_messages) WARN_UNUSED;
/*
 * All of the conversation in the order they were made, those behind `after` ("": the first), and whether there are more behind
 * the last of them.
 */
enum err message_tree(struct db *db, const char *conversation_id, const char *after,
		      struct message_bounds bounds, struct arena *arena, struct array *ret_messages,
		      bool *ret_more) WARN_UNUSED;

/* A message beside which another one follows the same: a place where the conversation forks. */
struct message_fork {
	const char *id;
	const char *parent_id;
};

extern const struct schema message_fork_schema;

/* Up to `limit` of them in the order in which they were made, those behind `after` ("": the first). */
enum err message_forks(struct db *db, const char *conversation_id, const char *after, int64_t limit,
		       struct arena *arena, struct array *ret_forks) WARN_UNUSED;
/* What was said last below a message of this conversation, or the message itself. */
enum err message_newest_below(struct db *db, const char *conversation_id, const char *id,
			      struct arena *arena, const char **ret_id) WARN_UNUSED;

/* ---- Streaming ---- */

/* Makes this server's row, or raises its epoch, which ends the leases of the run before. Start, before others. */
enum err node_start(struct db *db, struct arena *arena, struct node *ret_node) WARN_UNUSED;
/* The same where several servers share the database; each knows its own id, which must outlive *ret_node. */
enum err node_join(struct db *db, const char *id, struct arena *arena,
		   struct node *ret_node) WARN_UNUSED;
/* Lets the message stream (again) here. ERR_CONFLICT if it streams already. */
enum err message_take(struct db *tx, const char *id, const struct node *node,
		      struct timestamp now) WARN_UNUSED;
/*
 * One batch of what streams, at most one chunk of each message. Of each, ret_ours[i] says whether its message is ours still; if
 * not, it was taken over, has ended or is gone, and the chunk was not written.
 */
enum err chunks_insert(struct db *tx, const struct node *node, const struct message_chunk *chunks,
		       size_t count, bool *ret_ours) WARN_UNUSED;
/* Writes the end of a message and drops its chunks. ERR_CONFLICT: it is not ours any more. */
enum err message_finish(struct db *tx, const struct node *node,
			const struct message *message) WARN_UNUSED;
/*
 * Renews the leases of what streams here: `under_way` has the ids of these messages, one behind the other. A message without an
 * answer under way is left to run out, though it says that it streams here.
 */
enum err leases_renew(struct db *tx, const struct node *node, const char *under_way,
		      struct timestamp now) WARN_UNUSED;
/*
 * Folds what nobody streams any more, and is not under way here, into its exact prefix, "interrupted"; where something of it
 * is damaged, into what stands before that, "failed". *ret_messages has them as they are now; of one that cannot be read it has
 * the id alone.
 */
enum err messages_interrupt(struct db *tx, const struct node *node, const char *under_way,
			    struct timestamp now, struct arena *arena,
			    struct array *ret_messages) WARN_UNUSED;

/* ---- Stopping what streams on another server ---- */

/* Says in the message, if it streams, that it is to be stopped. */
enum err message_request_stop(struct db *db, const char *id, struct timestamp now) WARN_UNUSED;
/* The same of all that streams in a conversation. */
enum err conversation_request_stop(struct db *tx, const char *id, struct timestamp now) WARN_UNUSED;
/* One of the messages that stream. */
struct streaming {
	const char *id;
};

/* Those on this node that are to be stopped, as struct streaming. */
enum err stops_requested(struct db *db, const struct node *node, struct arena *arena,
			 struct array *ret_stops) WARN_UNUSED;
/* Whether it streams still, anywhere. */
enum err message_streams(struct db *db, const char *id, bool *ret_streams) WARN_UNUSED;

/* ---- What must not be done twice ---- */

struct idempotency_key {
	const char *owner_id;
	const char *key;
	const char *request_hash;
	const char *user_message_id;
	const char *assistant_message_id;
	const char *parent_id; /* of the user's message */
	const char *model_id;  /* that answers */
	struct timestamp created_at;
};

enum err idempotency_find(struct db *tx, const char *owner_id, const char *key, struct arena *arena,
			  struct idempotency_key *ret_key) WARN_UNUSED;
enum err idempotency_insert(struct db *tx, const struct idempotency_key *key) WARN_UNUSED;

enum { ERASE_ROWS = 500 /* in one transaction, which others wait for or meet */ };

/*
 * Drops what was deleted UNDO_DAYS ago, and keys of IDEMPOTENCY_HOURS ago: so many rows, messages before their conversation.
 * *ret_more: there may be more. What is cut off in between goes on with the next call.
 */
enum err chat_purge(struct db *tx, struct timestamp now, int64_t rows, bool *ret_more) WARN_UNUSED;

#endif
