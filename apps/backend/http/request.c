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

/* RFC 6265, section 4.2.1: pairs with "; " between them. The first of a name counts. */
const char *request_cookie(struct request *request, const char *name)
{
	const char *at = request_header(request, "cookie");
	size_t name_length = strlen(name);

	while (at != NULL && *at != '\0') {
		size_t length;

		at += strspn(at, "; \t");
		length = strcspn(at, ";");
		if (length > name_length && at[name_length] == '=' &&
		    memcmp(at, name, name_length) == 0)
			return arena_strndup(&request->arena, at + name_length + 1,
					     length - name_length - 1);
		at += length;
	}
	return NULL;
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
