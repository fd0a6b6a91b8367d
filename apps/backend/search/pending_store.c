/* What ended or got a title, and is in no index yet. */
#include "search/search_store.h"

enum { FORGET_AT_ONCE = 2000 };

static const char *const kind_words[] = { "message", "title", NULL };

static const struct field search_pending_fields[] = {
	FIELD(struct search_pending, owner_id, .doc = "Whose."),
	FIELD(struct search_pending, kind, .names = kind_words, .doc = "A message, or a title."),
	FIELD(struct search_pending, object_id, .doc = "The message, or the conversation."),
	FIELD(struct search_pending, marked_at, .doc = "When."),
	{ 0 },
};

static const struct schema search_pending_schema =
	SCHEMA(struct search_pending, search_pending_fields, .name = "SearchPending");

struct pending_number {
	int64_t count;
};

static const struct field pending_number_fields[] = {
	FIELD(struct pending_number, count, .doc = "How many."),
	{ 0 },
};

static const struct schema pending_number_schema =
	SCHEMA(struct pending_number, pending_number_fields, .name = "SearchPendingNumber");

static const struct statement mark = {
	"INSERT INTO search_pending (owner_id, kind, object_id, marked_at) VALUES ($1, $2, $3, $4) "
	"ON CONFLICT (owner_id, kind, object_id) DO UPDATE SET marked_at = excluded.marked_at",
	NULL
};
static const struct statement select_before = {
	"SELECT {columns} FROM search_pending WHERE owner_id = $1 AND kind = $2 AND object_id < $3 "
	"ORDER BY object_id DESC LIMIT $4",
	&search_pending_schema
};
static const struct statement select_due = {
	"SELECT {columns:p} FROM search_pending p WHERE p.marked_at < $1 AND NOT EXISTS "
	"(SELECT 1 FROM search_index i WHERE i.owner_id = p.owner_id AND (i.state = 'building' OR "
	"(i.state = 'serving' AND (i.lease_until > $2 OR i.stale = 1)))) "
	"ORDER BY p.marked_at LIMIT 1",
	&search_pending_schema
};
static const struct statement select_first = {
	"SELECT {columns} FROM search_pending WHERE owner_id = $1 ORDER BY kind, object_id LIMIT $2",
	&search_pending_schema
};
static const struct statement count_pending = {
	"SELECT count(*) AS count FROM (SELECT marked_at FROM search_pending WHERE marked_at > 0 "
	"ORDER BY marked_at LIMIT $1) AS these",
	&pending_number_schema
};
static const struct statement forget_some = {
	"DELETE FROM search_pending WHERE marked_at <= coalesce(("
	"SELECT marked_at FROM search_pending WHERE marked_at > 0 "
	"ORDER BY marked_at LIMIT 1 OFFSET $1), 9223372036854775807)",
	NULL
};
static const struct statement erase_some = {
	"DELETE FROM search_pending WHERE owner_id = $1 AND (kind, object_id) IN "
	"(SELECT kind, object_id FROM search_pending WHERE owner_id = $1 ORDER BY kind, object_id "
	"LIMIT $2)",
	NULL
};
static const struct statement delete_done = {
	"DELETE FROM search_pending WHERE owner_id = $1 AND kind = $2 AND object_id = $3 "
	"AND marked_at = $4",
	NULL
};

const struct statement *const search_pending_statements[] = {
	&mark,        &select_before, &select_due,  &select_first, &count_pending,
	&forget_some, &erase_some,    &delete_done, NULL,
};

enum err pending_mark(struct db *tx, const struct search_pending *pending)
{
	return db_exec(tx, &mark,
		       ARGS(pending->owner_id, kind_words[pending->kind], pending->object_id,
			    pending->marked_at),
		       NULL);
}

enum err pending_before(struct db *db, const char *owner_id, enum query_place kind,
			const char *before, int64_t limit, struct arena *arena,
			struct array *ret_pending)
{
	return db_all(db, &select_before, ARGS(owner_id, kind_words[kind], before, limit), arena,
		      ret_pending);
}

enum err pending_due(struct db *db, struct timestamp before, struct timestamp now,
		     struct arena *arena, struct search_pending *ret_pending)
{
	return db_one(db, &select_due, ARGS(before, now), arena, ret_pending);
}

enum err pending_first(struct db *db, const char *owner_id, int64_t limit, struct arena *arena,
		       struct array *ret_pending)
{
	return db_all(db, &select_first, ARGS(owner_id, limit), arena, ret_pending);
}

enum err pending_count(struct db *db, int64_t *ret_count)
{
	struct pending_number number;
	enum err err = db_one(db, &count_pending, ARGS((int64_t)PENDING_COUNT_MAX), NULL, &number);

	if (err == ERR_OK)
		*ret_count = number.count;
	return err;
}

enum err pending_forget(struct db *tx, bool *ret_more)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &forget_some, ARGS((int64_t)FORGET_AT_ONCE), &changed);

	*ret_more = changed >= FORGET_AT_ONCE;
	return err;
}

enum err pending_erase(struct db *tx, const char *owner_id, int64_t limit, bool *ret_more)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &erase_some, ARGS(owner_id, limit), &changed);

	*ret_more = changed >= limit;
	return err;
}

enum err pending_done(struct db *tx, const struct search_pending *pending)
{
	return db_exec(tx, &delete_done,
		       ARGS(pending->owner_id, kind_words[pending->kind], pending->object_id,
			    pending->marked_at),
		       NULL);
}
