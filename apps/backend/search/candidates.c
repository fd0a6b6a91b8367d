#include "search/candidates.h"

#include "search/excerpt.h"

#include <stdlib.h>
#include <string.h>

enum {
	READS_MAX = 400,
	BYTES_MAX = 4 * 1024 * 1024,
	BYTES_AT_ONCE = 1024 * 1024,
};

void opening_init(struct opening *opening, const struct finding *finding, struct arena *arena)
{
	*opening = (struct opening){
		.finding = finding,
		.arena = arena,
		.reads = READS_MAX,
		.bytes = BYTES_MAX,
	};
}

bool opening_is_spent(const struct opening *opening)
{
	return opening->reads <= 0 || opening->bytes <= 0;
}

const char *found_id(const struct found *found)
{
	return found->message_id ? found->message_id : found->conversation_id;
}

/* The larger id first. */
static int compare_found(const void *a, const void *b)
{
	return strcmp(found_id(b), found_id(a));
}

static bool is_before(const struct opening *opening, const char *id)
{
	return strcmp(id, opening->finding->before.id) < 0;
}

static void add(struct array *all, const struct found *found)
{
	((struct found *)all->items)[all->count++] = *found;
}

/* ---- Messages ---- */

/* How many of the candidates what is left in bytes is enough for, and one in any case; the sizes become those of these. */
static size_t cut(struct opening *opening, const struct candidate *list, size_t count,
		  struct array *sizes)
{
	const struct source_size *size = sizes->items;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		size_t next = at;
		int64_t bytes = 0;

		for (; next < sizes->count && moment_of(size[next].id) == list[i].moment; next++)
			bytes += size[next].size;
		if (i > 0 && bytes > opening->bytes) {
			opening->bytes = 0;
			sizes->count = at;
			return i;
		}
		opening->bytes -= bytes;
		at = next;
	}
	return count;
}

static enum err read_sizes(struct opening *opening, const struct candidate *list, size_t count,
			   struct array *ret_sizes)
{
	const struct finding *finding = opening->finding;
	int64_t moments[CANDIDATES_MAX];
	struct moments wanted = { moments, 0 };

	for (size_t i = 0; i < count; i++)
		if (list[i].message)
			moments[wanted.count++] = list[i].moment;
	return source_sizes_at(finding->db, finding->owner_id, &wanted, opening->arena, ret_sizes);
}

static void match_message(struct opening *opening, const struct source_message *message,
			  struct array *all)
{
	struct found found = { .conversation_id = message->conversation_id,
			       .message_id = message->id,
			       .found_in =
				       message->role == SOURCE_USER ? FOUND_USER : FOUND_ASSISTANT,
			       .created_at = message->created_at };
	const char *said = source_said(message);
	struct hits hits;

	if (!query_match(&opening->finding->query, IN_MESSAGE, said, &hits))
		return;
	found.excerpt = excerpt_make(said, &hits, opening->arena);
	add(all, &found);
}

/* Some of them, from *at on, as many as may be in memory at once. */
static enum err open_some(struct opening *opening, const struct array *sizes, size_t *at,
			  struct array *all)
{
	const struct source_size *list = sizes->items;
	const char *ids[SOURCES_AT_ONCE];
	size_t count = 0;
	int64_t bytes = 0;
	struct array messages;
	enum err err;

	while (*at < sizes->count && count < SOURCES_AT_ONCE &&
	       (bytes == 0 || bytes + list[*at].size <= BYTES_AT_ONCE)) {
		bytes += list[*at].size;
		if (is_before(opening, list[*at].id))
			ids[count++] = list[*at].id;
		++*at;
	}
	err = source_messages(opening->finding->db, ids, count, opening->arena, &messages);
	for (size_t i = 0; err == ERR_OK && i < messages.count; i++)
		match_message(opening, &((const struct source_message *)messages.items)[i], all);
	return err;
}

/* ---- Their conversations ---- */

static const struct source_title *title_of(const struct array *titles, const char *id)
{
	const struct source_title *list = titles->items;

	for (size_t i = 0; i < titles->count; i++)
		if (strcmp(list[i].id, id) == 0)
			return &list[i];
	return NULL;
}

static bool is_among(const char *id, const char *const *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Of some of what was found, from *at on; each once. */
static enum err read_conversations(struct opening *opening, const struct array *all, size_t *at,
				   struct array *ret_titles)
{
	const struct found *found = all->items;
	const char *ids[SOURCES_AT_ONCE];
	size_t count = 0;

	for (; *at < all->count && count < SOURCES_AT_ONCE; ++*at)
		if (!is_among(found[*at].conversation_id, ids, count))
			ids[count++] = found[*at].conversation_id;
	opening->reads -= (int)count;
	return source_titles(opening->finding->db, ids, count, opening->arena, ret_titles);
}

/* Without those whose conversation is deleted, gone, or damaged, which is in the log: it hides no others. */
static enum err name_conversations(struct opening *opening, struct array *all)
{
	struct found *found = all->items;
	size_t named = 0, at = 0, kept = 0;
	struct array titles;
	enum err err = ERR_OK;

	while (err == ERR_OK && at < all->count) {
		err = read_conversations(opening, all, &at, &titles);
		for (; err == ERR_OK && named < at; named++) {
			const struct source_title *title =
				title_of(&titles, found[named].conversation_id);

			if (!title || title->deleted_at.ms)
				continue;
			found[kept] = found[named];
			found[kept++].conversation_title = title->title;
		}
	}
	all->count = kept;
	return err;
}

static enum err open_messages(struct opening *opening, const struct array *sizes, struct array *all)
{
	size_t at = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && at < sizes->count)
		err = open_some(opening, sizes, &at, all);
	return err == ERR_OK ? name_conversations(opening, all) : err;
}

/* ---- Titles ---- */

static enum err read_titles(struct opening *opening, const struct candidate *list, size_t count,
			    struct array *ret_titles)
{
	const struct finding *finding = opening->finding;
	int64_t moments[CANDIDATES_MAX];
	struct moments wanted = { moments, 0 };

	for (size_t i = 0; i < count; i++)
		if (list[i].title)
			moments[wanted.count++] = list[i].moment;
	return source_titles_at(finding->db, finding->owner_id, &wanted, opening->arena,
				ret_titles);
}

static void match_title(struct opening *opening, const struct source_title *title,
			struct array *all)
{
	struct found found = { .conversation_id = title->id,
			       .conversation_title = title->title,
			       .found_in = FOUND_TITLE,
			       .created_at = title->created_at };
	struct hits hits;

	if (!is_before(opening, title->id) ||
	    !query_match(&opening->finding->query, IN_TITLE, title->title, &hits))
		return;
	found.excerpt = excerpt_make(title->title, &hits, opening->arena);
	add(all, &found);
}

/* ---- Both ---- */

enum err candidates_open(struct opening *opening, const struct candidate *list, size_t *count,
			 struct array *ret_found)
{
	struct array sizes, titles, all = { 0 };
	size_t opened;
	enum err err = read_sizes(opening, list, *count, &sizes);

	if (err != ERR_OK)
		return err;
	opened = cut(opening, list, *count, &sizes);
	opening->reads -= (int)opened;
	err = read_titles(opening, list, opened, &titles);
	if (err != ERR_OK)
		return err;
	all.items = ARENA_ARRAY(opening->arena, sizes.count + titles.count, struct found);
	err = open_messages(opening, &sizes, &all);
	for (size_t i = 0; err == ERR_OK && i < titles.count; i++)
		match_title(opening, &((const struct source_title *)titles.items)[i], &all);
	if (err != ERR_OK)
		return err;
	qsort(all.items, all.count, sizeof(struct found), compare_found);
	*count = opened;
	*ret_found = all;
	return ERR_OK;
}
