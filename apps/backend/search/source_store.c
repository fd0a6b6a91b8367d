/* What is searched: messages and titles, as chat/ keeps them. */
#include "providers/thought.h"
#include "search/search_store.h"

#include <assert.h>

static const char *const role_words[] = { "user", "assistant", NULL };

static const struct field source_message_fields[] = {
	FIELD(struct source_message, id, .doc = "Which message."),
	FIELD(struct source_message, conversation_id, .doc = "In which conversation."),
	FIELD(struct source_message, role, .names = role_words, .doc = "Who said it."),
	FIELD(struct source_message, content, .private = "message.content", .doc = "What."),
	FIELD(struct source_message, created_at, .doc = "When."),
	{ 0 },
};

static const struct schema source_message_schema =
	SCHEMA(struct source_message, source_message_fields, .name = "SourceMessage",
	       .table = "message", .key = { "id" });

static const struct field source_title_fields[] = {
	FIELD(struct source_title, id, .doc = "Which conversation."),
	FIELD(struct source_title, owner_id, .doc = "Whose."),
	FIELD(struct source_title, title, .private = "conversation.title", .doc = "Its title."),
	FIELD(struct source_title, created_at, .doc = "When it was begun."),
	FIELD(struct source_title, deleted_at, .nullable = true, .doc = "When it was deleted."),
	{ 0 },
};

static const struct schema source_title_schema =
	SCHEMA(struct source_title, source_title_fields, .name = "SourceTitle",
	       .table = "conversation", .key = { "id" });

struct source_name {
	const char *id;
};

static const struct field source_name_fields[] = {
	FIELD(struct source_name, id, .doc = "Which one."),
	{ 0 },
};

static const struct schema source_name_schema =
	SCHEMA(struct source_name, source_name_fields, .name = "SourceName");

static const struct field source_size_fields[] = {
	FIELD(struct source_size, id, .doc = "Which message."),
	FIELD(struct source_size, size, .doc = "Its bytes, sealed."),
	{ 0 },
};

static const struct schema source_size_schema =
	SCHEMA(struct source_size, source_size_fields, .name = "SourceSize");

static const struct statement select_sizes_at = {
	"SELECT id, length(content) AS size FROM message WHERE id >= $1 AND id < $2 "
	"AND owner_id = $3 AND status <> 'streaming' ORDER BY id DESC LIMIT $4",
	&source_size_schema
};
static const struct statement select_titles_at = {
	"SELECT {columns} FROM conversation WHERE id >= $1 AND id < $2 AND owner_id = $3 "
	"AND deleted_at IS NULL ORDER BY id DESC LIMIT $4",
	&source_title_schema
};
static const struct statement select_source_message = {
	"SELECT {columns} FROM message WHERE id = $1 AND status <> 'streaming'",
	&source_message_schema
};
static const struct statement select_source_title = {
	"SELECT {columns} FROM conversation WHERE id = $1", &source_title_schema
};
#define PARAMETERS_16 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16"

static const struct statement select_source_messages = {
	"SELECT {columns} FROM message WHERE id IN (" PARAMETERS_16 ") AND status <> 'streaming'",
	&source_message_schema
};
static const struct statement select_source_titles = {
	"SELECT {columns} FROM conversation WHERE id IN (" PARAMETERS_16 ")", &source_title_schema
};
static const struct statement select_conversation_after = {
	"SELECT id FROM conversation WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT 1",
	&source_name_schema
};
/* What is counted is read from the heads of the rows, so that a page has a bound in memory whatever they hold. */
static const struct statement select_sizes_after = {
	"SELECT id, length(content) AS size FROM message WHERE conversation_id = $1 AND id > $2 "
	"AND status <> 'streaming' ORDER BY id LIMIT $3",
	&source_size_schema
};
static const struct statement select_messages_between = {
	"SELECT {columns} FROM message WHERE conversation_id = $1 AND id > $2 AND id <= $3 "
	"AND status <> 'streaming' ORDER BY id",
	&source_message_schema
};

const struct statement *const search_source_statements[] = {
	&select_sizes_at,           &select_titles_at,
	&select_source_message,     &select_source_title,
	&select_source_messages,    &select_source_titles,
	&select_conversation_after, &select_sizes_after,
	&select_messages_between,   NULL,
};

enum { AT_PARAMETERS = 4 };

static const char *bound_of(int64_t moment, struct arena *arena)
{
	char *bound = arena_alloc(arena, ID_SIZE);

	moment_bound(moment, bound);
	return bound;
}

static enum err select_at(struct db *db, const struct statement *statement, const char *owner_id,
			  const struct moments *moments, struct arena *arena,
			  struct array *ret_rows)
{
	struct db_args *lists = ARENA_ARRAY(arena, moments->count, struct db_args);

	for (size_t i = 0; i < moments->count; i++) {
		struct db_value *values = ARENA_ARRAY(arena, AT_PARAMETERS, struct db_value);

		values[0] = db_value_text(bound_of(moments->list[i], arena));
		values[1] = db_value_text(bound_of(moments->list[i] + 1, arena));
		values[2] = db_value_text(owner_id);
		values[3] = db_value_int(SOURCES_AT_MOMENT_MAX);
		lists[i] = (struct db_args){ values, AT_PARAMETERS };
	}
	return db_each_sound(db, statement, lists, moments->count, arena, ret_rows);
}

/* The last one stands for those that are missing. */
static enum err select_some(struct db *db, const struct statement *statement,
			    const char *const *ids, size_t count, struct arena *arena,
			    struct array *ret_rows)
{
	struct db_value values[SOURCES_AT_ONCE];
	size_t left_out;

	*ret_rows = (struct array){ 0 };
	assert(count <= SOURCES_AT_ONCE);
	if (count == 0)
		return ERR_OK;
	for (size_t i = 0; i < SOURCES_AT_ONCE; i++)
		values[i] = db_value_text(ids[i < count ? i : count - 1]);
	return db_all_sound(db, statement, (struct db_args){ values, SOURCES_AT_ONCE }, arena,
			    ret_rows, &left_out);
}

const char *source_said(const struct source_message *message)
{
	return message->role == SOURCE_USER ? message->content : thought_skip(message->content);
}

enum err source_sizes_at(struct db *db, const char *owner_id, const struct moments *moments,
			 struct arena *arena, struct array *ret_sizes)
{
	return select_at(db, &select_sizes_at, owner_id, moments, arena, ret_sizes);
}

enum err source_titles_at(struct db *db, const char *owner_id, const struct moments *moments,
			  struct arena *arena, struct array *ret_titles)
{
	return select_at(db, &select_titles_at, owner_id, moments, arena, ret_titles);
}

enum err source_messages(struct db *db, const char *const *ids, size_t count, struct arena *arena,
			 struct array *ret_messages)
{
	return select_some(db, &select_source_messages, ids, count, arena, ret_messages);
}

enum err source_titles(struct db *db, const char *const *ids, size_t count, struct arena *arena,
		       struct array *ret_titles)
{
	return select_some(db, &select_source_titles, ids, count, arena, ret_titles);
}

enum err source_message(struct db *db, const char *id, struct arena *arena,
			struct source_message *ret_message)
{
	return db_one(db, &select_source_message, ARGS(id), arena, ret_message);
}

enum err source_title(struct db *db, const char *id, struct arena *arena,
		      struct source_title *ret_title)
{
	return db_one(db, &select_source_title, ARGS(id), arena, ret_title);
}

enum err source_conversation_after(struct db *db, const char *owner_id, const char *after,
				   struct arena *arena, const char **ret_id)
{
	struct source_name name;
	enum err err = db_one(db, &select_conversation_after, ARGS(owner_id, after), arena, &name);

	if (err == ERR_OK)
		*ret_id = name.id;
	return err;
}

/* Where a page ends that begins with the first of these. */
static const char *end_of_page(const struct array *rows, int64_t bytes)
{
	const struct source_size *sizes = rows->items;
	size_t at = 0;

	while (at + 1 < rows->count && (bytes -= sizes[at].size) > 0)
		at++;
	return sizes[at].id;
}

enum err source_messages_after(struct db *db, const char *conversation_id, const char *after,
			       struct source_bounds bounds, struct arena *arena,
			       struct array *ret_messages, const char **ret_last)
{
	size_t left_out;
	struct array rows;
	enum err err = db_all(db, &select_sizes_after, ARGS(conversation_id, after, bounds.count),
			      arena, &rows);

	if (err == ERR_OK && rows.count == 0)
		err = ERR_NOT_FOUND;
	if (err != ERR_OK)
		return err;
	*ret_last = end_of_page(&rows, bounds.bytes);
	return db_all_sound(db, &select_messages_between, ARGS(conversation_id, after, *ret_last),
			    arena, ret_messages, &left_out);
}
