#include "middleware/cache.h"

#include "app.h"
#include "base/memory.h"
#include "cache/response_cache.h"
#include "config.h"
#include "middleware/cache_private.h"
#include "middleware/compression.h"
#include "security/authorize.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 1024, QUERY_MAX = 16, HASH_BYTES = 16 };

/* What this middleware knows of a request. */
struct cached_request {
	struct request *request;
	struct response_ask ask;
	bool computes;             /* and has not said yet what came of it */
	struct response *response; /* that is sent, and kept if it may be; a reference */
	bool raised;
};

static struct cached_request *own(struct request *request)
{
	if (!request->cached) {
		request->cached = ARENA_NEW(&request->arena, struct cached_request);
		request->cached->request = request;
	}
	return request->cached;
}

/* ---- Tags ---- */

/* What {name} stands for; NULL: nothing, so that the tag is of no use. */
static const char *resolve(const struct request *request, const char *name, size_t length)
{
	if (length == 4 && memcmp(name, "user", 4) == 0)
		return request->principal ? request->principal->user_id : NULL;
	for (const struct text_pair *pair = request->path_values; pair->name != NULL; pair++)
		if (strlen(pair->name) == length && memcmp(pair->name, name, length) == 0)
			return pair->value;
	return NULL;
}

/* "chat:{user}", of which `length` characters are meant. */
static bool resolve_tag(const struct request *request, const char *text, size_t length,
			char tag[static TAG_SIZE])
{
	const char *open = memchr(text, '{', length), *close, *value;
	int written;

	if (!open) {
		snprintf(tag, TAG_SIZE, "%.*s", (int)length, text);
		return true;
	}
	close = memchr(open, '}', length - (size_t)(open - text));
	value = close ? resolve(request, open + 1, (size_t)(close - open - 1)) : NULL;
	if (!value)
		return false;
	written = snprintf(tag, TAG_SIZE, "%.*s%s", (int)(open - text), text, value);
	return written < TAG_SIZE;
}

/* False: one of them says nothing here. */
static bool resolve_tags(const struct request *request, const char *list, struct tags *tags)
{
	tags->count = 0;
	while (*list != '\0' && tags->count < TAGS_MAX) {
		size_t length = strcspn(list, " ");

		if (!resolve_tag(request, list, length, tags->names[tags->count]))
			return false;
		tags->count++;
		list += length + (list[length] == ' ');
	}
	return *list == '\0';
}

/* ---- Keys ---- */

static int compare_pairs(const void *a, const void *b)
{
	const struct text_pair *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Sorted by name. False: there are too many. */
static bool append_query(const struct request *request, struct buf *key)
{
	const struct text_pair *pairs[QUERY_MAX];
	size_t count = 0;

	for (const struct text_pair *pair = request->query; pair->name != NULL; pair++) {
		if (count == QUERY_MAX)
			return false;
		pairs[count++] = pair;
	}
	if (count > 1)
		qsort(pairs, count, sizeof(const struct text_pair *), compare_pairs);
	for (size_t i = 0; i < count; i++) {
		buf_append_char(key, '\n');
		buf_append_text(key, pairs[i]->name);
		buf_append_char(key, '=');
		buf_append_text(key, pairs[i]->value);
	}
	return true;
}

/* Who asks, as far as the reply depends on it, and which change of their rights that is. */
static void append_scope(const struct request *request, struct buf *key)
{
	const struct versions *versions = request->app->caching->versions;
	const struct principal *principal = request->principal;
	char rights[TAG_SIZE];

	if (request->route->cache.scope == CACHE_PUBLIC)
		return;
	cache_rights_name(rights, principal->user_id);
	buf_printf(key, "\n%s %llx %d %llu.%llu", principal->role,
		   (unsigned long long)principal->permissions, principal->by_key,
		   (unsigned long long)versions_mark_count(versions, rights),
		   (unsigned long long)versions_mark_count(versions, "rights"));
	if (request->route->cache.scope == CACHE_USER) {
		buf_append_char(key, ' ');
		buf_append_text(key, principal->user_id);
	}
}

/* Of Accept-Encoding what it chooses, not its text: that has endless variants, each of which would be kept. */
static const char *make_key(struct request *request)
{
	struct coding_choice choice = compression_choose(request);
	struct buf key;
	char *text;

	buf_init(&key, KEY_MAX);
	buf_append_text(&key, request->path);
	append_scope(request, &key);
	buf_printf(&key, "\n%d %d", choice.coding, choice.must);
	if (!append_query(request, &key))
		key.overflow = true;
	text = key.overflow ? NULL : arena_strndup(&request->arena, key.data, key.length);
	buf_finish(&key);
	return text;
}

/* ---- From memory ---- */

static const char *control(const struct request *request)
{
	return request->route->cache.scope == CACHE_PUBLIC ? "public, no-cache"
							   : "private, no-cache";
}

static void set_headers(struct request *request, const char *etag)
{
	reply_header(request, "ETag", etag);
	request->reply.cache_control = control(request);
}

static void send_response(struct request *request, struct response *response)
{
	struct reply *reply = &request->reply;

	request->cached->response = response;
	buf_append(&reply->headers, response->headers, response->headers_length);
	reply->cache_control = control(request);
	if (etag_matches(request_header_list(request, "if-none-match"), response->etag))
		reply->status = 304;
	else
		reply_fixed(request, 200, response->media, response->body, response->length);
}

static void on_decided(struct response_ask *ask)
{
	struct cached_request *cached = CONTAINER_OF(ask, struct cached_request, ask);

	cached->computes = ask->verdict == VERDICT_COMPUTE;
	if (ask->verdict == VERDICT_HIT)
		send_response(cached->request, ask->response);
	request_resume(cached->request, ask->verdict == VERDICT_FAIL ? ask->err : ERR_OK);
}

static bool is_cacheable(const struct request *request)
{
	const struct route *route = request->route;

	return cache_keeps(request->app) && route && route->cache.scope != CACHE_NONE;
}

static bool is_get(const struct request *request)
{
	return strcmp(request->method, "GET") == 0;
}

static enum err answer(struct request *request)
{
	const struct route_cache *row = &request->route->cache;
	struct cached_request *cached;
	enum verdict verdict;

	if (!is_cacheable(request) || !is_get(request) ||
	    (row->scope != CACHE_PUBLIC && !request->principal))
		return ERR_OK;
	cached = own(request);
	cached->ask.key = make_key(request);
	if (!cached->ask.key || !resolve_tags(request, row->tags, &cached->ask.tags))
		return ERR_OK;
	cached->ask.kind = row->scope == CACHE_USER ? CACHED_PERSONAL : CACHED_SHARED;
	cached->ask.ttl_ms = (int64_t)row->ttl_s * 1000;
	cached->ask.decided = on_decided;
	verdict = response_ask(request->app->caching->responses, &cached->ask);
	if (verdict == VERDICT_WAIT)
		return ERR_PENDING;
	cached->computes = verdict == VERDICT_COMPUTE;
	if (verdict == VERDICT_HIT)
		send_response(request, cached->ask.response);
	return ERR_OK;
}

/* ---- Into memory ---- */

static void make_etag(const struct buf *body, char etag[static ETAG_SIZE])
{
	unsigned char hash[HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)body->data, body->length,
			   NULL, 0);
	etag[0] = '"';
	sodium_bin2hex(etag + 1, HASH_BYTES * 2 + 1, hash, sizeof(hash));
	etag[ETAG_SIZE - 2] = '"';
	etag[ETAG_SIZE - 1] = '\0';
}

/* The reply is sent from what is kept: its body is not copied. */
static void prepare_to_keep(struct request *request, const char *etag)
{
	struct cached_request *cached = request->cached;
	struct reply *reply = &request->reply;
	size_t length;
	char *body = buf_take(&reply->body, &length);

	cached->response = response_create(&cached->ask, reply->media, reply->headers.data,
					   reply->headers.length, body, length);
	memcpy(cached->response->etag, etag, ETAG_SIZE);
	reply_fixed(request, reply->status, cached->response->media, cached->response->body,
		    length);
}

/* A HEAD gets the headers that a GET gets, and is not kept: few ask so. */
static void encoded(struct request *request)
{
	struct reply *reply = &request->reply;
	char etag[ETAG_SIZE];

	if (!is_cacheable(request) || reply->status != 200 || reply->kind != REPLY_BODY)
		return;
	make_etag(&reply->body, etag);
	set_headers(request, etag);
	if (request->cached && request->cached->computes && !reply->passing)
		prepare_to_keep(request, etag);
	if (etag_matches(request_header_list(request, "if-none-match"), etag)) {
		reply->status = 304;
		reply->kind = REPLY_NONE;
		reply->media = NULL;
		buf_clear(&reply->body);
	}
}

/* ---- Before it is sent ---- */

/*
 * What the server could not do for this one it could not do for those who wait either. Anything else may be this one's alone: a
 * refusal is of its credential, and a reply that changes without a write is of its moment.
 */
static enum err failure_of(const struct request *request)
{
	if (request->reply.status < 500)
		return ERR_OK;
	return request->result == ERR_OK ? ERR_INTERNAL : request->result;
}

static void end_ask(struct cached_request *cached)
{
	enum err failure = failure_of(cached->request);

	if (!cached->computes)
		return;
	cached->computes = false;
	if (failure != ERR_OK)
		response_fail(&cached->ask, failure);
	else if (cached->response)
		response_keep(&cached->ask, cached->response);
	else
		response_leave(&cached->ask);
}

/* Its client has left, or its time was over: whatever came of it is not for others. */
static void give_up(struct cached_request *cached)
{
	if (cached->computes)
		response_leave(&cached->ask);
	cached->computes = false;
}

static void on_raised(void *context)
{
	request_resume(context, ERR_OK);
}

/*
 * Not what was refused, or was never begun: then nothing was written. What is not found may have been deleted by an earlier
 * try, of which nobody heard what became.
 */
static bool may_have_written(const struct request *request)
{
	int status = request->reply.status;

	return request->begun && request->route->raises &&
	       (status < 400 || status == 404 || status >= err_status(ERR_CANCELLED));
}

static enum err raise_tags(struct request *request, void (*raised)(void *context))
{
	struct tags tags;

	if (!may_have_written(request) || own(request)->raised)
		return ERR_OK;
	request->cached->raised = true;
	if (!resolve_tags(request, request->route->raises, &tags))
		return ERR_OK; /* nobody was signed in: nothing was written */
	if (request->result == ERR_UNCONFIRMED)
		unsettled_add(request->app->caching->unsettled, &tags);
	return versions_raise(request->app->caching->versions, &tags, raised, request);
}

/* A failure acknowledges nothing, and is told at once: where the database is away, so is what a raise would wait for. */
static enum err hold(struct request *request)
{
	enum err err;

	if (!request->app->caching)
		return ERR_OK;
	if (request->cached)
		end_ask(request->cached);
	if (failure_of(request) == ERR_OK)
		return raise_tags(request, on_raised);
	err = raise_tags(request, NULL);
	return err == ERR_PENDING ? ERR_OK : err;
}

/* What was computed for nobody any more is raised, and not kept. */
static void done(struct request *request)
{
	if (!request->app->caching)
		return;
	(void)!raise_tags(request, NULL);
	if (!request->cached)
		return;
	give_up(request->cached);
	response_unref(request->cached->response);
}

const struct middleware cache_middleware = {
	.name = "cache", .answer = answer, .encoded = encoded, .hold = hold, .done = done
};

/* ---- Metrics ---- */

bool cache_keeps(const struct app *app)
{
	return app->caching && app->caching->responses;
}

struct cache_counts cache_counts(const struct app *app, enum cache_kind kind)
{
	return memory_cache_counts(app->caching->memory, kind);
}

struct response_counts cache_response_counts(const struct app *app)
{
	return response_cache_counts(app->caching->responses);
}

size_t cache_unsettled_writes(const struct app *app)
{
	return unsettled_count(app->caching->unsettled);
}

/* ---- The reference ---- */

static const char *scope_name(enum cache_scope scope)
{
	static const char *const names[] = { "", "everybody", "those of a role", "the user" };

	return names[scope];
}

void cache_print_reference(const struct route *const *tables, struct buf *out)
{
	BUF_LITERAL(out, "| route | kept for | at most | depends on | raises |\n"
			 "|---|---|---|---|---|\n");
	for (; *tables; tables++)
		for (const struct route *route = *tables; route->method; route++) {
			if (route->cache.scope != CACHE_NONE)
				buf_printf(out, "| `%s %s` | %s | %d s | %s | |\n", route->method,
					   route->path, scope_name(route->cache.scope),
					   route->cache.ttl_s, route->cache.tags);
			if (route->raises)
				buf_printf(out, "| `%s %s` | | | | %s |\n", route->method,
					   route->path, route->raises);
		}
}

/* ---- Life ---- */

static void create_memory(struct caching *caching, size_t bytes)
{
	const size_t kind_max[CACHED_KINDS] = {
		[CACHED_PERSONAL] = bytes - bytes / 8, [CACHED_SHARED] = bytes / 2
	};

	caching->memory = memory_cache_create(bytes, kind_max);
	caching->responses =
		response_cache_create(caching->app->loop, caching->memory, caching->versions);
}

struct caching *caching_create(struct app *app, bool shared, void (*declare)(void *context),
			       void *context)
{
	struct versions_options options = { .loop = app->loop,
					    .redis = app->redis,
					    .shared = shared,
					    .declare = declare,
					    .context = context };
	size_t bytes = app->config->cache ? (size_t)app->config->cache_mb << 20 : 0;
	struct caching *caching;

	if (!shared && bytes == 0)
		return NULL;
	caching = MEMORY_NEW(struct caching);
	caching->app = app;
	list_init(&caching->tellings);
	caching->versions = versions_create(&options);
	caching->unsettled = cache_create_unsettled(caching);
	if (bytes > 0)
		create_memory(caching, bytes);
	return caching;
}

void caching_destroy(struct caching *caching)
{
	if (!caching)
		return;
	response_cache_destroy(caching->responses);
	unsettled_destroy(caching->unsettled);
	versions_destroy(caching->versions);
	memory_cache_destroy(caching->memory);
	free(caching);
}
