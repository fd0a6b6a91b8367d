#include "service/service.h"

#include "app.h"
#include "base/list.h"
#include "http/assets.h"
#include "http/request.h"
#include "middleware/metrics.h"
#include "routes.h"
#include "search/search.h"
#include "service/api_docs.h"
#include "service/readiness.h"
#include "websockets/connection_manager.h"

#include <string.h>

enum { DOCUMENT_MAX = 8 * 1024 * 1024 };

struct health {
	const char *status;
	const char *version;
};

static const struct field health_fields[] = {
	FIELD(struct health, status, .doc = "`ok`: the process answers."),
	FIELD(struct health, version, .doc = "Which release this is."),
	{ 0 },
};

static const struct schema health_schema = SCHEMA(struct health, health_fields, .name = "Health");

static enum err health(struct request *request, const void *in, void *out)
{
	(void)request;
	(void)in;
	*(struct health *)out = (struct health){ "ok", WEBPLUS_VERSION };
	return ERR_OK;
}

struct readiness_state {
	const char *status;
	const char *database;
};

static const struct field readiness_fields[] = {
	FIELD(struct readiness_state, status, .doc = "`ok`: requests can be answered."),
	FIELD(struct readiness_state, database, .doc = "`ok`: the database answers."),
	{ 0 },
};

static const struct schema readiness_schema =
	SCHEMA(struct readiness_state, readiness_fields, .name = "Readiness");

struct ready_asker {
	struct readiness_asker asker;
	struct request *request;
};

static void tell_ready(struct readiness_asker *asker, enum err err)
{
	struct request *request = CONTAINER_OF(asker, struct ready_asker, asker)->request;

	if (err == ERR_OK)
		*(struct readiness_state *)request->out = (struct readiness_state){ "ok", "ok" };
	else
		err = request_fail(request, ERR_UNAVAILABLE, "The database does not answer.");
	request_finish(request, err);
}

static enum err ready(struct request *request, const void *in, void *out)
{
	struct ready_asker *asker = ARENA_NEW(&request->arena, struct ready_asker);

	(void)in;
	(void)out;
	asker->asker.told = tell_ready;
	asker->request = request;
	readiness_ask(request->app->readiness, &asker->asker);
	return ERR_PENDING;
}

static enum err metrics(struct request *request, const void *in, void *out)
{
	struct buf text;

	(void)in;
	(void)out;
	buf_init(&text, DOCUMENT_MAX);
	metrics_print(request->app->metrics, request->app, &text);
	search_print_metrics(request->app, &text);
	reply_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", text.data,
		   text.length);
	buf_finish(&text);
	return ERR_OK;
}

/* ---- The API document ---- */

static enum err openapi(struct request *request, const void *in, void *out)
{
	struct buf text;

	(void)in;
	(void)out;
	buf_init(&text, DOCUMENT_MAX);
	openapi_print(route_tables, &text);
	reply_text(request, 200, "application/json", text.data, text.length);
	buf_finish(&text);
	return ERR_OK;
}

static enum err docs(struct request *request, const void *in, void *out)
{
	struct buf text;

	(void)in;
	(void)out;
	buf_init(&text, DOCUMENT_MAX);
	api_docs_print(route_tables, &text);
	reply_text(request, 200, "text/html; charset=utf-8", text.data, text.length);
	buf_finish(&text);
	return ERR_OK;
}

static enum err docs_style(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	reply_fixed(request, 200, "text/css; charset=utf-8", api_docs_style,
		    strlen(api_docs_style));
	return ERR_OK;
}

/* ---- The socket and the page ---- */

static enum err open_socket(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	return websocket_upgrade(request->app->sockets, request);
}

/* A path that is no file of the front end belongs to its router, which the page brings; but files that are missing do not. */
static enum err page(struct request *request, const void *in, void *out)
{
	const struct asset *asset = asset_find(request->path, strlen(request->path));
	static const char index[] = "/index.html";

	(void)in;
	(void)out;
	if (strncmp(request->path, "/api/", 5) == 0)
		return request_fail(request, ERR_NOT_FOUND,
				    "There is no such endpoint. See /api/docs.");
	if (!asset && strncmp(request->path, "/assets/", 8) != 0)
		asset = asset_find(index, sizeof(index) - 1);
	if (!asset)
		return request_fail(request, ERR_NOT_FOUND, "There is no such file.");
	reply_asset(request, asset);
	return ERR_OK;
}

const struct route service_routes[] = {
	{ "GET", "/api/v1/health", .access = ACCESS_PUBLIC, .rate = RATE_NONE,
	  .out = &health_schema, .on_loop = true, .handle = health,
	  .doc = "Whether the process lives." },
	{ "GET", "/api/v1/ready", .access = ACCESS_PUBLIC, .rate = RATE_NONE,
	  .out = &readiness_schema, .on_loop = true, .handle = ready,
	  .doc = "Whether requests can be answered." },
	{ "GET", "/api/v1/openapi.json", .access = ACCESS_PUBLIC, .media = "application/json",
	  .internal = true, .handle = openapi, .doc = "This document." },
	{ "GET", "/api/v1/ws", .access = ACCESS_PUBLIC, .internal = true, .on_loop = true,
	  .handle = open_socket, .doc = "The WebSocket; see docs/websockets.md." },
	{ "GET", "/metrics", .access = ACCESS_PUBLIC, .rate = RATE_NONE, .internal = true,
	  .on_loop = true, .handle = metrics, .doc = "For Prometheus." },
	{ "GET", "/api/docs", .access = ACCESS_PUBLIC, .rate = RATE_PAGE, .internal = true,
	  .handle = docs, .doc = "The API, to read." },
	{ "GET", "/api/docs/style.css", .access = ACCESS_PUBLIC, .rate = RATE_PAGE,
	  .internal = true, .on_loop = true, .handle = docs_style, .doc = "How it looks." },
	{ "GET", "/{path...}", .access = ACCESS_PUBLIC, .rate = RATE_PAGE, .internal = true,
	  .on_loop = true, .handle = page, .doc = "The page and its files." },
	{ 0 },
};
