#include "middleware/cors.h"

#include "app.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>

static const char separators[] = ", \t";

/* For who asks before it sends: what the API takes, and how long the answer holds. */
static const char preflight[] =
	"Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"
	"Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, "
	"Last-Event-ID, X-API-Key\r\n"
	"Access-Control-Max-Age: 600\r\n";

/* What a page may see beyond the few headers that every page may. */
static const char exposed[] =
	"Access-Control-Expose-Headers: X-Request-Id, RateLimit, RateLimit-Policy, Retry-After\r\n";

/* scheme "://" host [":" port] */
bool cors_is_origin(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
			   : strncmp(text, "http://", 7) == 0 ? text + 7
							      : "";
	size_t length = strspn(host, letters);
	const char *port = host + length;

	if (*host == '[') {
		length = 1 + strspn(host + 1, "0123456789abcdef:.");
		port = host + length + (host[length] == ']');
		length = host[length] == ']' ? length : 0;
	}
	if (length == 0)
		return false;
	if (*port != ':')
		return *port == '\0';
	return port[1] != '\0' && strspn(port + 1, "0123456789") == strlen(port + 1);
}

static bool has_needless_port(const char *origin)
{
	const char *port = strrchr(origin, ':');

	return strcmp(port, strncmp(origin, "https", 5) == 0 ? ":443" : ":80") == 0;
}

enum err cors_check(const char *origins, struct arena *arena, const char **ret_reason)
{
	for (const char *at = origins ? origins : ""; *(at += strspn(at, separators));) {
		size_t length = strcspn(at, separators);
		const char *origin = arena_strndup(arena, at, length);

		if (cors_is_origin(origin) && has_needless_port(origin)) {
			*ret_reason =
				arena_printf(arena,
					     "holds %s, whose port browsers leave out: so must "
					     "it be here",
					     origin);
			return ERR_INVALID;
		}
		if (!cors_is_origin(origin)) {
			*ret_reason = arena_printf(arena,
						   "holds %s, which is no origin such as "
						   "https://app.example.org, without a path",
						   origin);
			return ERR_INVALID;
		}
		at += length;
	}
	return ERR_OK;
}

/* The settings' own copy of the origin, or NULL. */
static const char *find_origin(struct request *request, const char *origin)
{
	size_t wanted = strlen(origin);

	for (const char *at = request->app->config->cors_origins;
	     *(at += strspn(at, separators));) {
		size_t length = strcspn(at, separators);

		if (length == wanted && memcmp(at, origin, length) == 0)
			return arena_strndup(&request->arena, at, length);
		at += length;
	}
	return NULL;
}

bool cors_allows(struct request *request)
{
	const char *origin = request_header(request, "origin");

	return origin && request->app->config->cors_origins && find_origin(request, origin);
}

static void decorate(struct request *request)
{
	const char *origin = request_header(request, "origin");
	bool asks = strcmp(request->method, "OPTIONS") == 0 &&
		    request_header(request, "access-control-request-method") != NULL;
	struct buf *headers = &request->reply.headers;

	if (!request->app->config->cors_origins)
		return;
	/* Also where there is no Origin: a cache must not keep that reply for who sends one. */
	reply_header(request, "Vary", "Origin");
	origin = origin ? find_origin(request, origin) : NULL;
	if (!origin)
		return;
	reply_header(request, "Access-Control-Allow-Origin", origin);
	if (request->app->config->cors_credentials)
		reply_header(request, "Access-Control-Allow-Credentials", "true");
	if (asks)
		buf_append(headers, preflight, sizeof(preflight) - 1);
	else
		buf_append(headers, exposed, sizeof(exposed) - 1);
}

const struct middleware cors_middleware = { .name = "cors", .decorate = decorate };
