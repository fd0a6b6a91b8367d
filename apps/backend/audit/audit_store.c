#include "audit/audit_store.h"

const char *const audit_action_words[] = {
#define AUDIT_WORD(name, word) [AUDIT_##name] = (word),
	AUDIT_ACTION_LIST(AUDIT_WORD)
#undef AUDIT_WORD
		[AUDIT_ACTION_COUNT] = NULL,
};

static const char *const outcome_words[] = { "done", "refused", NULL };

static const struct field audit_row_fields[] = {
	FIELD(struct audit_row, seq, .doc = "Number of the row, without a gap."),
	FIELD(struct audit_row, at, .doc = "When."),
	FIELD(struct audit_row, actor_id, .doc = "Who: an account's id, or empty."),
	FIELD(struct audit_row, action, .names = audit_action_words, .doc = "What."),
	FIELD(struct audit_row, object_kind, .doc = "On what kind of thing; may be empty."),
	FIELD(struct audit_row, object_id, .doc = "On which one; may be empty."),
	FIELD(struct audit_row, outcome, .names = outcome_words, .doc = "Whether it was done."),
	FIELD(struct audit_row, commitment, .doc = "Of what is personal: a hash with a salt."),
	FIELD(struct audit_row, hash, .doc = "Of the row and the one before."),
	FIELD(struct audit_row, salt, .nullable = true, .stored = true,
	      .doc = "Of the commitment."),
	FIELD(struct audit_row, details, .nullable = true, .private = "audit.details",
	      .doc = "JSON: address, name as it was given, and more; null when it was erased."),
	{ 0 },
};

const struct schema audit_row_schema =
	SCHEMA(struct audit_row, audit_row_fields, .name = "AuditRow", .table = "audit",
	       .key = { "seq" }, .doc = "Something that was done.");

struct audit_bound {
	int64_t seq;
};

static const struct field audit_bound_fields[] = {
	FIELD(struct audit_bound, seq, .doc = "Number of a row."),
	{ 0 },
};

static const struct schema audit_bound_schema =
	SCHEMA(struct audit_bound, audit_bound_fields, .name = "AuditBound");

static const struct statement select_tip = {
	"SELECT {columns} FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1", &audit_row_schema
};
static const struct statement select_next = {
	"SELECT {columns} FROM audit WHERE seq > $1 ORDER BY seq LIMIT 1", &audit_row_schema
};
/* Numbers and times rise together, so that a time is turned into a number, by which the page is found. */
static const struct statement select_first_since = {
	"SELECT seq FROM audit WHERE at >= $1 ORDER BY at, seq LIMIT 1", &audit_bound_schema
};
/* Places in the index, as in select_page below. */
static const struct statement select_by_actor = {
	"SELECT {columns} FROM audit WHERE (actor_id, seq) > ($1, $2) AND (actor_id, seq) <= ($1, $3) "
	"ORDER BY actor_id, seq LIMIT $4",
	&audit_row_schema
};
static const struct statement erase = {
	"UPDATE audit SET salt = NULL, details = NULL WHERE actor_id = $1", NULL
};
static const struct statement erase_objects = {
	"UPDATE audit SET salt = NULL, details = NULL WHERE object_id = $1 AND actor_id = ''", NULL
};
static const struct statement select_deletion = {
	"SELECT seq FROM audit WHERE object_id = $1 AND action = 'account.delete' AND outcome = "
	"'done' LIMIT 1",
	&audit_bound_schema
};

/*
 * The rows [$2, $1) of an index that begins with `columns` equal to `values`, backwards. Written as places in the index, so
 * that both engines can only read it there: with equalities PostgreSQL, which plans once for all values, may take to
 * reading the whole log backwards in the hope of meeting some soon.
 */
#define PAGE(columns, values, order, condition)                                                    \
	{ "SELECT {columns} FROM audit WHERE (" columns "seq) < (" values "$1) "                   \
	  "AND (" columns "seq) >= (" values "$2)" condition " ORDER BY " order                    \
	  "seq DESC LIMIT $3",                                                                     \
	  &audit_row_schema }

/*
 * By which filters are given: 1 the actor, 2 the action, 4 the object; their values are $4, $5, … in this order. With all
 * three, the action is picked out of the few rows of the other two; written so that no index of it is tempting.
 */
static const struct statement select_page[] = {
	PAGE("", "", "", ""),
	PAGE("actor_id, ", "$4, ", "actor_id DESC, ", ""),
	PAGE("action, ", "$4, ", "action DESC, ", ""),
	PAGE("actor_id, action, ", "$4, $5, ", "actor_id DESC, action DESC, ", ""),
	PAGE("object_id, ", "$4, ", "object_id DESC, ", ""),
	PAGE("object_id, actor_id, ", "$5, $4, ", "object_id DESC, actor_id DESC, ", ""),
	PAGE("object_id, action, ", "$5, $4, ", "object_id DESC, action DESC, ", ""),
	PAGE("object_id, actor_id, ", "$6, $4, ", "object_id DESC, actor_id DESC, ",
	     " AND action || '' = $5"),
};

const struct statement *const audit_statements[] = {
	&select_tip,     &select_by_actor, &select_next,     &select_first_since,
	&erase,          &erase_objects,   &select_deletion, &select_page[0],
	&select_page[1], &select_page[2],  &select_page[3],  &select_page[4],
	&select_page[5], &select_page[6],  &select_page[7],  NULL,
};

enum err audit_insert(struct db *tx, const struct audit_row *row)
{
	return db_insert(tx, &audit_row_schema, row);
}

enum err audit_tip(struct db *db, struct arena *arena, struct audit_row *ret_row)
{
	enum err err = db_one(db, &select_tip, ARGS_NONE, arena, ret_row);

	if (err != ERR_NOT_FOUND)
		return err;
	*ret_row = (struct audit_row){ .hash = "" };
	return ERR_OK;
}

enum err audit_next(struct db *db, int64_t seq, struct arena *arena, struct audit_row *ret_row)
{
	return db_one(db, &select_next, ARGS(seq), arena, ret_row);
}

enum err audit_by_actor(struct db *db, const char *actor_id, int64_t after, int64_t limit,
			struct arena *arena, struct array *ret_rows)
{
	return db_all(db, &select_by_actor, ARGS(actor_id, after, (int64_t)INT64_MAX, limit), arena,
		      ret_rows);
}

enum err audit_find_deletion(struct db *db, const char *account_id)
{
	struct audit_bound bound;

	return db_one(db, &select_deletion, ARGS(account_id), NULL, &bound);
}

enum err audit_erase(struct db *tx, const char *account_id)
{
	enum err err = db_exec(tx, &erase, ARGS(account_id), NULL);

	return err == ERR_OK ? db_exec(tx, &erase_objects, ARGS(account_id), NULL) : err;
}

/* The number of the first row since a time, or `otherwise`. */
static enum err first_since(struct db *db, struct timestamp time, int64_t otherwise,
			    struct arena *arena, int64_t *ret_seq)
{
	struct audit_bound bound = { otherwise };
	enum err err =
		time.ms ? db_one(db, &select_first_since, ARGS(time), arena, &bound) : ERR_OK;

	*ret_seq = err == ERR_NOT_FOUND ? INT64_MAX : bound.seq;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err audit_page(struct db *db, const struct audit_filter *filter, struct arena *arena,
		    struct array *ret_rows)
{
	const char *words[3];
	unsigned variant = 0;
	int64_t from, to;
	int count = 3;
	struct db_value values[6];
	enum err err = first_since(db, filter->since, 0, arena, &from);

	if (err == ERR_OK)
		err = first_since(db, filter->until, INT64_MAX, arena, &to);
	if (err != ERR_OK)
		return err;
	words[0] = filter->actor_id;
	words[1] = filter->action;
	words[2] = filter->object_id;
	values[0] = db_value_int(filter->before < to ? filter->before : to);
	values[1] = db_value_int(from);
	values[2] = db_value_int(filter->limit);
	for (unsigned i = 0; i < 3; i++) {
		if (!words[i])
			continue;
		variant |= 1u << i;
		values[count++] = db_value_text(words[i]);
	}
	return db_all(db, &select_page[variant], (struct db_args){ values, count }, arena,
		      ret_rows);
}
