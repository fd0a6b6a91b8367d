/*
 * An installation with the services that accounts lean on, and no listening socket: for tests that call handlers
 * (support_call.h). Like support.h, on either engine, and everything asserts.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_STAGE_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_STAGE_H

#include "app.h"
#include "base/loop.h"
#include "config.h"
#include "websockets/topics.h"

#include "support.h"

struct stage {
	struct home home;
	struct loop loop;
	struct topics topics;
	struct config config;
	struct app app;
};

/* For cmocka: *state is a struct stage. */
int stage_set_up(void **state);
int stage_tear_down(void **state);

#define STAGE_TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up, stage_tear_down)

extern const char *const stage_password;

/* An account that can sign in with stage_password, as its principal in a session that is there. */
struct principal stage_account(struct stage *stage, const char *username, const char *role);

/* A number from the database. */
int64_t stage_count(struct stage *stage, const char *sql);

/* Runs the loop once, for what workers posted. */
void stage_turn(struct stage *stage);

#endif
