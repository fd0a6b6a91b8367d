/*
 * Private to chat/: conversations and their SQL, and what erases them with all that is in them. Workers, or inside a transaction.
 *
 * What belongs to somebody is read through a function that takes the principal: another one's answers ERR_NOT_FOUND.
 */
#ifndef WEBPLUS_CHAT_CONVERSATION_STORE_H
#define WEBPLUS_CHAT_CONVERSATION_STORE_H

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

enum { UNDO_DAYS = 30 };

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

enum { ERASE_ROWS = 500 /* in one transaction, which others wait for or meet */ };

/*
 * Drops what was deleted UNDO_DAYS ago, and idempotency keys that are over: so many rows, messages before their conversation.
 * *ret_more: there may be more. What is cut off in between goes on with the next call.
 */
enum err chat_purge(struct db *tx, struct timestamp now, int64_t rows, bool *ret_more) WARN_UNUSED;

#endif
