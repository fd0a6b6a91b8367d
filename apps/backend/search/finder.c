#include "search/finder.h"

#include "search/candidates.h"
#include "search/walk.h"

#include <string.h>

enum {
	BLOCKS_MAX =
		250, /* of each walk: none is stopped by what another one reads; more than a query has terms */
	PENDING_MAX = 200,
	ORIGINS_MAX = 4,
	CANDIDATES_MIN = 8, /* are looked at together, since not each has what was asked for */
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

struct finder {
	const struct finding *finding;
	struct arena *arena;
	struct index_key key;
	struct origin origins[ORIGINS_MAX];
	size_t count;
	struct opening opening;
	int64_t moment; /* what is at it and before was not looked at */
	bool stopped;   /* nor is it in this page: an origin has reached its bound */
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
		origin->stopped = origin->pending.count > PENDING_MAX;
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

/* One more than a page takes, to know that there are more. */
static enum err add_pending(struct finder *finder, enum query_place kind)
{
	const struct finding *finding = finder->finding;
	struct origin *origin = &finder->origins[finder->count++];

	*origin = (struct origin){ .kind = kind };
	return pending_before(finding->db, finding->owner_id, kind, finding->before.id,
			      PENDING_MAX + 1, finder->arena, &origin->pending);
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

static void add_found(struct finder *finder, const struct found *found)
{
	struct array *items = &finder->page->items;

	if (items->count == finder->finding->limit)
		finder->page->next.id = ""; /* there is more, behind the last item */
	else
		((struct found *)items->items)[items->count++] = *found;
}

static bool is_spent(const struct finder *finder)
{
	return finder->stopped || opening_is_spent(&finder->opening);
}

/* As many as fill the page if each has what was asked for, and one more that shows that there are more. */
static size_t wanted(const struct finder *finder)
{
	size_t missing = finder->finding->limit + 1 - finder->page->items.count;

	missing = missing > CANDIDATES_MIN ? missing : CANDIDATES_MIN;
	return missing < CANDIDATES_MAX ? missing : CANDIDATES_MAX;
}

static enum err gather(struct finder *finder, struct candidate *list, size_t *ret_count)
{
	size_t count = 0, most = wanted(finder);
	enum err err = ERR_OK;

	while (err == ERR_OK && count < most && finder->moment != MOMENT_NONE && !finder->stopped) {
		int64_t moment = finder->moment;

		list[count++] = (struct candidate){ moment, stands_at(finder, IN_MESSAGE, moment),
						    stands_at(finder, IN_TITLE, moment) };
		err = seek_all(finder, moment - 1, &finder->moment);
	}
	*ret_count = count;
	return err;
}

static enum err look_at(struct finder *finder, const struct candidate *list, size_t count)
{
	size_t opened = count;
	struct array found;
	enum err err = candidates_open(&finder->opening, list, &opened, &found);

	if (err != ERR_OK)
		return err;
	if (opened < count)
		finder->moment = list[opened].moment;
	for (size_t i = 0; i < found.count && !finder->page->next.id; i++)
		add_found(finder, &((const struct found *)found.items)[i]);
	return ERR_OK;
}

static enum err fill(struct finder *finder)
{
	enum err err = seek_all(finder, finder->finding->before.time.ms, &finder->moment);

	while (err == ERR_OK && finder->moment != MOMENT_NONE && !is_spent(finder) &&
	       !finder->page->next.id) {
		struct candidate list[CANDIDATES_MAX];
		size_t count = 0;

		err = gather(finder, list, &count);
		if (err == ERR_OK)
			err = look_at(finder, list, count);
	}
	return err;
}

/* Behind the last item, or, where the bound was reached, before what was not looked at. */
static void set_next(struct finder *finder)
{
	struct found_page *page = finder->page;
	const struct found *last = (const struct found *)page->items.items + page->items.count - 1;
	char bound[ID_SIZE];

	if (page->next.id) {
		page->next.id = found_id(last);
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
	*finder = (struct finder){ .finding = finding, .arena = arena, .page = ret_page };
	opening_init(&finder->opening, finding, arena);
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
