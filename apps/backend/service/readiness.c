#include "service/readiness.h"

#include "app.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "db/database.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { FRESH_MS = 1000 };

struct readiness {
	struct app *app;
	struct task look;
	struct loop_task looked;
	struct list askers; /* that wait for the look which is under way */
	bool looking;
	enum err found; /* the worker's while it looks */
	int64_t fresh_until_ms;
};

struct probe {
	int64_t value;
};

static const struct field probe_fields[] = {
	FIELD(struct probe, value, .doc = "One."),
	{ 0 },
};

static const struct schema probe_schema = SCHEMA(struct probe, probe_fields, .name = "Probe");
static const struct statement probe_database = { "SELECT count(*) AS value FROM installation",
						 &probe_schema };

static void look(struct task *task)
{
	struct readiness *readiness = CONTAINER_OF(task, struct readiness, look);
	struct arena arena;
	struct probe probe;

	arena_init(&arena);
	readiness->found = db_one(readiness->app->db, &probe_database, ARGS_NONE, &arena, &probe);
	arena_finish(&arena);
	loop_post(readiness->app->loop, &readiness->looked);
}

static void on_looked(struct loop_task *task)
{
	struct readiness *readiness = CONTAINER_OF(task, struct readiness, looked);

	readiness->looking = false;
	readiness->fresh_until_ms = clock_monotonic_ms() + FRESH_MS;
	while (!list_empty(&readiness->askers)) {
		struct readiness_asker *asker =
			CONTAINER_OF(readiness->askers.next, struct readiness_asker, node);

		list_remove(&asker->node);
		asker->told(asker, readiness->found);
	}
}

struct readiness *readiness_create(struct app *app)
{
	struct readiness *readiness = MEMORY_NEW(struct readiness);

	readiness->app = app;
	readiness->look.run = look;
	readiness->looked.run = on_looked;
	list_init(&readiness->askers);
	return readiness;
}

void readiness_destroy(struct readiness *readiness)
{
	if (!readiness)
		return;
	assert(list_empty(&readiness->askers));
	free(readiness);
}

void readiness_ask(struct readiness *readiness, struct readiness_asker *asker)
{
	if (!readiness->looking && clock_monotonic_ms() < readiness->fresh_until_ms) {
		asker->told(asker, readiness->found);
		return;
	}
	list_append(&readiness->askers, &asker->node);
	if (readiness->looking)
		return;
	readiness->looking = true;
	pool_submit(readiness->app->workers, &readiness->look);
}
