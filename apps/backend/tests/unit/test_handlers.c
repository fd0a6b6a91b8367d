/*
 * The handlers of conversations, messages, models, guides and the service, called by their routes.
 */
#include "base/loop.h"
#include "base/pool.h"
#include "chat/generation.h"
#include "config.h"
#include "providers/registry.h"
#include "service/readiness.h"
#include "websockets/topics.h"

#include "support.h"
#include "support_call.h"

#include <stdlib.h>

struct stage {
	struct home home;
	struct loop loop;
	struct topics topics;
	struct app app;
	struct principal ada, eve;
	struct buf heard; /* "conversation; conversation_deleted; " of ada's list */
	struct subscriber listener;
};

#define CONVERSATIONS "/api/v1/conversations"
#define CONVERSATION "/api/v1/conversations/{id}"
#define MESSAGES "/api/v1/conversations/{id}/messages"

static void hear(struct subscriber *subscriber, struct event *event)
{
	struct stage *stage = CONTAINER_OF(subscriber, struct stage, listener);

	buf_printf(&stage->heard, "%s; ", event->type);
}

static void create_models(struct stage *stage)
{
	static const struct model models[] = {
		{ .id = "guide", .name = "Guide", .context_window = 1000 },
		{ .id = "other", .name = "Other" }
	};
	struct registry_options options = { .loop = &stage->loop, .workers = stage->app.workers };
	struct list *first;

	stage->app.models = registry_create(&options);
	first = stage->app.models->providers.next;
	provider_models_set(CONTAINER_OF(first, struct provider, node), models, 2);
}

static void create_services(struct stage *stage)
{
	static const struct config config = { .access_log = false };
	struct app *app = &stage->app;
	struct node node;

	app->config = &config;
	app->loop = &stage->loop;
	app->db = stage->home.db;
	app->keyring = stage->home.keyring;
	app->topics = &stage->topics;
	app->workers = pool_create("test", 1);
	topics_init(&stage->topics);
	create_models(stage);
	assert_int_equal(node_start(app->db, &stage->home.arena, &node), ERR_OK);
	app->generations = generations_create(app, &node);
}

static int set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	char topic[TOPIC_SIZE];

	home_make(&stage->home);
	loop_init(&stage->loop);
	stage->home.options.loop = &stage->loop;
	home_open(&stage->home);
	create_services(stage);
	stage->ada = home_account(&stage->home, "ada");
	stage->eve = home_account(&stage->home, "eve");
	buf_init(&stage->heard, 10000);
	stage->listener.deliver = hear;
	list_init(&stage->listener.node);
	snprintf(topic, sizeof(topic), "conversations:%s", stage->ada.user_id);
	topic_join(&stage->topics, topic, &stage->listener);
	*state = stage;
	return 0;
}

static void on_ended(void *context)
{
	*(bool *)context = true;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;
	bool ended = false;

	uv_run(&stage->loop.uv, UV_RUN_NOWAIT); /* what was posted begins, and ends */
	generations_start(stage->app.generations);
	generations_drain(stage->app.generations, 0);
	generations_await(stage->app.generations, on_ended, &ended);
	while (!ended)
		uv_run(&stage->loop.uv, UV_RUN_ONCE);
	pool_destroy(stage->app.workers);
	uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
	topic_leave(&stage->topics, &stage->listener);
	generations_destroy(stage->app.generations);
	registry_destroy(stage->app.models);
	topics_finish(&stage->topics);
	loop_finish(&stage->loop);
	buf_finish(&stage->heard);
	home_remove(&stage->home);
	free(stage);
	return 0;
}

static void has_heard(struct stage *stage, const char *events)
{
	uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
	assert_string_equal(stage->heard.length ? stage->heard.data : "", events);
	buf_clear(&stage->heard);
}

/* Runs one call as `who` and keeps nothing but its outcome. */
static enum err calling(struct stage *stage, const struct principal *who, const char *method,
			const char *path, const char *id, const char *body)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, method, path, id, body);
	call_end(&call);
	return err;
}

static const char *add_conversation(struct stage *stage, const char *body)
{
	struct call call;
	const char *id;

	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "POST", CONVERSATIONS, NULL, body), ERR_OK);
	id = arena_strdup(&stage->home.arena, call_text(&call, "id"));
	call_end(&call);
	return id;
}

static const char *add_message(struct stage *stage, const char *conversation_id,
			       const char *parent_id, const char *content)
{
	char *id = arena_alloc(&stage->home.arena, ID_SIZE);
	struct message message = { .id = id,
				   .conversation_id = conversation_id,
				   .owner_id = stage->ada.user_id,
				   .parent_id = parent_id,
				   .content = content,
				   .created_at = { 1 } };

	id_make(id);
	assert_int_equal(message_insert(stage->app.db, &message), ERR_OK);
	return id;
}

/* ---- Conversations ---- */

static void a_conversation_is_made_read_and_changed(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}");
	struct call call;

	has_heard(stage, "conversation; ");
	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "PATCH", CONVERSATION, id,
				  "{\"title\":\"New\",\"model_id\":\"webplus/other\"}"),
			 ERR_OK);
	assert_string_equal(call_text(&call, "title"), "New");
	call_end(&call);
	has_heard(stage, "conversation; ");
	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "GET", CONVERSATION, id, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "title"), "New");
	assert_string_equal(call_text(&call, "model_id"), "webplus/other");
	assert_string_equal(call_text(&call, "active_message_id"), "");
	assert_null(json_object_get(call.reply, "owner_id"));
	call_end(&call);
}

static void a_patch_of_nothing_changes_nothing(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{\"title\":\"Same\"}");
	struct call call;

	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "PATCH", CONVERSATION, id, "{}"), ERR_OK);
	assert_string_equal(call_text(&call, "title"), "Same");
	call_end(&call);
}

static void what_a_conversation_may_not_be_is_refused(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}"), *other = add_conversation(stage, "{}");
	const char *foreign = add_message(stage, other, NULL, "x");
	const char *body =
		arena_printf(&stage->home.arena, "{\"active_message_id\":\"%s\"}", foreign);

	assert_int_equal(calling(stage, &stage->ada, "POST", CONVERSATIONS, NULL,
				 "{\"model_id\":\"no/such\"}"),
			 ERR_INVALID);
	assert_int_equal(
		calling(stage, &stage->ada, "POST", CONVERSATIONS, NULL, "{\"title\":\"a\\nb\"}"),
		ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "PATCH", CONVERSATION, id,
				 "{\"model_id\":\"no/such\"}"),
			 ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "PATCH", CONVERSATION, id, "{\"title\":\"\"}"),
			 ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "PATCH", CONVERSATION, id, "{\"title\":null}"),
			 ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "PATCH", CONVERSATION, id, body), ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "GET", CONVERSATION, "nonsense", NULL),
			 ERR_NOT_FOUND);
}

static void another_ones_conversation_is_not_there(void **state)
{
	static const struct {
		const char *method, *path, *body;
	} calls[] = {
		{ "GET", CONVERSATION, NULL },    { "PATCH", CONVERSATION, "{\"title\":\"x\"}" },
		{ "DELETE", CONVERSATION, NULL }, { "POST", CONVERSATION "/restore", NULL },
		{ "GET", MESSAGES, NULL },        { "POST", MESSAGES, "{\"content\":\"x\"}" },
	};
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{\"title\":\"mine\"}");

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(calling(stage, &stage->eve, calls[i].method, calls[i].path, id,
					 calls[i].body),
				 ERR_NOT_FOUND);
	assert_int_equal(calling(stage, &stage->ada, "GET", CONVERSATION, id, NULL), ERR_OK);
}

static void a_deletion_can_be_undone(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{\"title\":\"kept\"}");
	struct call call;

	has_heard(stage, "conversation; ");
	assert_int_equal(calling(stage, &stage->ada, "DELETE", CONVERSATION, id, NULL), ERR_OK);
	has_heard(stage, "conversation_deleted; ");
	assert_int_equal(calling(stage, &stage->ada, "GET", CONVERSATION, id, NULL), ERR_NOT_FOUND);
	assert_int_equal(calling(stage, &stage->ada, "DELETE", CONVERSATION, id, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(
		calling(stage, &stage->ada, "PATCH", CONVERSATION, id, "{\"title\":\"x\"}"),
		ERR_NOT_FOUND);
	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "POST", CONVERSATION "/restore", id, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "title"), "kept");
	call_end(&call);
	has_heard(stage, "conversation; ");
	assert_int_equal(calling(stage, &stage->ada, "GET", CONVERSATION, id, NULL), ERR_OK);
}

/* ---- Lists ---- */

/* The texts of one field of a page's items; *ret_cursor is "" on the last page. */
static const char *page_of(struct stage *stage, const char *path, const char *id,
			   const struct text_pair *query, const char *field, const char **cursor)
{
	const char *text = "";
	struct call call;
	json_t *item;
	size_t i;

	call_begin(&call, &stage->app, &stage->ada);
	for (; query->name; query++)
		call_query(&call, query->name, query->value);
	if (**cursor)
		call_query(&call, "cursor", *cursor);
	assert_int_equal(call_run(&call, "GET", path, id, NULL), ERR_OK);
	json_array_foreach(json_object_get(call.reply, "items"), i, item) text = arena_printf(
		&stage->home.arena, "%s%s", text, json_string_value(json_object_get(item, field)));
	*cursor = arena_strdup(&stage->home.arena, call_text(&call, "next_cursor"));
	call_end(&call);
	return text;
}

/* All pages, "ab|cd|e". */
static const char *pages_of(struct stage *stage, const char *path, const char *id,
			    const struct text_pair *query, const char *field)
{
	const char *cursor = "", *text = page_of(stage, path, id, query, field, &cursor);

	while (*cursor) {
		const char *page = page_of(stage, path, id, query, field, &cursor);

		text = arena_printf(&stage->home.arena, "%s|%s", text, page);
	}
	return text;
}

static void conversations_come_in_pages(void **state)
{
	const struct text_pair by_two[] = { { "limit", "2" }, { NULL, NULL } },
			       all[] = { { NULL, NULL } };
	struct stage *stage = *state;

	for (const char *title = "abcde"; *title; title++)
		add_conversation(stage,
				 arena_printf(&stage->home.arena, "{\"title\":\"%c\"}", *title));
	assert_string_equal(pages_of(stage, CONVERSATIONS, NULL, by_two, "title"), "ed|cb|a");
	assert_string_equal(pages_of(stage, CONVERSATIONS, NULL, all, "title"), "edcba");
}

static void a_cursor_that_no_page_gave_is_refused(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}");
	struct call call;

	call_begin(&call, &stage->app, &stage->ada);
	call_query(&call, "cursor", "bm9uc2Vuc2U");
	assert_int_equal(call_run(&call, "GET", CONVERSATIONS, NULL, NULL), ERR_INVALID);
	assert_string_equal(call.errors.list[0].field, "cursor");
	call_end(&call);
	call_begin(&call, &stage->app, &stage->ada);
	call_query(&call, "cursor", "nonsense");
	assert_int_equal(call_run(&call, "GET", MESSAGES, id, NULL), ERR_INVALID);
	call_end(&call);
}

static void messages_come_in_pages_either_way(void **state)
{
	const struct text_pair up[] = { { "limit", "2" }, { NULL, NULL } };
	const struct text_pair down[] = { { "limit", "2" }, { "order", "desc" }, { NULL, NULL } };
	const struct text_pair tree[] = { { "limit", "4" }, { "tree", "true" }, { NULL, NULL } };
	const struct text_pair both[] = { { "order", "desc" }, { "tree", "true" } };
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}"), *parent = NULL, *root = NULL;
	struct call call;

	assert_string_equal(pages_of(stage, MESSAGES, id, up, "content"), "");
	for (const char *content = "abcde"; *content; content++) {
		parent = add_message(stage, id, parent, (char[]){ *content, '\0' });
		root = root ? root : parent;
	}
	add_message(stage, id, root, "S");
	assert_int_equal(
		calling(stage, &stage->ada, "PATCH", CONVERSATION, id,
			arena_printf(&stage->home.arena, "{\"active_message_id\":\"%s\"}", parent)),
		ERR_OK);
	assert_string_equal(pages_of(stage, MESSAGES, id, up, "content"), "ab|cd|e");
	assert_string_equal(pages_of(stage, MESSAGES, id, down, "content"), "ed|cb|a");
	assert_string_equal(pages_of(stage, MESSAGES, id, tree, "content"), "abcd|eS");
	call_begin(&call, &stage->app, &stage->ada);
	call_query(&call, both[0].name, both[0].value);
	call_query(&call, both[1].name, both[1].value);
	assert_int_equal(call_run(&call, "GET", MESSAGES, id, NULL), ERR_INVALID);
	call_end(&call);
}

static void models_come_in_pages(void **state)
{
	const struct text_pair by_one[] = { { "limit", "1" }, { NULL, NULL } };
	struct stage *stage = *state;
	struct call call;

	assert_string_equal(pages_of(stage, "/api/v1/models", NULL, by_one, "id"),
			    "webplus/guide|webplus/other");
	call_begin(&call, &stage->app, &stage->ada);
	call_query(&call, "cursor", "no/such");
	assert_int_equal(call_run(&call, "GET", "/api/v1/models", NULL, NULL), ERR_INVALID);
	call_end(&call);
}

/* ---- Messages ---- */

static void a_message_is_sent_once_under_its_key(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}"), *first = NULL;

	for (int i = 0; i < 2; i++) {
		struct call call;

		call_begin(&call, &stage->app, &stage->ada);
		call_header(&call, "idempotency-key", "k");
		assert_int_equal(call_run(&call, "POST", MESSAGES, id, "{\"content\":\"Hi\"}"),
				 ERR_OK);
		assert_string_equal(call_text(&call, "assistant_message.status"), "streaming");
		assert_string_equal(call_text(&call, "user_message.content"), "Hi");
		if (first)
			assert_string_equal(call_text(&call, "user_message.id"), first);
		assert_true((call_reply_header(&call, "Idempotency-Replayed") != NULL) == (i == 1));
		first = arena_strdup(&stage->home.arena, call_text(&call, "user_message.id"));
		call_end(&call);
	}
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 2);
}

static void what_cannot_be_sent_is_refused(void **state)
{
	struct stage *stage = *state;
	const char *id = add_conversation(stage, "{}");

	assert_int_equal(
		calling(stage, &stage->ada, "POST", MESSAGES, id, "{\"content\":\" \\n\\t\"}"),
		ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "POST", MESSAGES, id, "{\"content\":\"\"}"),
			 ERR_INVALID);
	assert_int_equal(calling(stage, &stage->ada, "POST", MESSAGES, id,
				 "{\"content\":\"x\",\"model_id\":\"no/such\"}"),
			 ERR_INVALID);
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 0);
}

static void an_ended_message_is_read_and_stopped_as_it_is(void **state)
{
	struct stage *stage = *state;
	const char *id = add_message(stage, add_conversation(stage, "{}"), NULL, "over");
	struct call call;

	call_begin(&call, &stage->app, &stage->ada);
	assert_int_equal(call_run(&call, "GET", "/api/v1/messages/{id}", id, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "content"), "over");
	assert_true(json_is_null(json_object_get(call.reply, "error")));
	call_end(&call);
	assert_int_equal(
		calling(stage, &stage->ada, "POST", "/api/v1/messages/{id}/stop", id, NULL),
		ERR_OK);
	assert_int_equal(
		calling(stage, &stage->ada, "POST", "/api/v1/messages/{id}/continue", id, NULL),
		ERR_CONFLICT);
	assert_int_equal(calling(stage, &stage->eve, "GET", "/api/v1/messages/{id}", id, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(
		calling(stage, &stage->eve, "POST", "/api/v1/messages/{id}/stop", id, NULL),
		ERR_NOT_FOUND);
	assert_int_equal(
		calling(stage, &stage->eve, "GET", "/api/v1/messages/{id}/events", id, NULL),
		ERR_NOT_FOUND);
}

/* ---- Guides and the service ---- */

static void guides_are_listed_and_read(void **state)
{
	struct stage *stage = *state;
	struct call call;

	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "GET", "/api/v1/help", NULL, NULL), ERR_OK);
	assert_true(json_array_size(json_object_get(call.reply, "items")) >= 3);
	call_end(&call);
	call_begin(&call, &stage->app, NULL);
	call.path[0] = (struct text_pair){ "name", "user-guide" };
	assert_int_equal(call_run(&call, "GET", "/api/v1/help/{name}", NULL, NULL), ERR_OK);
	assert_true(strlen(call_text(&call, "title")) > 0);
	assert_non_null(strstr(call_text(&call, "content"), call_text(&call, "title")));
	call_end(&call);
	call_begin(&call, &stage->app, NULL);
	call.path[0] = (struct text_pair){ "name", "../master.key" };
	assert_int_equal(call_run(&call, "GET", "/api/v1/help/{name}", NULL, NULL), ERR_NOT_FOUND);
	call_end(&call);
}

static void the_service_says_how_it_is(void **state)
{
	struct stage *stage = *state;
	struct call call;

	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "GET", "/api/v1/health", NULL, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "status"), "ok");
	call_end(&call);
}

struct asker {
	struct readiness_asker asker;
	int told;
	enum err err;
};

static void told(struct readiness_asker *readiness_asker, enum err err)
{
	struct asker *asker = CONTAINER_OF(readiness_asker, struct asker, asker);

	asker->told++;
	asker->err = err;
}

static enum err ask_whether_ready(struct stage *stage, struct readiness *readiness)
{
	struct asker asker = { .asker.told = told };

	list_init(&asker.asker.node);
	readiness_ask(readiness, &asker.asker);
	while (!asker.told)
		uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
	return asker.err;
}

static void readiness_is_one_look_a_second(void **state)
{
	struct stage *stage = *state;
	struct readiness *readiness = readiness_create(&stage->app);
	uint64_t before = db_counts(stage->app.db).reads;
	struct asker askers[3];

	for (int i = 0; i < 3; i++) {
		askers[i] = (struct asker){ .asker.told = told };
		list_init(&askers[i].asker.node);
		readiness_ask(readiness, &askers[i].asker);
	}
	assert_int_equal(ask_whether_ready(stage, readiness), ERR_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(askers[i].told, 1);
		assert_int_equal(askers[i].err, ERR_OK);
	}
	assert_int_equal(ask_whether_ready(stage, readiness), ERR_OK);
	assert_int_equal(db_counts(stage->app.db).reads, before + 1);
	home_sql(&stage->home, "ALTER TABLE installation RENAME TO gone");
	while (ask_whether_ready(stage, readiness) == ERR_OK)
		;
	readiness_destroy(readiness);
}

static void the_api_describes_itself(void **state)
{
	struct stage *stage = *state;
	json_t *document;
	struct call call;

	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "GET", "/api/v1/openapi.json", NULL, NULL), ERR_OK);
	document = json_loadb(call.request.reply.body.data, call.request.reply.body.length,
			      JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json_object_get(json_object_get(document, "paths"), MESSAGES));
	json_decref(document);
	call_end(&call);
	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "GET", "/api/docs", NULL, NULL), ERR_OK);
	assert_non_null(strstr(call.request.reply.body.data, MESSAGES));
	call_end(&call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_conversation_is_made_read_and_changed),
		TEST(a_patch_of_nothing_changes_nothing),
		TEST(what_a_conversation_may_not_be_is_refused),
		TEST(another_ones_conversation_is_not_there),
		TEST(a_deletion_can_be_undone),
		TEST(conversations_come_in_pages),
		TEST(a_cursor_that_no_page_gave_is_refused),
		TEST(messages_come_in_pages_either_way),
		TEST(models_come_in_pages),
		TEST(a_message_is_sent_once_under_its_key),
		TEST(what_cannot_be_sent_is_refused),
		TEST(an_ended_message_is_read_and_stopped_as_it_is),
		TEST(guides_are_listed_and_read),
		TEST(the_service_says_how_it_is),
		TEST(readiness_is_one_look_a_second),
		TEST(the_api_describes_itself),
	};

	return RUN_TESTS(tests);
}
