/*
 * Private to search/: its records and its SQL. Workers, or inside a transaction.
 */
#ifndef WEBPLUS_SEARCH_SEARCH_STORE_H
#define WEBPLUS_SEARCH_SEARCH_STORE_H

#include "db/database.h"
#include "search/moments.h"
#include "search/query.h"

/* ---- What is searched ---- */

enum source_role { SOURCE_USER, SOURCE_ASSISTANT };

/* A message, as far as a search needs it. */
struct source_message {
	const char *id;
	const char *conversation_id;
	enum source_role role;
	const char *content;
	struct timestamp created_at;
};

/* What is searched of it: not what a model thought before it answered. */
const char *source_said(const struct source_message *message);

/* A conversation, deleted or not. */
struct source_title {
	const char *id;
	const char *owner_id;
	const char *title;
	struct timestamp created_at;
	struct timestamp deleted_at;
};

enum { SOURCES_AT_MOMENT_MAX = 100 /* of each kind; more of one millisecond are not found */ };

struct source_size {
	const char *id;
	int64_t size; /* bytes, as it is stored */
};

/* The owner's ended messages of these moments, how large they are: in the moments' order, of each the latest id first. */
enum err source_sizes_at(struct db *db, const char *owner_id, const struct moments *moments,
			 struct arena *arena, struct array *ret_sizes) WARN_UNUSED;
/* The owner's conversations of these moments, in the same order; without those that are damaged. */
enum err source_titles_at(struct db *db, const char *owner_id, const struct moments *moments,
			  struct arena *arena, struct array *ret_titles) WARN_UNUSED;
enum { SOURCES_AT_ONCE = 16 };

/* Those of these ids, SOURCES_AT_ONCE at the most, that are there and not damaged; in no order. */
enum err source_messages(struct db *db, const char *const *ids, size_t count, struct arena *arena,
			 struct array *ret_messages) WARN_UNUSED;
enum err source_titles(struct db *db, const char *const *ids, size_t count, struct arena *arena,
		       struct array *ret_titles) WARN_UNUSED;
enum err source_message(struct db *db, const char *id, struct arena *arena,
			struct source_message *ret_message) WARN_UNUSED;
enum err source_title(struct db *db, const char *id, struct arena *arena,
		      struct source_title *ret_title) WARN_UNUSED;
/* The owner's first conversation behind `after` ("": of all). */
enum err source_conversation_after(struct db *db, const char *owner_id, const char *after,
				   struct arena *arena, const char **ret_id) WARN_UNUSED;
/* It ends with the message that reaches so many bytes, as they are stored, and always has one. */
struct source_bounds {
	int64_t count, bytes;
};

/*
 * A page of the ended messages of a conversation behind `after`, without those that are damaged. It reaches up to *ret_last.
 * ERR_NOT_FOUND: there are no more.
 */
enum err source_messages_after(struct db *db, const char *conversation_id, const char *after,
			       struct source_bounds bounds, struct arena *arena,
			       struct array *ret_messages, const char **ret_last) WARN_UNUSED;

/* ---- Indexes ---- */

enum index_state { INDEX_BUILDING, INDEX_SERVING, INDEX_DROPPED };

struct search_index {
	int64_t id;
	const char *owner_id;
	enum index_state state;
	const char *key; /* NULL until its building begins */
	const char *conversation_after;
	int64_t messages;
	int64_t blocks, bytes;
	int64_t stale;
	struct timestamp lease_until;
	struct timestamp created_at;
};

enum err index_insert(struct db *tx, const struct search_index *index) WARN_UNUSED;
/* ERR_NOT_FOUND: the owner has none in this state. */
enum err index_of_owner(struct db *db, const char *owner_id, enum index_state state,
			struct arena *arena, struct search_index *ret_index) WARN_UNUSED;
enum err index_by_id(struct db *db, int64_t id, struct arena *arena,
		     struct search_index *ret_index) WARN_UNUSED;
enum err index_has(struct db *db, const char *owner_id, enum index_state state,
		   bool *ret_has) WARN_UNUSED;
/*
 * Of an index what can be read though its key does not open, so that what is damaged is built anew like any other: walks over
 * indexes, and what drops them, ask for no more.
 */
struct index_head {
	int64_t id;
	const char *owner_id;
	enum index_state state;
	int64_t messages;
	struct timestamp lease_until;
};

/* One on which work is left and nobody works: building, dropped, or stale. */
enum err index_unfinished(struct db *db, struct timestamp now, struct arena *arena,
			  struct index_head *ret_index) WARN_UNUSED;
/* Calls `visit` with each that is not dropped, in the order of their numbers, until it fails; not in a transaction. */
enum err index_each(struct db *db,
		    enum err (*visit)(struct db *db, struct index_head *index, void *context),
		    void *context) WARN_UNUSED;
/* ERR_CONFLICT: somebody else has taken it, or it is gone. */
enum err index_take(struct db *tx, int64_t id, struct timestamp mine,
		    struct timestamp until) WARN_UNUSED;
/* It is nobody's from now on, if it is who's lease that is. */
enum err index_release(struct db *tx, int64_t id, struct timestamp mine) WARN_UNUSED;
/* It is to be erased from a time on. Who works on it finds the lease lost. */
enum err index_drop(struct db *tx, int64_t id, struct timestamp rest_until) WARN_UNUSED;
/* The same of all that serve an owner beside this one. */
enum err index_drop_others(struct db *tx, const char *owner_id, int64_t id,
			   struct timestamp rest_until) WARN_UNUSED;
/* What serves the owner is damaged: it is to be built anew, unless that is under way. */
enum err index_mark_damaged(struct db *tx, const char *owner_id) WARN_UNUSED;
/* A number for a new one. */
enum err index_number(struct db *tx, int64_t *ret_id) WARN_UNUSED;
/*
 * What is written of an index, by who has its lease: the row is changed only while `mine` is what it says. ERR_CONFLICT:
 * somebody else has taken it, or it is gone.
 */
enum err index_write(struct db *tx, const struct search_index *index,
		     struct timestamp mine) WARN_UNUSED;
enum err index_delete(struct db *tx, int64_t id) WARN_UNUSED;
/* Something in the owner's indexes is to go. */
enum err index_mark_stale_of(struct db *tx, const char *owner_id) WARN_UNUSED;
enum err index_set_stale(struct db *tx, int64_t id, bool stale) WARN_UNUSED;
/* All of an account that is deleted: dropped, and without their keys. */
enum err index_forget(struct db *tx, const char *owner_id) WARN_UNUSED;
/* One of the owner's, in whatever state. ERR_NOT_FOUND: there is none. */
enum err index_any(struct db *tx, const char *owner_id, int64_t *ret_id) WARN_UNUSED;
/* ERR_CONFLICT: the account is gone, though it may be there still. */
enum err account_is_there(struct db *tx, const char *id) WARN_UNUSED;
/* The first account behind an id. */
enum err account_after(struct db *db, const char *after, struct arena *arena,
		       const char **ret_id) WARN_UNUSED;

/* What there is in all. */
struct search_size {
	int64_t indexes, messages, blocks, bytes;
	int64_t pending; /* no more than PENDING_COUNT_MAX are counted */
};

enum { PENDING_COUNT_MAX = 100000 };

enum err index_sizes(struct db *db, struct search_size *ret_size) WARN_UNUSED;
/* Up to some thousand blocks; *ret_more says whether there were that many. */
enum err index_delete_blocks(struct db *tx, int64_t id, bool *ret_more) WARN_UNUSED;

/* ---- Blocks ---- */

enum { BLOCKS_AT_ONCE = 32 };

struct search_block {
	int64_t index_id;
	int64_t term;
	int64_t place;
	struct blob moments; /* sealed */
};

/* What the terms, at most BLOCKS_AT_ONCE of them, have at place 0; in no order. */
enum err block_heads(struct db *db, int64_t index_id, const int64_t *terms, size_t count,
		     struct arena *arena, struct array *ret_blocks) WARN_UNUSED;
/* The block in which a moment would stand: the last that begins no later, without the head. */
enum err block_at(struct db *db, int64_t index_id, int64_t term, int64_t moment,
		  struct arena *arena, struct search_block *ret_block) WARN_UNUSED;
/* That one and those before it, the latest first. */
enum err blocks_from(struct db *db, int64_t index_id, int64_t term, int64_t moment, int64_t limit,
		     struct arena *arena, struct array *ret_blocks) WARN_UNUSED;
/* Where the block begins that comes behind this moment; MOMENT_MAX + 1: there is none. */
enum err block_behind(struct db *db, int64_t index_id, int64_t term, int64_t moment,
		      int64_t *ret_place) WARN_UNUSED;
/* In the place of what is there. */
enum err blocks_put(struct db *tx, const struct search_block *blocks, size_t count) WARN_UNUSED;

/* ---- What is in no index yet ---- */

struct search_pending {
	const char *owner_id;
	enum query_place kind;
	const char *object_id;
	struct timestamp marked_at;
};

enum err pending_mark(struct db *tx, const struct search_pending *pending) WARN_UNUSED;
/* Up to `limit` of the owner's, those before an id, the latest first. */
enum err pending_before(struct db *db, const char *owner_id, enum query_place kind,
			const char *before, int64_t limit, struct arena *arena,
			struct array *ret_pending) WARN_UNUSED;
/*
 * The oldest that was marked before a time, for its owner: one whose index nobody writes in now, and that is not built, nor is
 * to be.
 */
enum err pending_due(struct db *db, struct timestamp before, struct timestamp now,
		     struct arena *arena, struct search_pending *ret_pending) WARN_UNUSED;
/* Up to `limit` of the owner's, titles too, the first ones. */
enum err pending_first(struct db *db, const char *owner_id, int64_t limit, struct arena *arena,
		       struct array *ret_pending) WARN_UNUSED;
enum err pending_count(struct db *db, int64_t *ret_count) WARN_UNUSED;
/* Up to some thousand, whosever they are. */
enum err pending_forget(struct db *tx, bool *ret_more) WARN_UNUSED;
/* Up to so many of an account that is deleted. *ret_more: there were that many. */
enum err pending_erase(struct db *tx, const char *owner_id, int64_t limit,
		       bool *ret_more) WARN_UNUSED;
/* Unless it was marked again since. */
enum err pending_done(struct db *tx, const struct search_pending *pending) WARN_UNUSED;

#endif
