#include "search/finder.h"

#include "search/excerpt.h"
#include "search/walk.h"

#include <stdlib.h>
#include <string.h>

/*
 * What one page may read. On PostgreSQL a block or a moment is a round trip of a tenth of a millisecond, so that all of it
 * stays near 40 ms.
 */
enum {
	BLOCKS_MAX =
		100, /* of each walk: none is stopped by what another one reads; more than a query has terms */
	READS_MAX = 200, /* messages and conversations */
	BYTES_MAX = 4 * 1024 * 1024,
	TITLES_MAX = 64, /* conversations that are remembered, a power of two */
};

/* The moments of one origin, the latest first. */
struct origin {
	enum query_place kind;
	bool of_index;
	struct walk walk;     /* of_index */
	struct array pending; /* otherwise: struct search_pending */
	size_t pending_at;
	int blocks;     /* that its walk may still read */
	int64_t moment; /* the next one, or */
	bool stopped;   /* the latest that may be */
};

enum { ORIGINS_MAX = 4 };

struct finder {
	const struct finding *finding;
	struct arena *arena;
	struct index_key key;
	struct origin origins[ORIGINS_MAX];
	size_t count;
	int reads;
	int64_t bytes;
	bool stopped; /* a bound was reached; what is at `moment` and before was not looked at */
	int64_t moment;
	struct source_title
		titles[TITLES_MAX]; /* of messages' conversations, by the end of the id */
	struct found *here;         /* what is found at the moment that is looked at */
	size_t here_count;
	struct found_page *page;
};

/* ---- Where moments come from ---- */

/* Moves it to its latest moment not later than `until`. */
static enum err origin_seek(struct origin *origin, int64_t until)
{
	const struct search_pending *pending = origin->pending.items;

	if (origin->of_index)
		return walk_seek(&origin->walk, until, &origin->moment, &origin->stopped);
	while (origin->pending_at < origin->pending.count &&
	       moment_of(pending[origin->pending_at].object_id) > until)
		origin->pending_at++;
	if (origin->pending_at < origin->pending.count) {
		origin->moment = moment_of(pending[origin->pending_at].object_id);
	} else {
		origin->stopped = origin->pending.count > READS_MAX;
		origin->moment = origin->stopped ? until : MOMENT_NONE;
	}
	return ERR_OK;
}

static enum err add_index(struct finder *finder, const struct search_index *index,
			  enum query_place kind)
{
	struct origin *origin = &finder->origins[finder->count++];
	struct terms terms;

	query_terms(&finder->finding->query, kind, &finder->key, &terms);
	*origin = (struct origin){ .kind = kind,
				   .of_index = true,
				   .blocks = BLOCKS_MAX,
				   .walk = { .db = finder->finding->db,
					     .index_id = index->id,
					     .key = &finder->key,
					     .arena = finder->arena,
					     .budget = &origin->blocks } };
	return walk_begin(&origin->walk, &terms);
}

/* A page reads no more than READS_MAX of them. */
static enum err add_pending(struct finder *finder, enum query_place kind)
{
	const struct finding *finding = finder->finding;
	struct origin *origin = &finder->origins[finder->count++];

	*origin = (struct origin){ .kind = kind };
	return pending_before(finding->db, finding->owner_id, kind, finding->before.id,
			      READS_MAX + 1, finder->arena, &origin->pending);
}

static bool wants(const struct finder *finder, enum query_place kind)
{
	enum find_kind wanted = finder->finding->kind;

	return wanted == FIND_ALL || wanted == (kind == IN_TITLE ? FIND_TITLES : FIND_MESSAGES);
}

/* Without an index that serves, nothing is known of what was there before, unless there was nothing. */
static enum err do_without_index(struct finder *finder)
{
	const struct finding *finding = finder->finding;
	bool building = false;
	enum err err = index_has(finding->db, finding->owner_id, INDEX_BUILDING, &building);

	finder->page->complete = !building;
	return err;
}

/* First what is pending: what leaves that list while this reads is in the index then. */
static enum err add_origins(struct finder *finder)
{
	const struct finding *finding = finder->finding;
	struct search_index index;
	enum err err = ERR_OK;

	for (int kind = IN_MESSAGE; err == ERR_OK && kind <= IN_TITLE; kind++)
		if (wants(finder, (enum query_place)kind))
			err = add_pending(finder, (enum query_place)kind);
	if (err == ERR_OK)
		err = index_of_owner(finding->db, finding->owner_id, INDEX_SERVING, finder->arena,
				     &index);
	if (err == ERR_NOT_FOUND)
		return do_without_index(finder);
	if (err == ERR_OK)
		err = index.key ? index_key_derive(index.key, &finder->key) : ERR_CORRUPT;
	for (int kind = IN_MESSAGE; err == ERR_OK && kind <= IN_TITLE; kind++)
		if (wants(finder, (enum query_place)kind))
			err = add_index(finder, &index, (enum query_place)kind);
	return err;
}

/* ---- What stands at a moment ---- */

static const char *id_of(const struct found *found)
{
	return found->message_id ? found->message_id : found->conversation_id;
}

static enum err read_title(struct finder *finder, const char *id, struct source_title *ret_title)
{
	const unsigned char *end = (const unsigned char *)id + ID_SIZE - 3;
	struct source_title *kept = &finder->titles[(end[0] * 31U + end[1]) % TITLES_MAX];
	enum err err;

	if (!kept->id || strcmp(kept->id, id) != 0) {
		finder->reads--;
		err = source_title(finder->finding->db, id, finder->arena, kept);
		if (err != ERR_OK) {
			kept->id = NULL;
			return err;
		}
	}
	*ret_title = *kept;
	return ERR_OK;
}

static enum err take_message(struct finder *finder, const struct source_message *message)
{
	struct source_title conversation;
	struct found found = { .conversation_id = message->conversation_id,
			       .message_id = message->id,
			       .found_in =
				       message->role == SOURCE_USER ? FOUND_USER : FOUND_ASSISTANT,
			       .created_at = message->created_at };
	struct hits hits;
	enum err err;

	finder->bytes -= (int64_t)strlen(message->content);
	if (!query_match(&finder->finding->query, IN_MESSAGE, source_said(message), &hits))
		return ERR_OK;
	err = read_title(finder, message->conversation_id, &conversation);
	if (err == ERR_NOT_FOUND || err == ERR_CORRUPT)
		return ERR_OK; /* a damaged one is in the log, and hides no others */
	if (err != ERR_OK || conversation.deleted_at.ms)
		return err;
	found.conversation_title = conversation.title;
	found.excerpt = excerpt_make(source_said(message), &hits, finder->arena);
	finder->here[finder->here_count++] = found;
	return ERR_OK;
}

static void take_title(struct finder *finder, const struct source_title *title)
{
	struct found found = { .conversation_id = title->id,
			       .conversation_title = title->title,
			       .found_in = FOUND_TITLE,
			       .created_at = title->created_at };
	struct hits hits;

	if (!query_match(&finder->finding->query, IN_TITLE, title->title, &hits))
		return;
	found.excerpt = excerpt_make(title->title, &hits, finder->arena);
	finder->here[finder->here_count++] = found;
}

static enum err take_messages(struct finder *finder, int64_t moment)
{
	struct array messages;
	enum err err = source_messages_at(finder->finding->db, finder->finding->owner_id, moment,
					  finder->arena, &messages);

	for (size_t i = 0; err == ERR_OK && i < messages.count; i++)
		err = take_message(finder, &((const struct source_message *)messages.items)[i]);
	return err;
}

static enum err take_titles(struct finder *finder, int64_t moment)
{
	struct array titles;
	enum err err = source_titles_at(finder->finding->db, finder->finding->owner_id, moment,
					finder->arena, &titles);

	for (size_t i = 0; err == ERR_OK && i < titles.count; i++)
		take_title(finder, &((const struct source_title *)titles.items)[i]);
	return err;
}

/* ---- The page ---- */

static bool stands_at(const struct finder *finder, enum query_place kind, int64_t moment)
{
	for (size_t i = 0; i < finder->count; i++)
		if (finder->origins[i].kind == kind && finder->origins[i].moment == moment)
			return true;
	return false;
}

/*
 * Moves all origins to their next moment not later than `until`, and says which of them is the latest. One that has stopped
 * ends the page only where it stands: what the others have behind that is taken first, so that each page comes further.
 */
static enum err seek_all(struct finder *finder, int64_t until, int64_t *ret_moment)
{
	int64_t moment = MOMENT_NONE;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < finder->count; i++) {
		struct origin *origin = &finder->origins[i];

		if (origin->moment > until)
			err = origin_seek(origin, until);
		moment = origin->moment > moment ? origin->moment : moment;
	}
	for (size_t i = 0; i < finder->count; i++)
		finder->stopped = finder->stopped || (finder->origins[i].stopped &&
						      finder->origins[i].moment == moment);
	if (err == ERR_OK)
		*ret_moment = moment;
	return err;
}

/* The larger id first. */
static int compare_found(const void *a, const void *b)
{
	return strcmp(id_of(b), id_of(a));
}

static void add_found(struct finder *finder, const struct found *found)
{
	struct array *items = &finder->page->items;

	if (strcmp(id_of(found), finder->finding->before.id) >= 0)
		return;
	if (items->count == finder->finding->limit)
		finder->page->next.id = ""; /* there is more, behind the last item */
	else
		((struct found *)items->items)[items->count++] = *found;
}

static enum err take_moment(struct finder *finder, int64_t moment)
{
	enum err err = ERR_OK;

	finder->here_count = 0;
	finder->reads--;
	if (stands_at(finder, IN_MESSAGE, moment))
		err = take_messages(finder, moment);
	if (err == ERR_OK && stands_at(finder, IN_TITLE, moment))
		err = take_titles(finder, moment);
	if (err != ERR_OK)
		return err;
	qsort(finder->here, finder->here_count, sizeof(struct found), compare_found);
	for (size_t i = 0; i < finder->here_count; i++)
		add_found(finder, &finder->here[i]);
	return ERR_OK;
}

static bool is_spent(const struct finder *finder)
{
	return finder->stopped || finder->reads <= 0 || finder->bytes <= 0;
}

static enum err fill(struct finder *finder)
{
	int64_t until = finder->finding->before.time.ms, moment = until;
	enum err err = seek_all(finder, until, &moment);

	while (err == ERR_OK && moment != MOMENT_NONE && !is_spent(finder) &&
	       !finder->page->next.id) {
		err = take_moment(finder, moment);
		if (err == ERR_OK)
			err = seek_all(finder, moment - 1, &moment);
	}
	finder->moment = moment;
	return err;
}

/* Behind the last item, or, where the bound was reached, before what was not looked at. */
static void set_next(struct finder *finder)
{
	struct found_page *page = finder->page;
	const struct found *last = (const struct found *)page->items.items + page->items.count - 1;
	char bound[ID_SIZE];

	if (page->next.id) {
		page->next.id = id_of(last);
		page->next.time.ms = moment_of(page->next.id);
	} else if (is_spent(finder) && finder->moment != MOMENT_NONE) {
		moment_bound(finder->moment + 1, bound);
		page->next =
			(struct place){ { finder->moment }, arena_strdup(finder->arena, bound) };
		page->complete = page->complete && page->items.count == finder->finding->limit;
	}
}

/* Who searches is told; and what does not open is built anew. */
static enum err found_damaged(const struct finding *finding)
{
	enum err err = index_mark_damaged(finding->db, finding->owner_id);

	return err == ERR_OK ? ERR_CORRUPT : err;
}

enum err find(const struct finding *finding, struct arena *arena, struct found_page *ret_page)
{
	struct finder *finder = ARENA_NEW(arena, struct finder);
	enum err err;

	*ret_page = (struct found_page){ .complete = true };
	ret_page->items.items = ARENA_ARRAY(arena, finding->limit, struct found);
	*finder = (struct finder){ .finding = finding,
				   .arena = arena,
				   .reads = READS_MAX,
				   .bytes = BYTES_MAX,
				   .here = ARENA_ARRAY(arena, 2 * SOURCES_AT_MOMENT_MAX,
						       struct found),
				   .page = ret_page };
	err = add_origins(finder);
	for (size_t i = 0; i < finder->count; i++)
		finder->origins[i].moment = MOMENT_MAX + 1;
	if (err == ERR_OK)
		err = fill(finder);
	if (err == ERR_OK)
		set_next(finder);
	sodium_memzero(&finder->key, sizeof(finder->key));
	return err == ERR_CORRUPT ? found_damaged(finding) : err;
}
