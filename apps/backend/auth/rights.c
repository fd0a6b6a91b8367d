#include "auth/auth.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth_store.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/pool.h"
#include "chat/chat.h"
#include "db/key_store.h"
#include "keys/keys.h"
#include "middleware/authentication.h"
#include "middleware/cache.h"
#include "websockets/connection_manager.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 500,
	LOOK_ROWS = 1000,   /* at once */
	UPKEEP_LOOKS = 7200 /* an hour, or less where others are heard */
};

static const char *const channel = "webplus_rights";

/* In place of an account: the table also tells what goes by the same way and is as urgent. */
static const char *const accounts_mark = "*accounts", *const cache_mark = "*cache";

struct change {
	const char *id;
	const char *account_id;
	const char *session_id;
	struct timestamp created_at;
};

static const struct field change_fields[] = {
	FIELD(struct change, id, .doc = "Of the change."),
	FIELD(struct change, account_id, .doc = "Whose rights; empty: everybody's."),
	FIELD(struct change, session_id, .doc = "Of which session; empty: all of the account."),
	FIELD(struct change, created_at, .doc = "When."),
	{ 0 },
};

static const struct schema change_schema =
	SCHEMA(struct change, change_fields, .name = "RightsChange", .table = "rights_change",
	       .key = { "id" });

static const struct statement select_changes = {
	"SELECT {columns} FROM rights_change WHERE (created_at, id) > ($1, $2) ORDER BY "
	"created_at, id LIMIT $3",
	&change_schema
};
/* With both ends, so that a planner that knows no arguments takes it for few. */
static const struct statement purge_changes = {
	"DELETE FROM rights_change WHERE created_at >= 0 AND created_at < $1", NULL
};

const struct statement *const rights_statements[] = { &select_changes, &purge_changes, NULL };

enum err rights_changed(struct db *tx, const char *account_id, const char *session_id)
{
	char id[ID_SIZE];
	struct change change = { .id = id,
				 .account_id = account_id ? account_id : "",
				 .session_id = session_id ? session_id : "",
				 .created_at = clock_now() };
	enum err err;

	id_make(id);
	err = db_insert(tx, &change_schema, &change);
	return err == ERR_OK ? db_notify(tx, channel) : err;
}

enum err accounts_changed(struct db *tx)
{
	return rights_changed(tx, accounts_mark, NULL);
}

void rights_apply(struct app *app, const char *account_id, const char *session_id)
{
	authentication_forget(app->authentication, account_id, session_id);
	cache_rights_changed(app, account_id);
	connection_manager_end(app->sockets, account_id, session_id);
	event_streams_end(app, account_id, session_id);
	if (account_id && !session_id)
		generations_review(app, account_id);
}

/* ---- The changes that other servers, and commands, wrote ---- */

/*
 * Clocks of servers differ a little, and transactions commit out of order: each look takes the changes since a window before
 * the last one that succeeded, and passes over those that it has seen.
 */
struct rights {
	struct app *app;
	uv_timer_t timer;
	struct db_listener *listener;
	struct task task;
	struct loop_task back;
	int64_t window_ms, kept_ms;
	struct timestamp begun,
		looked; /* when the look began that is under way, and the last whole one */
	struct map seen, seen_before; /* ids, of this window and the one before */
	int64_t seen_ms;              /* when `seen` began, monotonic */
	unsigned looks;
	struct db_job declaration;
	char own_id[ID_SIZE]; /* of this server, so that it passes over its own declarations */
	int64_t looked_ms;    /* when the look began that is under way, monotonic */
	bool running;         /* since rights_start */
	bool busy, started;   /* a look is under way; the first whole one was done */
	bool declaring;
	bool again;            /* something was heard since the look began */
	struct timestamp from; /* where the look goes on; 0: where it begins */
	char from_id[ID_SIZE];
	void (*stopped)(void *context);
	void *stopped_context;
	struct arena arena;
	struct array changes;
	enum err err;
};

struct rights *rights_create(struct app *app, int64_t window_ms, int64_t kept_ms)
{
	struct rights *rights = MEMORY_NEW(struct rights);

	rights->app = app;
	rights->window_ms = window_ms;
	rights->kept_ms = kept_ms;
	id_make(rights->own_id);
	map_init(&rights->seen);
	map_init(&rights->seen_before);
	uv_timer_init(&app->loop->uv, &rights->timer);
	rights->timer.data = rights;
	return rights;
}

static const char *null_if_empty(const char *text)
{
	return *text ? text : NULL;
}

static bool is_new(struct rights *rights, const struct change *change)
{
	if (map_get(&rights->seen, change->id) || map_get(&rights->seen_before, change->id))
		return false;
	map_set(&rights->seen, change->id, rights);
	return true;
}

static void turn_window(struct rights *rights)
{
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms - rights->seen_ms < rights->window_ms * 2)
		return;
	rights->seen_ms = now_ms;
	map_finish(&rights->seen_before);
	rights->seen_before = rights->seen;
	map_init(&rights->seen);
}

/* Those from before the start are of no use, but a word about caches: what it tells may still be so. */
static void take_change(struct rights *rights, const struct change *change)
{
	struct app *app = rights->app;

	if (strcmp(change->account_id, cache_mark) == 0) {
		if (strcmp(change->session_id, rights->own_id) != 0)
			cache_distrust(app);
	} else if (rights->started) {
		cache_raise(app, "users", NULL);
		if (strcmp(change->account_id, accounts_mark) != 0)
			rights_apply(app, null_if_empty(change->account_id),
				     null_if_empty(change->session_id));
	}
}

/* Whether there may be more; then the next look begins behind the last of these. */
static bool take_changes(struct rights *rights)
{
	const struct change *changes = rights->changes.items;
	size_t count = rights->err == ERR_OK ? rights->changes.count : 0;

	for (size_t i = 0; i < count; i++)
		if (is_new(rights, &changes[i]))
			take_change(rights, &changes[i]);
	rights->from.ms = 0;
	if (count < LOOK_ROWS)
		return false;
	rights->from = changes[count - 1].created_at;
	snprintf(rights->from_id, ID_SIZE, "%s", changes[count - 1].id);
	return true;
}

static void begin_look(struct rights *rights)
{
	if (rights->from.ms == 0)
		rights->looked_ms = clock_monotonic_ms();
	rights->busy = true;
	rights->again = false;
	pool_submit(rights->app->workers, &rights->task);
}

static void tell_stopped(struct rights *rights)
{
	if (rights->stopped && !rights->busy && !rights->declaring)
		rights->stopped(rights->stopped_context);
}

/* Some of what was told since the last look is not in the table any more: nothing that is known is sure. */
static void forget_all(struct rights *rights)
{
	cache_distrust(rights->app);
	cache_raise(rights->app, "users", NULL);
	rights_apply(rights->app, NULL, NULL);
}

static void whole_look_done(struct rights *rights)
{
	bool missed = rights->begun.ms - rights->looked.ms > rights->kept_ms - rights->window_ms;

	if (rights->started && missed)
		forget_all(rights);
	rights->looked = rights->begun;
	rights->started = true;
	cache_looked(rights->app, rights->looked_ms);
}

static void look_done(struct loop_task *task)
{
	struct rights *rights = CONTAINER_OF(task, struct rights, back);
	bool more;

	turn_window(rights);
	more = take_changes(rights);
	arena_finish(&rights->arena);
	if (rights->err == ERR_OK && !more)
		whole_look_done(rights);
	if ((more || rights->again) && !rights->stopped) {
		begin_look(rights);
		return;
	}
	rights->busy = false;
	tell_stopped(rights);
}

static enum err run_upkeep(struct db *tx, void *context)
{
	const struct rights *rights = context;
	struct timestamp now = clock_now(), before = { now.ms - rights->kept_ms };
	enum err err = db_exec(tx, &purge_changes, ARGS(before), NULL);

	if (err == ERR_OK)
		err = session_purge(tx, now);
	return err == ERR_OK ? keys_purge(tx, now) : err;
}

static void keep_up(struct rights *rights)
{
	if (rights->looks++ % UPKEEP_LOOKS != 0)
		return;
	if (db_transaction(rights->app->db, run_upkeep, rights) != ERR_OK)
		log_warning("sessions and keys that are over are not cleared away", NULL);
	audit_log_tip(rights->app);
}

/* Where a look begins: it goes back as far as this server has missed something. */
static struct timestamp since(const struct rights *rights)
{
	bool behind = rights->started && rights->looked.ms < rights->begun.ms;

	return (struct timestamp){ (behind ? rights->looked.ms : rights->begun.ms) -
				   rights->window_ms };
}

static void look(struct task *task)
{
	struct rights *rights = CONTAINER_OF(task, struct rights, task);
	bool begins = rights->from.ms == 0;

	if (begins)
		rights->begun = clock_now();
	arena_init(&rights->arena);
	rights->changes = (struct array){ 0 };
	rights->err = db_all(rights->app->db, &select_changes,
			     ARGS(begins ? since(rights) : rights->from,
				  begins ? "" : (const char *)rights->from_id, (int64_t)LOOK_ROWS),
			     &rights->arena, &rights->changes);
	if (begins)
		keep_up(rights);
	if (key_store_learn(rights->app->db) != ERR_OK)
		log_warning("new data keys could not be learned", NULL);
	loop_post(rights->app->loop, &rights->back);
}

static void on_timer(uv_timer_t *timer)
{
	struct rights *rights = timer->data;

	if (!rights->busy)
		begin_look(rights);
}

/* Not left to the next tick. */
static void on_heard(void *context)
{
	struct rights *rights = context;

	if (rights->busy)
		rights->again = true;
	else if (!rights->stopped)
		begin_look(rights);
}

/* ---- What this server has to tell of its cache ---- */

static enum err write_declaration(struct db *tx, void *context)
{
	struct rights *rights = CONTAINER_OF((struct db_job *)context, struct rights, declaration);

	return rights_changed(tx, cache_mark, rights->own_id);
}

static void on_declared(struct db_job *job, enum err err)
{
	struct rights *rights = CONTAINER_OF(job, struct rights, declaration);

	rights->declaring = false;
	cache_declared(rights->app, err == ERR_OK);
	tell_stopped(rights);
}

void rights_declare(void *context)
{
	struct app *app = context;
	struct rights *rights = app->rights;

	if (!rights->running || rights->stopped) {
		cache_declared(app, false);
		return;
	}
	rights->declaring = true;
	rights->declaration.run = write_declaration;
	rights->declaration.done = on_declared;
	db_submit(app->db, &rights->declaration);
}

void rights_start(struct rights *rights)
{
	rights->running = true;
	rights->task.run = look;
	rights->back.run = look_done;
	uv_timer_start(&rights->timer, on_timer, 0, LOOK_MS);
	rights->listener = db_listen(rights->app->db, channel, on_heard, rights);
}

void rights_stop(struct rights *rights, void (*stopped)(void *context), void *context)
{
	uv_timer_stop(&rights->timer);
	rights->stopped = stopped;
	rights->stopped_context = context;
	tell_stopped(rights);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void rights_destroy(struct rights *rights)
{
	if (!rights)
		return;
	assert(!rights->busy);
	db_unlisten(rights->listener);
	map_finish(&rights->seen);
	map_finish(&rights->seen_before);
	uv_close((uv_handle_t *)&rights->timer, on_timer_closed);
}
