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

enum err search_forget_some(struct db *tx, const char *owner_id)
{
	return index_mark_stale_of(tx, owner_id);
}

enum err search_forget_all(struct db *tx, const char *owner_id)
{
	return index_forget(tx, owner_id);
}

enum err search_erase_some(struct db *tx, const char *owner_id, int64_t rows, bool *ret_more)
{
	int64_t id;
	enum err err = pending_erase(tx, owner_id, rows, ret_more);

	if (err == ERR_OK && !*ret_more)
		err = index_any(tx, owner_id, &id);
	else
		return err;
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	err = index_delete_blocks(tx, id, ret_more);
	if (err == ERR_OK && !*ret_more)
		err = index_delete(tx, id);
	*ret_more = true; /* there may be another one */
	return err;
}

enum err search_mark_message(struct db *tx, const char *owner_id, const char *id)
{
	return mark(tx, owner_id, IN_MESSAGE, id);
}

enum err search_mark_title(struct db *tx, const char *owner_id, const char *id)
{
	return mark(tx, owner_id, IN_TITLE, id);
}
