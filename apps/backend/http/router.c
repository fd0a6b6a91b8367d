#include "http/router.h"

#include "base/memory.h"
#include "http/characters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	const char *segment; /* of the literal that leads here */
	size_t length;
	struct node *children; /* literals */
	struct node *sibling;
	struct node *any;  /* {name} */
	struct node *rest; /* {name...} */
	bool is_rest;
	struct endpoint *endpoints;
	const char *allow;
};

struct router {
	struct arena arena; /* everything below lives here */
	struct node root;
};

/* The segments of a path that stand where the route has names. */
struct captures {
	const char *text[PATH_NAMES_MAX];
	size_t length[PATH_NAMES_MAX];
	size_t count;
};

static char reason[512];

/* Remembers why a row is refused. */
static enum err refuse(const struct route *route, const char *why)
{
	snprintf(reason, sizeof(reason), "route %s %s: %s",
		 route->method != NULL ? route->method : "?",
		 route->path != NULL ? route->path : "?", why);
	return ERR_INVALID;
}

static struct node *find_literal(const struct node *node, const char *segment, size_t length)
{
	for (struct node *child = node->children; child != NULL; child = child->sibling)
		if (child->length == length && memcmp(child->segment, segment, length) == 0)
			return child;
	return NULL;
}

static struct node *add_literal(struct router *router, struct node *node, const char *segment,
				size_t length)
{
	struct node *child = find_literal(node, segment, length);

	if (child != NULL)
		return child;
	child = ARENA_NEW(&router->arena, struct node);
	child->segment = segment;
	child->length = length;
	child->sibling = node->children;
	node->children = child;
	return child;
}

static struct node *add_name(struct router *router, struct node **place, struct endpoint *endpoint,
			     const char *name, size_t length)
{
	endpoint->names[endpoint->name_count++] = arena_strndup(&router->arena, name, length);
	if (*place == NULL)
		*place = ARENA_NEW(&router->arena, struct node);
	return *place;
}

static struct node *add_rest(struct router *router, struct node *node, struct endpoint *endpoint,
			     const char *segment, size_t length)
{
	struct node *rest = add_name(router, &node->rest, endpoint, segment + 1, length - 5);

	rest->is_rest = true;
	return rest;
}

/* Adds the nodes of a path; NULL where it is not well made. */
static struct node *add_path(struct router *router, struct endpoint *endpoint)
{
	const char *at = endpoint->route->path;
	struct node *node = &router->root;

	while (*at == '/') {
		const char *segment = at + 1;
		size_t length = strcspn(segment, "/");
		bool named = length > 2 && segment[0] == '{' && segment[length - 1] == '}';

		at = segment + length;
		if (named && endpoint->name_count == PATH_NAMES_MAX)
			return NULL;
		if (!named)
			node = add_literal(router, node, segment, length);
		else if (length < 6 || memcmp(segment + length - 4, "...", 3) != 0)
			node = add_name(router, &node->any, endpoint, segment + 1, length - 2);
		else
			return *at == '\0' ? add_rest(router, node, endpoint, segment, length)
					   : NULL;
	}
	return node == &router->root ? NULL : node;
}

static struct endpoint *find_method(struct endpoint *endpoint, const char *method)
{
	while (endpoint != NULL && strcmp(endpoint->route->method, method) != 0)
		endpoint = endpoint->next;
	return endpoint;
}

static bool has_name(const struct endpoint *endpoint, const char *name)
{
	for (size_t i = 0; i < endpoint->name_count; i++)
		if (strcmp(endpoint->names[i], name) == 0)
			return true;
	return false;
}

static enum err check_schemas(struct router *router, struct endpoint *endpoint)
{
	const struct route *route = endpoint->route;
	const char *why = NULL;

	if (route->in != NULL)
		why = schema_check_input(route->in, &router->arena);
	if (why == NULL && route->out != NULL)
		why = schema_check(route->out, &router->arena);
	if (why != NULL)
		return refuse(route, why);
	if (route->in == NULL)
		return ERR_OK;
	for (const struct field *field = route->in->fields; field->wire != WIRE_NONE; field++) {
		if (field->from == FROM_PATH && !has_name(endpoint, field->name))
			return refuse(route, "a field comes from the path, which does not name it");
		endpoint->takes_body |= field->from == FROM_BODY && !field->stored;
	}
	return ERR_OK;
}

static bool holds_credential(const struct schema *schema)
{
	for (const struct field *field = schema->fields; field->name != NULL; field++)
		if (field->credential || (field->schema != NULL && holds_credential(field->schema)))
			return true;
	return false;
}

static size_t body_max(const struct endpoint *endpoint)
{
	size_t need;

	if (endpoint->route->body == BODY_STREAM)
		return endpoint->route->body_max;
	if (!endpoint->takes_body)
		return EMPTY_BODY_MAX;
	need = schema_json_max(endpoint->route->in, JSON_BODY_MAX);
	return need > SMALL_BODY_MAX ? need : SMALL_BODY_MAX;
}

static const char *find_fault(const struct route *route)
{
	if (route->method == NULL || route->path == NULL || route->handle == NULL)
		return "method, path and handle are needed";
	if (route->access == NULL || *route->access == '\0')
		return "it does not say who may call it (access)";
	if (route->body == BODY_STREAM && (route->body_max == 0 || route->on_loop))
		return "a streamed body needs a maximum and a worker";
	if (route->body == BODY_JSON && route->body_max != 0)
		return "only a streamed body has a maximum";
	for (const char *at = route->method; *at != '\0'; at++)
		if (!is_class(*at, CHAR_TOKEN))
			return "the method is not a token";
	return NULL;
}

static enum err add_route(struct router *router, const struct route *route)
{
	struct endpoint *endpoint = ARENA_NEW(&router->arena, struct endpoint);
	const char *fault = find_fault(route);
	struct node *node;
	enum err err;

	if (fault != NULL)
		return refuse(route, fault);
	endpoint->route = route;
	node = add_path(router, endpoint);
	if (node == NULL)
		return refuse(route, "the path is not well made");
	if (find_method(node->endpoints, route->method) != NULL)
		return refuse(route, "another row has the same method and path");
	endpoint->next = node->endpoints;
	node->endpoints = endpoint;
	err = check_schemas(router, endpoint);
	if (err == ERR_OK)
		endpoint->body_max = body_max(endpoint);
	if (err == ERR_OK && route->out != NULL && route->uncompressed == NULL &&
	    holds_credential(route->out))
		return refuse(route, "it sends a credential and does not say so (uncompressed)");
	return err;
}

/* "GET, HEAD, POST, OPTIONS" */
static const char *list_methods(struct router *router, struct endpoint *endpoints)
{
	const char *list = "OPTIONS";

	for (; endpoints != NULL; endpoints = endpoints->next) {
		const char *method = endpoints->route->method;
		const char *head = strcmp(method, "GET") == 0 ? "HEAD, " : "";

		if (strcmp(method, "OPTIONS") != 0)
			list = arena_printf(&router->arena, "%s, %s%s", method, head, list);
	}
	return list;
}

static void complete(struct router *router, struct node *node)
{
	if (node == NULL)
		return;
	if (node->endpoints != NULL)
		node->allow = list_methods(router, node->endpoints);
	for (struct node *child = node->children; child != NULL; child = child->sibling)
		complete(router, child);
	complete(router, node->any);
	complete(router, node->rest);
}

enum err router_create(const struct route *const *tables, struct router **ret_router,
		       const char **ret_reason)
{
	struct router *router = MEMORY_NEW(struct router);
	enum err err = ERR_OK;

	arena_init(&router->arena);
	for (; *tables != NULL && err == ERR_OK; tables++)
		for (const struct route *route = *tables; route->method != NULL && err == ERR_OK;
		     route++)
			err = add_route(router, route);
	if (err != ERR_OK) {
		*ret_reason = reason;
		router_destroy(router);
		return err;
	}
	complete(router, &router->root);
	*ret_router = router;
	return ERR_OK;
}

void router_destroy(struct router *router)
{
	if (router == NULL)
		return;
	arena_finish(&router->arena);
	free(router);
}

static void capture(struct captures *captures, const char *text, size_t length)
{
	captures->text[captures->count] = text;
	captures->length[captures->count] = length;
	captures->count++;
}

/* Goes as deep as the deepest route; a name that leads nowhere is let go again. */
static const struct node *find(const struct node *node, const char *path, struct captures *captures)
{
	const struct node *found = NULL, *literal;
	const char *segment = path + 1;
	size_t count = captures->count, length;

	if (*path == '\0')
		return node->endpoints != NULL ? node : NULL;
	length = strcspn(segment, "/");
	literal = find_literal(node, segment, length);
	if (literal != NULL)
		found = find(literal, segment + length, captures);
	if (found == NULL && node->any != NULL && length > 0) {
		captures->count = count;
		capture(captures, segment, length);
		found = find(node->any, segment + length, captures);
	}
	if (found == NULL && node->rest != NULL) {
		captures->count = count;
		capture(captures, segment, strlen(segment));
		found = node->rest;
	}
	return found;
}

static const struct text_pair *name_captures(const struct captures *captures,
					     const struct endpoint *endpoint, struct arena *arena)
{
	struct text_pair *pairs = ARENA_ARRAY(arena, captures->count + 1, struct text_pair);

	for (size_t i = 0; i < captures->count; i++) {
		pairs[i].name = endpoint->names[i];
		pairs[i].value = arena_strndup(arena, captures->text[i], captures->length[i]);
	}
	return pairs;
}

enum err router_match(const struct router *router, const char *method, const char *path,
		      struct arena *arena, struct match *ret_match)
{
	struct captures captures = { .count = 0 };
	const struct node *node = *path == '/' ? find(&router->root, path, &captures) : NULL;
	struct endpoint *endpoint;

	*ret_match = (struct match){ 0 };
	if (node == NULL)
		return ERR_NOT_FOUND;
	endpoint = find_method(node->endpoints, method);
	if (endpoint == NULL && strcmp(method, "HEAD") == 0)
		endpoint = find_method(node->endpoints, "GET");
	if (endpoint == NULL && node->is_rest && strcmp(method, "OPTIONS") != 0)
		return ERR_NOT_FOUND;
	ret_match->allow = node->allow;
	if (endpoint == NULL)
		return ERR_METHOD;
	ret_match->endpoint = endpoint;
	ret_match->values = name_captures(&captures, endpoint, arena);
	return ERR_OK;
}
