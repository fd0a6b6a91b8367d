#include "support_stage.h"

#include "auth/auth_store.h"
#include "base/pool.h"
#include "chat/chat.h"
#include "chat/event_stream.h"
#include "keys/keys.h"
#include "middleware/authentication.h"
#include "routes.h"
#include "websockets/connection_manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const stage_password = "correct horse battery staple";

static enum err authenticate(struct app *app, const char *token, struct principal *ret_principal)
{
	return authentication_check(app->authentication, token, ret_principal);
}

static void create_services(struct stage *stage)
{
	struct app *app = &stage->app;
	struct connection_manager_options options = { .loop = &stage->loop,
						      .app = app,
						      .topics = &stage->topics,
						      .kinds = topic_kinds,
						      .authenticate = authenticate,
						      .pending_max = 1024,
						      .message_max = 1024,
						      .subscriptions_max = 1,
						      .authenticate_ms = 1000,
						      .ping_ms = 1000 };

	app->loop = &stage->loop;
	app->config = &stage->config;
	app->keyring = stage->home.keyring;
	app->db = stage->home.db;
	app->topics = &stage->topics;
	topics_init(&stage->topics);
	app->workers = options.workers = pool_create("test", 1);
	app->sockets = connection_manager_create(&options);
	app->authentication = authentication_create(app, session_load, key_load);
	app->event_streams = event_streams_create(app);
	app->setup = setup_create(app);
}

int stage_set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	loop_init(&stage->loop);
	home_make(&stage->home);
	stage->home.options.loop = &stage->loop;
	home_open(&stage->home);
	stage->config = (struct config){ .access_token_minutes = 15, .session_days = 30 };
	create_services(stage);
	*state = stage;
	return 0;
}

int stage_tear_down(void **state)
{
	struct stage *stage = *state;

	pool_destroy(stage->app.workers);
	stage_turn(stage);
	setup_destroy(stage->app.setup);
	authentication_destroy(stage->app.authentication);
	event_streams_destroy(stage->app.event_streams);
	connection_manager_destroy(stage->app.sockets);
	topics_finish(&stage->topics);
	loop_finish(&stage->loop);
	home_remove(&stage->home);
	free(stage);
	return 0;
}

static enum err run_session(struct db *tx, void *context)
{
	struct session *session = context;

	return session_insert(tx, session, session->id);
}

struct principal stage_account(struct stage *stage, const char *username, const char *role)
{
	struct arena *arena = &stage->home.arena;
	struct timestamp now = clock_now();
	struct session session = { .created_at = now,
				   .last_used_at = now,
				   .expires_at = { now.ms + 1000000 } };
	char *id = arena_alloc(arena, ID_SIZE);
	const struct texts none = { 0 };
	struct principal principal;
	struct account account;
	const char *reason = "";

	if (account_create(&stage->app, username, arena_printf(arena, "%s@example.org", username),
			   stage_password, role, arena, &reason) != ERR_OK)
		fail_msg("%s", reason);
	assert_int_equal(account_by_username(stage->app.db, username, arena, &account), ERR_OK);
	id_make(id);
	session.id = id;
	session.account_id = account.id;
	assert_int_equal(db_transaction(stage->app.db, run_session, &session), ERR_OK);
	principal_set(&principal, account.id, session.id, role, &none);
	return principal;
}

int64_t stage_count(struct stage *stage, const char *sql)
{
	return home_number(&stage->home, sql);
}

void stage_turn(struct stage *stage)
{
	uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
}
