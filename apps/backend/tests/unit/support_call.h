/*
 * Calls the handler of a route as the server does, without its sockets: decodes the input by the
 * route's schema, and encodes what the handler gave. Included by one program each, hence the static
 * functions.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_CALL_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_CALL_H

#include "app.h"
#include "base/clock.h"
#include "http/request.h"
#include "routes.h"

#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CALL_HEADERS_MAX = 8 };

struct call {
	struct request request;
	struct text_pair headers[CALL_HEADERS_MAX + 1], query[CALL_HEADERS_MAX + 1], path[2];
	size_t headers_count, query_count;
	struct field_errors errors;
	json_t *reply; /* what was encoded, or NULL */
};

static inline void call_begin(struct call *call, struct app *app, const struct principal *principal)
{
	memset(call, 0, sizeof(*call));
	arena_init(&call->request.arena);
	call->request.app = app;
	call->request.principal = principal;
	call->request.deadline_ms = clock_monotonic_ms() + 60000;
	call->request.headers = call->headers;
	call->request.query = call->query;
	call->request.path_values = call->path;
	call->request.reply.errors = &call->errors;
	snprintf(call->request.id, sizeof(call->request.id), "request");
	buf_init(&call->request.reply.headers, 16384);
	buf_init(&call->request.reply.body, 1 << 24);
}

static inline void call_end(struct call *call)
{
	json_decref(call->reply);
	buf_finish(&call->request.reply.headers);
	buf_finish(&call->request.reply.body);
	arena_finish(&call->request.arena);
}

static inline void call_header(struct call *call, const char *name, const char *value)
{
	assert_true(call->headers_count < CALL_HEADERS_MAX);
	call->headers[call->headers_count++] = (struct text_pair){ name, value };
}

static inline void call_query(struct call *call, const char *name, const char *value)
{
	assert_true(call->query_count < CALL_HEADERS_MAX);
	call->query[call->query_count++] = (struct text_pair){ name, value };
}

static inline const struct route *call_route(const char *method, const char *path)
{
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *route = *table; route->method; route++)
			if (strcmp(route->method, method) == 0 && strcmp(route->path, path) == 0)
				return route;
	fail_msg("there is no route %s %s", method, path);
	return NULL;
}

static inline const char *call_find_header(void *context, const char *name)
{
	return request_header(context, name);
}

static inline void call_encode(struct call *call)
{
	const struct schema *out = call->request.route->out;
	struct buf text;

	if (!out)
		return;
	buf_init(&text, 1 << 24);
	schema_encode(out, call->request.out, &text);
	call->reply = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(call->reply);
	buf_finish(&text);
}

/* `id` is the path's, or NULL; `body` may be NULL. */
static inline enum err call_run(struct call *call, const char *method, const char *path,
				const char *id, const char *body)
{
	const struct route *route = call_route(method, path);
	struct request *request = &call->request;
	struct input input = { .path = call->path,
			       .query = call->query,
			       .header = call_find_header,
			       .context = request,
			       .body = body,
			       .body_length = body ? strlen(body) : 0 };
	enum err err = ERR_OK;
	void *in = NULL;

	if (id)
		call->path[0] = (struct text_pair){ "id", id };
	request->route = route;
	if (route->in) {
		in = arena_alloc(&request->arena, route->in->size);
		err = schema_decode(route->in, &input, &request->arena, in, &call->errors);
	}
	if (route->out)
		request->out = arena_alloc(&request->arena, route->out->size);
	if (err == ERR_OK)
		err = route->handle(request, in, request->out);
	if (err == ERR_OK)
		call_encode(call);
	return err;
}

/* "user.name" of the reply as text; "" where it is null. */
static inline const char *call_text(const struct call *call, const char *path)
{
	json_t *at = call->reply;
	char name[64];

	while (*path) {
		size_t length = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		at = json_object_get(at, name);
		if (!at)
			fail_msg("the reply has no %s", name);
		path += length + (path[length] == '.');
	}
	return json_is_null(at) ? "" : json_string_value(at);
}

/* The whole of a reply that is made piece by piece, in the arena. */
static inline const char *call_produced(struct call *call, struct arena *arena)
{
	struct producer *producer = call->request.reply.producer;
	bool done = false;
	const char *text;
	struct buf whole;

	assert_non_null(producer);
	buf_init(&whole, 1 << 24);
	while (!done) {
		struct buf piece;

		buf_init(&piece, REPLY_PIECE_MAX);
		assert_int_equal(producer->next(producer, &piece, &done), ERR_OK);
		assert_false(piece.overflow);
		buf_append(&whole, piece.data, piece.length);
		buf_finish(&piece);
	}
	producer->destroy(producer);
	call->request.reply.producer = NULL;
	text = arena_strndup(arena, whole.data, whole.length);
	buf_finish(&whole);
	return text;
}

/* The value of a header of the reply, in the call's arena; NULL when it has none. */
static inline const char *call_reply_header(struct call *call, const char *name)
{
	const char *line = call->request.reply.headers.data;
	size_t length = strlen(name);

	for (; line && *line; line = strstr(line, "\r\n") + 2)
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return arena_strndup(&call->request.arena, line + length + 2,
					     strcspn(line + length + 2, "\r"));
	return NULL;
}

#endif
