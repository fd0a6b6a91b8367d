#include "middleware/access_log.h"

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "security/authorize.h"

#include <stdio.h>
#include <string.h>

enum { FIELD_NAMES_MAX = 4096 };

/* Of a field that the route has; another name is what the client wrote. */
static const char *known_field(const struct request *request, const char *name)
{
	static const char unknown[] = "?";
	const struct schema *schema = request->route ? request->route->in : NULL;
	size_t length = strcspn(name, ".[");

	for (const struct field *field = schema ? schema->fields : NULL; field && field->name;
	     field++)
		if (strlen(field->name) == length && memcmp(field->name, name, length) == 0)
			return field->name;
	return unknown;
}

/* Which fields were refused. Not what they held: that may be a password that was typed into the wrong one. */
static void log_refusal(struct request *request)
{
	const struct field_errors *errors = request->reply.errors;
	struct buf names;

	buf_init(&names, FIELD_NAMES_MAX);
	for (size_t i = 0; i < errors->count; i++)
		buf_printf(&names, "%s%s", i ? " " : "",
			   known_field(request, errors->list[i].field));
	log_event(LOG_INFO, "invalid input", "request_id", request->id, "path",
		  request->route ? request->route->path : "-", "fields", names.data, "peer",
		  request->peer, NULL);
	buf_finish(&names);
}

/* The path is the route's, not the target as sent: ids and queries are the user's. */
static void done(struct request *request)
{
	char status[12], duration[24];

	if (!request->app->config->access_log)
		return;
	snprintf(status, sizeof(status), "%d", request->reply.status);
	snprintf(duration, sizeof(duration), "%lld",
		 (long long)(clock_monotonic_us() - request->start_us));
	log_event(request->reply.status >= 500 ? LOG_WARNING : LOG_INFO, "request", "request_id",
		  request->id, "method", request->method ? request->method : "-", "path",
		  request->route ? request->route->path : "-", "status", status, "duration_us",
		  duration, "peer", request->peer ? request->peer : "-", "user",
		  request->principal ? request->principal->user_id : "-", NULL);
	if (request->reply.status >= 400 && request->reply.errors &&
	    request->reply.errors->count > 0)
		log_refusal(request);
}

const struct middleware access_log_middleware = { .name = "access_log", .done = done };
