/* Writers that are no routes: what they changed is raised, and then told, in their order; and what versions.h has to know. */
#include "middleware/cache_private.h"

#include "app.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cache_rights_name(char name[static TAG_SIZE], const char *account_id)
{
	if (account_id)
		snprintf(name, TAG_SIZE, "rights:%s", account_id);
	else
		snprintf(name, TAG_SIZE, "rights");
}

static void name_tag(struct tags *tags, const char *tag, const char *id)
{
	const char *open = strchr(tag, '{');
	int length = open ? (int)(open - tag) : (int)strlen(tag);

	tags->count = 1;
	snprintf(tags->names[0], TAG_SIZE, "%.*s%s", length, tag, id ? id : "");
}

struct raising {
	struct loop_task task;
	struct app *app;
	struct tags tags;
};

static void raise_on_loop(struct loop_task *task)
{
	struct raising *raising = CONTAINER_OF(task, struct raising, task);

	(void)!versions_raise(raising->app->caching->versions, &raising->tags, NULL, NULL);
	free(raising);
}

void cache_raise(struct app *app, const char *tag, const char *id)
{
	struct raising *raising;

	if (!app->caching)
		return;
	raising = MEMORY_NEW(struct raising);
	raising->app = app;
	name_tag(&raising->tags, tag, id);
	versions_mark(app->caching->versions, raising->tags.names[0]);
	raising->task.run = raise_on_loop;
	if (loop_is_current(app->loop))
		raise_on_loop(&raising->task);
	else
		loop_post(app->loop, &raising->task);
}

/* ---- Telling in order ---- */

/* Something that is told once what it tells of is raised. */
struct telling {
	struct loop_task task;
	struct list node;
	struct app *app;
	struct tags tags;
	bool raised;
	void (*tell)(void *context, enum err err);
	void *context;
};

static void check_told(struct caching *caching)
{
	void (*told)(void *context) = caching->told;

	if (!told || atomic_load(&caching->tellings_count) > 0)
		return;
	caching->told = NULL;
	told(caching->told_context);
}

/* One that is raised waits for those before it, or a list would go back to an older state. */
static void tell_in_order(struct caching *caching)
{
	while (!list_empty(&caching->tellings)) {
		struct telling *first = CONTAINER_OF(caching->tellings.next, struct telling, node);

		if (!first->raised)
			return;
		list_remove(&first->node);
		first->tell(first->context, caching->released ? ERR_CANCELLED : ERR_OK);
		free(first);
		atomic_fetch_sub(&caching->tellings_count, 1);
	}
	check_told(caching);
}

static void on_telling_raised(void *context)
{
	struct telling *telling = context;

	telling->raised = true;
	tell_in_order(telling->app->caching);
}

static void raise_and_tell(struct loop_task *task)
{
	struct telling *telling = CONTAINER_OF(task, struct telling, task);
	struct caching *caching = telling->app->caching;

	list_append(&caching->tellings, &telling->node);
	if (versions_raise(caching->versions, &telling->tags, on_telling_raised, telling) == ERR_OK)
		on_telling_raised(telling);
}

static void tell_at_once(struct loop_task *task)
{
	struct telling *telling = CONTAINER_OF(task, struct telling, task);

	telling->tell(telling->context, ERR_OK);
	free(telling);
}

void cache_raise_and_tell(struct app *app, const char *tag, const char *id,
			  void (*tell)(void *context, enum err err), void *context)
{
	struct telling *telling = MEMORY_NEW(struct telling);

	telling->app = app;
	telling->tell = tell;
	telling->context = context;
	telling->task.run = app->caching ? raise_and_tell : tell_at_once;
	if (app->caching) {
		name_tag(&telling->tags, tag, id);
		versions_mark(app->caching->versions, telling->tags.names[0]);
		atomic_fetch_add(&app->caching->tellings_count, 1);
	}
	loop_post(app->loop, &telling->task);
}

void cache_await(struct app *app, void (*told)(void *context), void *context)
{
	if (!app->caching) {
		told(context);
		return;
	}
	app->caching->told = told;
	app->caching->told_context = context;
	check_told(app->caching);
}

/* ---- Writes of which it is not known what became ---- */

static void raise_unsettled(void *context, const struct tags *tags)
{
	struct caching *caching = context;

	(void)!versions_raise(caching->versions, tags, NULL, NULL);
}

static enum err read_horizon(struct db *tx, void *context)
{
	struct caching *caching = context;

	return db_horizon(tx, &caching->horizon);
}

static void look(struct task *task)
{
	struct caching *caching = CONTAINER_OF(task, struct caching, look);

	caching->horizon_err = db_transaction(caching->app->db, read_horizon, caching);
	loop_post(caching->app->loop, &caching->looked);
}

static void look_done(struct loop_task *task)
{
	struct caching *caching = CONTAINER_OF(task, struct caching, looked);

	unsettled_look_done(caching->unsettled,
			    caching->horizon_err == ERR_OK ? &caching->horizon : NULL);
}

/* The workers end before what they work for. */
static void begin_look(void *context)
{
	struct caching *caching = context;

	if (!caching->released)
		pool_submit(caching->app->workers, &caching->look);
}

struct unsettled *cache_create_unsettled(struct caching *caching)
{
	const struct unsettled_options options = { .loop = caching->app->loop,
						   .raise = raise_unsettled,
						   .look = begin_look,
						   .context = caching };

	caching->look.run = look;
	caching->looked.run = look_done;
	return unsettled_create(&options);
}

/* ---- What is heard of the database ---- */

void cache_rights_changed(struct app *app, const char *account_id)
{
	char name[TAG_SIZE];

	if (!app->caching)
		return;
	cache_rights_name(name, account_id);
	versions_mark(app->caching->versions, name);
}

void cache_distrust(struct app *app)
{
	if (app->caching)
		versions_distrust(app->caching->versions);
}

void cache_looked(struct app *app, int64_t began_ms)
{
	if (app->caching)
		versions_looked(app->caching->versions, began_ms);
}

void cache_declared(struct app *app, bool committed)
{
	if (app->caching)
		versions_declared(app->caching->versions, committed);
}

void cache_release(struct app *app)
{
	if (!app->caching)
		return;
	app->caching->released = true;
	versions_release(app->caching->versions);
}
