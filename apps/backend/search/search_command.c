/* What `webplus search` does, beside the servers or without them. */
#include "search/search.h"

#include "base/clock.h"
#include "search/search_store.h"
#include "search/upkeep.h"

#include <inttypes.h>
#include <time.h>

enum { LOOK_MS = 200, PROGRESS_MS = 1000 };

static void wait_ms(int64_t ms)
{
	struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&rest, NULL);
}

/* What is yet to be done: indexes that are being built. */
struct work_left {
	int64_t building;
	int64_t messages; /* that those which are being built have */
};

static enum err count_one(struct db *db, struct index_head *index, void *context)
{
	struct work_left *left = context;

	(void)db;
	left->building += index->state == INDEX_BUILDING;
	left->messages += index->state == INDEX_BUILDING ? index->messages : 0;
	return ERR_OK;
}

static enum err count_left(struct db *db, struct work_left *ret_left)
{
	struct work_left left = { 0 };
	enum err err = index_each(db, count_one, &left);

	*ret_left = left;
	return err;
}

struct telling {
	struct db *db;
	FILE *out;
	int64_t told_ms;
};

static void tell(void *context)
{
	struct telling *telling = context;
	int64_t now_ms = clock_monotonic_ms();
	struct work_left left;

	if (now_ms - telling->told_ms < PROGRESS_MS || count_left(telling->db, &left) != ERR_OK)
		return;
	telling->told_ms = now_ms;
	fprintf(telling->out, "%" PRId64 " to be built, %" PRId64 " messages in\n", left.building,
		left.messages);
	(void)fflush(telling->out);
}

/* Those that another process builds are waited for; old ones are dropped here or by the servers. */
static enum err finish_all(struct db *db, struct telling *telling)
{
	const struct upkeep upkeep = {
		.db = db, .settle_ms = SETTLE_MS, .progress = tell, .context = telling
	};
	struct index_head dropped;
	struct work_left left = { 0 };
	struct arena arena;
	bool idle = false;
	enum err err;

	do {
		err = upkeep_step(&upkeep, &idle);
		if (err == ERR_OK)
			err = count_left(db, &left);
		tell(telling);
		arena_init(&arena);
		if (err == ERR_OK && left.building == 0) {
			err = index_unfinished(db, (struct timestamp){ INT64_MAX }, &arena,
					       &dropped);
			left.building = err == ERR_OK;
			err = err == ERR_NOT_FOUND ? ERR_OK : err;
		}
		arena_finish(&arena);
		if (idle && left.building > 0)
			wait_ms(LOOK_MS);
	} while (err == ERR_OK && left.building > 0);
	return err;
}

enum err search_rebuild(struct db *db, FILE *out)
{
	struct telling telling = { .db = db, .out = out, .told_ms = clock_monotonic_ms() };
	enum err err = upkeep_adopt(db);

	if (err == ERR_OK)
		err = upkeep_rebuild(db);
	if (err == ERR_OK)
		err = finish_all(db, &telling);
	return err == ERR_OK ? search_status(db, out) : err;
}

enum err search_status(struct db *db, FILE *out)
{
	struct search_size size;
	struct work_left left = { 0 };
	enum err err = index_sizes(db, &size);

	if (err == ERR_OK)
		err = count_left(db, &left);
	if (err != ERR_OK)
		return err;
	fprintf(out,
		"%" PRId64 " indexes, of which %" PRId64 " are being built\n"
		"%" PRId64 " messages in %" PRId64 " blocks, %" PRId64 " bytes sealed\n"
		"%" PRId64 " pending\n",
		size.indexes, left.building, size.messages, size.blocks, size.bytes, size.pending);
	return ERR_OK;
}
