#include "http/router.h"

#include "test.h"

#include <string.h>

static enum err handle(struct request *request, const void *in, void *out)
{
	(void)request;
	(void)in;
	(void)out;
	return ERR_OK;
}

#define ROW(verb, text) { .method = (verb), .path = (text), .access = "public", .handle = handle }

static const struct route routes[] = {
	ROW("GET", "/"),
	ROW("GET", "/a"),
	ROW("POST", "/a"),
	ROW("GET", "/a/"),
	ROW("GET", "/a/b/c"),
	ROW("GET", "/a/{x}/d"),
	ROW("DELETE", "/a/{y}"),
	ROW("GET", "/a/{x}/{y}/{z}"),
	ROW("GET", "/files/{path...}"),
	ROW("GET", "/files/fixed"),
	{ 0 },
};

static struct router *make(const struct route *table)
{
	const struct route *const tables[] = { table, NULL };
	struct router *router;
	const char *reason = "";

	assert_int_equal(router_create(tables, &router, &reason), ERR_OK);
	return router;
}

/* "/a/{x}/d x=1", or the error's code. */
static void check(const struct router *router, const char *method, const char *path,
		  const char *expected)
{
	struct arena arena;
	struct match match;
	const char *found;
	enum err err;

	arena_init(&arena);
	err = router_match(router, method, path, &arena, &match);
	found = err == ERR_OK ? match.endpoint->route->path : err_code(err);
	for (const struct text_pair *pair = match.values; pair != NULL && pair->name != NULL;
	     pair++)
		found = arena_printf(&arena, "%s %s=%s", found, pair->name, pair->value);
	assert_string_equal(found, expected);
	arena_finish(&arena);
}

static void paths_find_the_most_exact_route(void **state)
{
	struct router *router = make(routes);

	(void)state;
	check(router, "GET", "/", "/");
	check(router, "GET", "/a", "/a");
	check(router, "POST", "/a", "/a");
	check(router, "HEAD", "/a", "/a");
	check(router, "GET", "/a/", "/a/");
	check(router, "DELETE", "/a/b", "/a/{y} y=b");
	check(router, "GET", "/a/b/c", "/a/b/c");
	check(router, "GET", "/a/b/d", "/a/{x}/d x=b"); /* back from the dead end behind /a/b */
	check(router, "GET", "/a/b/c/e", "/a/{x}/{y}/{z} x=b y=c z=e");
	check(router, "GET", "/files/", "/files/{path...} path=");
	check(router, "GET", "/files/x/y/", "/files/{path...} path=x/y/");
	check(router, "GET", "/files/fixed", "/files/fixed");
	check(router, "GET", "/files/fixed/x", "/files/{path...} path=fixed/x");
	router_destroy(router);
}

static void other_paths_and_methods_find_nothing(void **state)
{
	struct router *router = make(routes);

	(void)state;
	check(router, "GET", "", "not_found");
	check(router, "GET", "a", "not_found");
	check(router, "GET", "/b", "not_found");
	check(router, "GET", "/A", "not_found");
	check(router, "GET", "/a/b/c/", "not_found");
	check(router, "GET", "//", "not_found");
	check(router, "GET", "/files", "not_found");
	check(router, "DELETE", "/a/", "method_not_allowed"); /* {y} is never empty */
	check(router, "GET", "/a/b", "method_not_allowed");
	check(router, "PUT", "/a", "method_not_allowed");
	check(router, "PUT", "/files/fixed", "method_not_allowed");
	check(router, "PUT", "/files/other", "not_found");
	router_destroy(router);
}

static void allow_lists_the_methods(void **state)
{
	struct router *router = make(routes);
	struct arena arena;
	struct match match;

	(void)state;
	arena_init(&arena);
	assert_int_equal(router_match(router, "PUT", "/a", &arena, &match), ERR_METHOD);
	assert_string_equal(match.allow, "GET, HEAD, POST, OPTIONS");
	assert_int_equal(router_match(router, "OPTIONS", "/files/x", &arena, &match), ERR_METHOD);
	assert_string_equal(match.allow, "GET, HEAD, OPTIONS");
	arena_finish(&arena);
	router_destroy(router);
}

struct record {
	const char *id;
};
static const struct field id_fields[] = {
	FIELD(struct record, id, .from = FROM_PATH, .doc = "Its id."),
	{ 0 },
};
static const struct schema id_schema = SCHEMA(struct record, id_fields, .name = "Id");

static const struct field token_fields[] = {
	FIELD(struct record, id, .credential = true, .doc = "d"),
	{ 0 },
};
static const struct schema token_schema = SCHEMA(struct record, token_fields, .name = "Token");

struct session {
	struct record token;
};

static const struct field session_fields[] = {
	FIELD(struct session, token, .schema = &token_schema, .doc = "d"),
	{ 0 },
};
static const struct schema session_schema =
	SCHEMA(struct session, session_fields, .name = "Session");

static void a_wrong_table_is_refused(void **state)
{
	const struct route tables[][3] = {
		{ { .method = "GET", .path = "/x", .handle = handle } }, /* no access */
		{ { .method = "GET", .path = "/x", .access = "", .handle = handle } },
		{ { .method = "GET", .path = "/x", .access = "public" } },
		{ { .method = "GET", .access = "public", .handle = handle } },
		{ ROW("G T", "/x") },
		{ ROW("GET", "x") },
		{ ROW("GET", "") },
		{ ROW("GET", "/{a...}/b") },
		{ ROW("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}") },
		{ ROW("GET", "/x"), ROW("GET", "/x") },
		{ ROW("GET", "/{x}"), ROW("GET", "/{y}") },
		{ { .method = "GET",
		    .path = "/x",
		    .access = "public",
		    .handle = handle,
		    .in = &id_schema } },
		{ { .method = "POST",
		    .path = "/x",
		    .access = "public",
		    .handle = handle,
		    .body = BODY_STREAM } },
		{ { .method = "POST",
		    .path = "/x",
		    .access = "public",
		    .handle = handle,
		    .body = BODY_STREAM,
		    .body_max = 1,
		    .on_loop = true } },
		{ { .method = "POST",
		    .path = "/x",
		    .access = "public",
		    .handle = handle,
		    .body_max = 1 } },
		{ { .method = "GET", /* a credential that might be compressed */
		    .path = "/x",
		    .access = "public",
		    .handle = handle,
		    .out = &session_schema } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct route *const list[] = { tables[i], NULL };
		struct router *router = NULL;
		const char *reason = NULL;

		assert_int_equal(router_create(list, &router, &reason), ERR_INVALID);
		assert_memory_equal(reason, "route ", 6);
		assert_null(router);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_find_the_most_exact_route),
		cmocka_unit_test(other_paths_and_methods_find_nothing),
		cmocka_unit_test(allow_lists_the_methods),
		cmocka_unit_test(a_wrong_table_is_refused),
	};

	return RUN_TESTS(tests);
}
