#include "middleware/access_log.h"

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "security/authorize.h"

#include <stdio.h>

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
}

const struct middleware access_log_middleware = { .name = "access_log", .done = done };
