#include "http/request.h"

#include "base/clock.h"

#include <string.h>

const char *request_header(const struct request *request, const char *name)
{
	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++)
		if (strcmp(pair->name, name) == 0)
			return pair->value;
	return NULL;
}

const char *request_header_list(struct request *request, const char *name)
{
	const char *list = NULL;

	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++)
		if (strcmp(pair->name, name) == 0)
			list = list ? arena_printf(&request->arena, "%s, %s", list, pair->value)
				    : pair->value;
	return list;
}

/* RFC 6265, section 4.2.1: pairs with "; " between them. */
const char *request_cookie_next(struct request *request, const char *name, const char **at)
{
	const char *pair = *at ? *at : request_header(request, "cookie");
	size_t name_length = strlen(name);

	while (pair != NULL && *pair != '\0') {
		size_t length;

		pair += strspn(pair, "; \t");
		length = strcspn(pair, ";");
		*at = pair + length;
		if (length > name_length && pair[name_length] == '=' &&
		    memcmp(pair, name, name_length) == 0)
			return arena_strndup(&request->arena, pair + name_length + 1,
					     length - name_length - 1);
		pair = *at;
	}
	return NULL;
}

const char *request_cookie(struct request *request, const char *name)
{
	const char *at = NULL;

	return request_cookie_next(request, name, &at);
}

bool request_cancelled(const struct request *request)
{
	return atomic_load_explicit(&request->cancelled, memory_order_relaxed) ||
	       clock_monotonic_ms() > request->deadline_ms;
}

enum err request_fail(struct request *request, enum err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request->reply.detail = arena_vprintf(&request->arena, format, args);
	va_end(args);
	return err;
}

enum err request_invalid(struct request *request, const char *field, const char *format, ...)
{
	struct reply *reply = &request->reply;
	const char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(&request->arena, format, args);
	va_end(args);
	if (reply->errors == NULL)
		reply->errors = ARENA_NEW(&request->arena, struct field_errors);
	field_error_add(reply->errors, &request->arena, field, "%s", message);
	return ERR_INVALID;
}
