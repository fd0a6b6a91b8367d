/*
 * A target, decoded and routed. What was found must make the path again when the values are put
 * into the route's pattern; what was decoded holds no NUL and is UTF-8.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "http/parse.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err handle(struct request *request, const void *in, void *out)
{
	(void)request;
	(void)in;
	(void)out;
	return ERR_OK;
}

#define ROW(verb, text)                                                                            \
	{ .method = (verb), .path = (text), .access = ACCESS_PUBLIC, .handle = handle }

static const struct route routes[] = {
	ROW("GET", "/"),          ROW("GET", "/a/{id}"),
	ROW("GET", "/a/b"),       ROW("GET", "/a/{id}/{x}/c"),
	ROW("GET", "/a/b/{x}/d"), ROW("GET", "/{rest...}"),
	ROW("POST", "/a/{id}/b"), { 0 },
};

static struct router *make_router(void)
{
	static const struct route *const tables[] = { routes, NULL };
	struct router *router;
	const char *reason;

	if (router_create(tables, &router, &reason) != ERR_OK)
		abort();
	return router;
}

static void check_pattern(const struct match *match, const char *path)
{
	const struct text_pair *value = match->values;
	struct buf made;

	buf_init(&made, PATH_BYTES_MAX);
	for (const char *at = match->endpoint->route->path; *at != '\0'; at++) {
		if (*at != '{') {
			buf_append_char(&made, *at);
			continue;
		}
		buf_append_text(&made, value->value);
		value++;
		at = strchr(at, '}');
	}
	if (value->name != NULL || strcmp(made.data, path) != 0)
		abort();
	buf_finish(&made);
}

static void check_text(const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct router *router;
	const struct text_pair *query;
	const char *path;
	struct arena arena;
	struct match match;

	if (router == NULL)
		router = make_router();
	arena_init(&arena);
	if (target_parse(arena_strndup(&arena, (const char *)data, size), &arena, &path, &query)) {
		check_text(path);
		for (; query->name != NULL; query++) {
			check_text(query->name);
			check_text(query->value);
		}
		if (router_match(router, "GET", path, &arena, &match) == ERR_OK)
			check_pattern(&match, path);
	}
	arena_finish(&arena);
	return 0;
}
