/*
 * Private to chat/: what is written while an answer streams, who streams it, and what becomes of one whose server went away.
 * Workers, or inside a transaction.
 */
#ifndef WEBPLUS_CHAT_STREAM_STORE_H
#define WEBPLUS_CHAT_STREAM_STORE_H

#include "chat/message_store.h"

/* The server's own row, and which run of it this is. */
struct node {
	const char *id;
	int64_t epoch;
};

enum { LEASE_MS = 30 * 1000 };

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

#endif
