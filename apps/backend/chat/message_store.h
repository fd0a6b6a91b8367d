/*
 * Private to chat/: messages and their SQL, with what is committed of those that stream. Workers, or inside a transaction.
 *
 * What belongs to somebody is read through a function that takes the principal: another one's answers ERR_NOT_FOUND.
 */
#ifndef WEBPLUS_CHAT_MESSAGE_STORE_H
#define WEBPLUS_CHAT_MESSAGE_STORE_H

#include "db/database.h"
#include "security/authorize.h"

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

extern const struct schema message_chunk_schema;

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

/* ---- What streams ---- */

/*
 * Adds what is committed beyond `content` to a message that streams: the chunks that follow it
 * without a gap. The message may have ended since it was read, and even have gone on, but what it
 * is given here is a prefix of it all the same.
 */
enum err message_add_chunks(struct db *db, struct arena *arena,
			    struct message *message) WARN_UNUSED;
/* The same as far as nothing is damaged; *ret_damaged says whether something is. */
enum err message_add_sound_chunks(struct db *db, struct arena *arena, struct message *message,
				  bool *ret_damaged) WARN_UNUSED;
/* As it is stored, without its chunks. */
enum err message_read_row(struct db *db, const char *id, struct arena *arena,
			  struct message *ret_message) WARN_UNUSED;

#endif
