#include "search/search.h"

#include "base/clock.h"
#include "search/search_store.h"

#include <stdatomic.h>

/* A setting of the whole process, which stores ask for that have no settings at hand. */
static atomic_bool is_on = true;

void search_switch(bool on)
{
	atomic_store(&is_on, on);
}

static enum err mark(struct db *tx, const char *owner_id, enum query_place kind, const char *id)
{
	const struct search_pending pending = { owner_id, kind, id, clock_now() };

	return atomic_load(&is_on) ? pending_mark(tx, &pending) : ERR_OK;
}

enum err search_forget(struct db *tx, struct timestamp deleted_before)
{
	return index_mark_stale(tx, deleted_before);
}

enum err search_forget_some(struct db *tx, const char *owner_id)
{
	return index_mark_stale_of(tx, owner_id);
}

enum err search_mark_message(struct db *tx, const char *owner_id, const char *id)
{
	return mark(tx, owner_id, IN_MESSAGE, id);
}

enum err search_mark_title(struct db *tx, const char *owner_id, const char *id)
{
	return mark(tx, owner_id, IN_TITLE, id);
}
