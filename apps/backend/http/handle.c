#include "http/handle.h"

#include "http/characters.h"
#include "http/state.h"

#include <string.h>
#include <strings.h>

/* Headers of a row may be written "Idempotency-Key". */
static const char *find_header(void *context, const char *name)
{
	const struct request *request = context;

	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++)
		if (strcasecmp(pair->name, name) == 0)
			return pair->value;
	return NULL;
}

static bool is_json(const char *type)
{
	static const char name[] = "application/json";
	size_t length = sizeof(name) - 1;

	return type != NULL && strncasecmp(type, name, length) == 0 &&
	       (type[length] == '\0' || type[length] == ';' || is_blank(type[length]));
}

/* Nothing, or "{}": a client that always sends an object may call what takes none. */
static bool is_nothing(const char *text)
{
	static const char blank[] = " \t\r\n";

	text += strspn(text, blank);
	if (*text == '{') {
		text += 1 + strspn(text + 1, blank);
		if (*text != '}')
			return false;
		text += 1 + strspn(text + 1, blank);
	}
	return *text == '\0';
}

static enum err check_body(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct buf *body = &request->body;

	if (body->length == 0 || request->route->body == BODY_STREAM)
		return ERR_OK;
	if (!exchange->endpoint->takes_body &&
	    (strlen(body->data) != body->length || !is_nothing(body->data)))
		return request_fail(request, ERR_MALFORMED, "This request takes no body.");
	if (exchange->endpoint->takes_body && !is_json(request_header(request, "content-type")))
		return request_fail(request, ERR_MEDIA_TYPE, "The body must be application/json.");
	return ERR_OK;
}

/* What a route without an input record does not know. Pages may be asked for with anything. */
static enum err refuse_query(struct request *request)
{
	enum err err = ERR_OK;

	if (request->route->internal)
		return ERR_OK;
	for (const struct text_pair *pair = request->query; pair->name != NULL; pair++)
		err = request_invalid(request, pair->name, "is not known here");
	return err;
}

static enum err decode(struct exchange *exchange, void **ret_in)
{
	struct request *request = &exchange->request;
	const struct schema *schema = request->route->in;
	struct input input = {
		.path = request->path_values,
		.query = request->query,
		.header = find_header,
		.context = request,
		.body = request->body.data,
		.body_length = request->body.length,
	};
	enum err err = check_body(exchange);

	*ret_in = NULL;
	if (err != ERR_OK)
		return err;
	if (schema == NULL)
		return refuse_query(request);
	if (request->reply.errors == NULL)
		request->reply.errors = ARENA_NEW(&request->arena, struct field_errors);
	*ret_in = arena_alloc(&request->arena, schema->size);
	return schema_decode(schema, &input, &request->arena, *ret_in, request->reply.errors);
}

enum err handle_prepare(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	if (!exchange->server->prepares)
		return ERR_OK;
	for (; *middleware != NULL; middleware++) {
		enum err err = ERR_OK;

		if ((*middleware)->prepare != NULL)
			err = (*middleware)->prepare(&exchange->request);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

void handle_conclude(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	for (; *middleware != NULL; middleware++)
		if ((*middleware)->conclude != NULL)
			(*middleware)->conclude(&exchange->request);
}

enum err handle_call(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	void *in;
	enum err err;

	if (request_cancelled(request))
		return ERR_CANCELLED;
	err = decode(exchange, &in);
	if (err != ERR_OK)
		return err;
	if (request->route->out != NULL)
		request->out = arena_alloc(&request->arena, request->route->out->size);
	return request->route->handle(request, in, request->out);
}

static void encode_out(struct request *request)
{
	const struct route *route = request->route;
	struct reply *reply = &request->reply;

	if (route->out == NULL) {
		reply->status = route->status != 0 ? route->status : 204;
		return;
	}
	reply->status = route->status != 0 ? route->status : 200;
	reply->kind = REPLY_BODY;
	reply->media = "application/json";
	schema_encode(route->out, request->out, &reply->body);
}

void handle_encoded(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	for (; *middleware != NULL; middleware++)
		if ((*middleware)->encoded != NULL)
			(*middleware)->encoded(&exchange->request);
}

void handle_encode(struct exchange *exchange, enum err outcome)
{
	struct request *request = &exchange->request;

	if (outcome == ERR_PENDING)
		return;
	exchange->encoded = true;
	if (outcome == ERR_OK && request->reply.kind == REPLY_NONE && request->reply.status == 0)
		encode_out(request);
	if (request->reply.body.overflow)
		outcome = ERR_INTERNAL;
	if (outcome != ERR_OK)
		reply_problem(request, outcome);
	handle_encoded(exchange);
}
