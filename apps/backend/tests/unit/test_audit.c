/* The audit log: a chain that tells when a row was changed, moved or taken away, and forgets persons without breaking. */
#include "audit/audit.h"

#include "audit/audit_store.h"

#include "support_call.h"
#include "support_stage.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define ALICE "01890000-0000-7000-8000-00000000000a"
#define BOB "01890000-0000-7000-8000-00000000000b"

static void append(struct stage *stage, enum audit_action action, const char *actor_id,
		   const char *object_id, const char *username)
{
	struct audit_entry entry = { .action = action,
				     .actor_id = actor_id,
				     .object_kind = "account",
				     .object_id = object_id,
				     .address = "192.0.2.7",
				     .username = username };

	assert_int_equal(audit_write(&stage->app, &entry), ERR_OK);
}

/* Five rows, of two people. */
static void append_some(struct stage *stage)
{
	append(stage, AUDIT_REGISTER, ALICE, ALICE, "alice");
	append(stage, AUDIT_SIGN_IN, ALICE, ALICE, "alice");
	append(stage, AUDIT_REGISTER, BOB, BOB, "bob");
	append(stage, AUDIT_SIGN_IN, BOB, BOB, "bob");
	append(stage, AUDIT_ROLE_ASSIGN, ALICE, BOB, NULL);
}

/* What `webplus audit verify` prints. */
static const char *verified(struct stage *stage, enum err expected)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	enum err err = audit_verify(&stage->app, out);
	const char *copy;

	fclose(out);
	if (err != expected)
		fail_msg("%s", text);
	copy = arena_strdup(&stage->home.arena, text);
	free(text);
	return copy;
}

static void says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

/* ---- The chain ---- */

static void an_untouched_log_holds(void **state)
{
	struct stage *stage = *state;

	says(verified(stage, ERR_OK), "0 rows, none changed or missing");
	append_some(stage);
	says(verified(stage, ERR_OK), "5 rows, none changed or missing. Tip: 5 ");
}

/* Each is done with a SQL shell to a log of five rows, and found. */
static const struct tampering {
	const char *sql, *found;
} tamperings[] = {
	{ "UPDATE audit SET actor_id = '" BOB "' WHERE seq = 2", "behind row 1: it was changed" },
	{ "UPDATE audit SET at = at - 1 WHERE seq = 1", "behind row 0: it was changed" },
	{ "UPDATE audit SET action = 'session.close' WHERE seq = 2", "behind row 1: it was" },
	{ "UPDATE audit SET action = 'made up' WHERE seq = 2", "behind row 1" },
	{ "UPDATE audit SET object_kind = 'role' WHERE seq = 5", "behind row 4: it was changed" },
	{ "UPDATE audit SET object_id = '" ALICE "' WHERE seq = 5",
	  "behind row 4: it was changed" },
	{ "UPDATE audit SET outcome = 'refused' WHERE seq = 3", "behind row 2: it was changed" },
	{ "UPDATE audit SET commitment = (SELECT commitment FROM audit WHERE seq = 1) WHERE seq = 3",
	  "behind row 2: it was changed" },
	{ "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 1) WHERE seq = 2",
	  "behind row 1: it was changed" },
	{ "UPDATE audit SET salt = (SELECT salt FROM audit WHERE seq = 1) WHERE seq = 2",
	  "behind row 1: its details were changed" },
	{ "UPDATE audit SET details = (SELECT details FROM audit WHERE seq = 1) WHERE seq = 2",
	  "behind row 1: its details were changed" },
	{ "UPDATE audit SET details = NULL WHERE seq = 2", "behind row 1: its details were" },
	{ "UPDATE audit SET salt = NULL WHERE seq = 2", "behind row 1: its details were" },
	{ "DELETE FROM audit WHERE seq = 1", "behind row 0: rows are missing before it" },
	{ "DELETE FROM audit WHERE seq = 3", "behind row 2: rows are missing before it" },
	/* taken out, and those behind it moved up */
	{ "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; "
	  "UPDATE audit SET seq = 4 WHERE seq = 5",
	  "behind row 2" },
	/* two change places */
	{ "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; "
	  "UPDATE audit SET seq = 3 WHERE seq = 99",
	  "behind row 1" },
	/* one that nobody wrote */
	{ "INSERT INTO audit (seq, at, actor_id, action, object_kind, object_id, outcome, "
	  "commitment, hash) SELECT 6, at, actor_id, action, object_kind, object_id, outcome, "
	  "commitment, hash FROM audit WHERE seq = 5",
	  "behind row 5: it was changed" },
};

static void whatever_is_changed_is_found(void **state)
{
	struct stage *stage = *state;

	append_some(stage);
	home_sql(&stage->home, "CREATE TABLE kept AS SELECT * FROM audit");
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++) {
		home_sql(&stage->home, tamperings[i].sql);
		says(verified(stage, ERR_CORRUPT), tamperings[i].found);
		home_sql(&stage->home, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
		verified(stage, ERR_OK);
	}
	home_sql(&stage->home, "DROP TABLE kept");
}

/* The end that is cut off leaves a chain that holds: its tip is another one than was noted. */
static void a_tail_that_is_cut_off_shows_in_the_tip(void **state)
{
	struct stage *stage = *state;
	const char *before, *after;

	append_some(stage);
	before = strstr(verified(stage, ERR_OK), "Tip: ");
	home_sql(&stage->home, "DELETE FROM audit WHERE seq > 3");
	after = strstr(verified(stage, ERR_OK), "Tip: ");
	assert_string_not_equal(before, after);
	append(stage, AUDIT_SIGN_OUT, ALICE, ALICE, NULL);
	append(stage, AUDIT_SIGN_OUT, ALICE, ALICE, NULL);
	after = strstr(verified(stage, ERR_OK), "Tip: 5 "); /* as many rows, and other ones */
	assert_non_null(after);
	assert_string_not_equal(before, after);
}

static void another_master_key_does_not_make_the_same_chain(void **state)
{
	struct stage *stage = *state;
	struct keyring *own = stage->app.keyring, *other;
	const char *reason,
		*path = arena_printf(&stage->home.arena, "%s/other.key", stage->home.folder);

	append_some(stage);
	assert_int_equal(keyring_open(NULL, path, &other, &reason), ERR_OK);
	stage->app.keyring = other;
	says(verified(stage, ERR_CORRUPT), "behind row 0");
	stage->app.keyring = own;
	keyring_destroy(other);
}

static enum err run_erasure(struct db *tx, void *context)
{
	return audit_erase(tx, context);
}

static void a_person_is_forgotten_and_the_chain_holds(void **state)
{
	struct stage *stage = *state;
	static char alice[] = ALICE;

	append_some(stage);
	append(stage, AUDIT_SIGN_IN, NULL, ALICE, "alice"); /* and failed: nobody yet */
	append(stage, AUDIT_ROLE_ASSIGN, BOB, ALICE, NULL);
	assert_int_equal(db_transaction(stage->app.db, run_erasure, alice), ERR_OK);
	says(verified(stage, ERR_CORRUPT), "its details were removed");
	append(stage, AUDIT_ACCOUNT_DELETE, ALICE, ALICE, NULL);
	says(verified(stage, ERR_OK), "8 rows, none changed or missing");
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM audit WHERE details IS NULL AND "
					    "salt IS NULL"),
			 4); /* what she did, and what was tried in her name; not what Bob did */
	home_sql(&stage->home, "UPDATE audit SET outcome = 'refused' WHERE seq = 1");
	says(verified(stage, ERR_CORRUPT), "behind row 0: it was changed");
}

static void times_never_step_back(void **state)
{
	struct stage *stage = *state;

	append_some(stage);
	home_sql(&stage->home, "UPDATE audit SET at = 99999999999999 WHERE seq = 5");
	append(stage, AUDIT_SIGN_OUT, ALICE, ALICE, NULL);
	assert_int_equal(stage_count(stage, "SELECT at FROM audit WHERE seq = 6"), 99999999999999);
}

/* ---- Many at once ---- */

enum { WRITERS = 50, ROWS_EACH = 4 };

struct writer {
	struct stage *stage;
	enum err err;
};

static void *write_rows(void *context)
{
	struct writer *writer = context;
	struct audit_entry entry = { .action = AUDIT_SIGN_IN, .actor_id = ALICE, .detail = "x" };

	for (int i = 0; i < ROWS_EACH && writer->err == ERR_OK; i++)
		writer->err = audit_write(&writer->stage->app, &entry);
	return NULL;
}

static void many_writers_make_one_chain(void **state)
{
	struct stage *stage = *state;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .stage = stage };
		assert_int_equal(pthread_create(&threads[i], NULL, write_rows, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(writers[i].err, ERR_OK);
	}
	says(verified(stage, ERR_OK), "200 rows, none changed or missing");
	assert_int_equal(stage_count(stage, "SELECT max(seq) FROM audit"), WRITERS * ROWS_EACH);
}

/* ---- What is written ---- */

static void page(struct stage *stage, struct audit_filter filter, struct array *ret_rows)
{
	filter.before = filter.before ? filter.before : INT64_MAX;
	filter.limit = filter.limit ? filter.limit : 100;
	*ret_rows = (struct array){ 0 };
	assert_int_equal(audit_page(stage->app.db, &filter, &stage->home.arena, ret_rows), ERR_OK);
}

static json_t *last_details(struct stage *stage)
{
	struct array rows;
	json_t *details;

	page(stage, (struct audit_filter){ .limit = 1 }, &rows);
	assert_int_equal(rows.count, 1);
	details = json_loads(((const struct audit_row *)rows.items)->details, 0, NULL);
	assert_non_null(details);
	return details;
}

static void names_in_any_script_are_kept_as_they_were_given(void **state)
{
	static const char *const names[] = { "Ådá Løvelace", "\xe6\xbc\xa2\xe5\xad\x97",
					     "\xf0\x9f\x94\x91 key", "\"quoted\" \\ \x01",
					     "a\xcc\x81" /* combining */ };
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *details;

		append(stage, AUDIT_SIGN_IN, ALICE, ALICE, names[i]);
		details = last_details(stage);
		assert_string_equal(json_string_value(json_object_get(details, "username")),
				    names[i]);
		assert_string_equal(json_string_value(json_object_get(details, "address")),
				    "192.0.2.7");
		json_decref(details);
	}
	verified(stage, ERR_OK);
	assert_false(home_holds_bytes(&stage->home, "192.0.2.7"));
	assert_false(home_holds_bytes(&stage->home, names[1]));
}

static void details_that_are_too_long_are_left_out(void **state)
{
	struct stage *stage = *state;
	char *name = calloc(1, 10001);
	json_t *details;

	memset(name, 'x', 10000);
	append(stage, AUDIT_SIGN_IN, ALICE, ALICE, name);
	free(name);
	details = last_details(stage);
	assert_int_equal(json_object_size(details), 0);
	json_decref(details);
	verified(stage, ERR_OK);
}

/* ---- Reading ---- */

static size_t found(struct stage *stage, struct audit_filter filter)
{
	struct array rows;

	page(stage, filter, &rows);
	for (size_t i = 1; i < rows.count; i++)
		assert_true(((const struct audit_row *)rows.items)[i].seq <
			    ((const struct audit_row *)rows.items)[i - 1].seq);
	return rows.count;
}

static void every_filter_can_go_with_every_other(void **state)
{
	struct stage *stage = *state;

	append_some(stage);
	home_sql(&stage->home, "UPDATE audit SET at = 1000 * seq");
	assert_int_equal(found(stage, (struct audit_filter){ 0 }), 5);
	assert_int_equal(found(stage, (struct audit_filter){ .before = 3 }), 2);
	assert_int_equal(found(stage, (struct audit_filter){ .actor_id = ALICE }), 3);
	assert_int_equal(found(stage, (struct audit_filter){ .object_id = BOB }), 3);
	assert_int_equal(found(stage, (struct audit_filter){ .action = "session.open" }), 2);
	assert_int_equal(found(stage, (struct audit_filter){ .actor_id = ALICE, .object_id = BOB }),
			 1);
	assert_int_equal(
		found(stage, (struct audit_filter){ .actor_id = ALICE, .action = "session.open" }),
		1);
	assert_int_equal(found(stage, (struct audit_filter){ .object_id = BOB,
							     .action = "account.register" }),
			 1);
	assert_int_equal(found(stage, (struct audit_filter){ .actor_id = BOB,
							     .object_id = BOB,
							     .action = "session.open" }),
			 1);
	assert_int_equal(found(stage, (struct audit_filter){ .actor_id = BOB,
							     .object_id = ALICE,
							     .action = "session.open" }),
			 0);
	assert_int_equal(found(stage, (struct audit_filter){ .since = { 4000 } }), 2);
	assert_int_equal(found(stage, (struct audit_filter){ .until = { 4000 } }), 3);
	assert_int_equal(found(stage, (struct audit_filter){ .since = { 2000 },
							     .until = { 4000 },
							     .actor_id = ALICE }),
			 1);
	assert_int_equal(found(stage, (struct audit_filter){ .since = { 6000 } }), 0);
}

static void the_list_goes_on_where_it_ended(void **state)
{
	struct stage *stage = *state;
	struct principal reader = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct call call;

	append_some(stage);
	call_begin(&call, &stage->app, &reader);
	call_query(&call, "limit", "2");
	call_query(&call, "cursor", "5");
	call_query(&call, "actor_id", ALICE);
	assert_int_equal(call_run(&call, "GET", "/api/v1/audit", NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(call.reply, "items")), 2);
	assert_true(json_is_null(json_object_get(call.reply, "next_cursor")));
	call_end(&call);
	call_begin(&call, &stage->app, &reader);
	call_query(&call, "limit", "2");
	assert_int_equal(call_run(&call, "GET", "/api/v1/audit", NULL, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "next_cursor"), "5");
	call_end(&call);
	call_begin(&call, &stage->app, &reader);
	call_query(&call, "action", "made.up");
	call_query(&call, "actor_id", "me");
	assert_int_equal(call_run(&call, "GET", "/api/v1/audit", NULL, NULL), ERR_INVALID);
	assert_int_equal(call.errors.count, 2);
	call_end(&call);
}

/* A line a row, in their order; that it was exported is the last of them. */
static void an_export_is_the_whole_log_and_is_in_it(void **state)
{
	struct stage *stage = *state;
	struct principal reader = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	const char *text;
	int64_t seq = 0;
	struct call call;

	for (int i = 0; i < 40; i++)
		append_some(stage);
	call_begin(&call, &stage->app, &reader);
	assert_int_equal(call_run(&call, "GET", "/api/v1/audit/export", NULL, NULL), ERR_OK);
	text = call_produced(&call, &stage->home.arena);
	assert_string_equal(call_reply_header(&call, "Content-Disposition"),
			    "attachment; filename=\"audit.jsonl\"");
	call_end(&call);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		json_t *row = json_loadb(line, strcspn(line, "\n"), 0, NULL);

		assert_int_equal(json_integer_value(json_object_get(row, "seq")), ++seq);
		assert_null(json_object_get(row, "salt"));
		if (seq == 202)
			assert_string_equal(json_string_value(json_object_get(row, "action")),
					    "audit.export");
		json_decref(row);
	}
	assert_int_equal(seq, 202); /* 200, the account, the export */
}

/* ---- The tip in the server's log ---- */

static void the_tip_is_logged(void **state)
{
	struct stage *stage = *state;
	FILE *log = tmpfile();
	int saved = dup(STDERR_FILENO);
	char line[512] = "";
	struct audit_row tip;

	append_some(stage);
	assert_int_equal(audit_tip(stage->app.db, &stage->home.arena, &tip), ERR_OK);
	dup2(fileno(log), STDERR_FILENO);
	audit_log_tip(&stage->app);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(log);
	assert_non_null(fgets(line, sizeof(line), log));
	fclose(log);
	says(line, "audit tip");
	says(line, "\"5\"");
	says(line, tip.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(an_untouched_log_holds),
		STAGE_TEST(whatever_is_changed_is_found),
		STAGE_TEST(a_tail_that_is_cut_off_shows_in_the_tip),
		STAGE_TEST(another_master_key_does_not_make_the_same_chain),
		STAGE_TEST(a_person_is_forgotten_and_the_chain_holds),
		STAGE_TEST(times_never_step_back),
		STAGE_TEST(many_writers_make_one_chain),
		STAGE_TEST(names_in_any_script_are_kept_as_they_were_given),
		STAGE_TEST(details_that_are_too_long_are_left_out),
		STAGE_TEST(every_filter_can_go_with_every_other),
		STAGE_TEST(the_list_goes_on_where_it_ended),
		STAGE_TEST(an_export_is_the_whole_log_and_is_in_it),
		STAGE_TEST(the_tip_is_logged),
	};

	return RUN_TESTS(tests);
}
