#include "cache/response_cache.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { WAITERS_MAX = 1024 };

/* Somebody computes what others wait for. */
struct flight {
	struct response_cache *cache;
	char *key;
	struct tags tags;
	struct held_versions held; /* under which it began */
	struct list waiters;
	unsigned waiting;
	bool replaced;           /* by one that began under newer versions */
	struct response *result; /* NULL: there is none */
	enum err err;            /* then */
	struct loop_task landing;
};

struct response_cache {
	struct loop *loop;
	struct cache *memory;
	struct versions *versions;
	struct map flights;
	struct response_counts counts;
};

/* ---- Responses ---- */

static void destroy_response(struct cached *cached)
{
	struct response *response = CONTAINER_OF(cached, struct response, cached);

	free(response->body);
	free(response);
}

/*
 * One piece of memory: the struct, the key, the media, the headers. The body comes from a buffer that may have grown to twice
 * as much: what is counted is what is kept.
 */
struct response *response_create(const struct response_ask *ask, const char *media,
				 const char *headers, size_t headers_length, char *body,
				 size_t length)
{
	size_t key_size = strlen(ask->key) + 1, media_size = strlen(media) + 1;
	size_t size = sizeof(struct response) + key_size + media_size + headers_length;
	struct response *response = memory_alloc(size);
	char *rest = (char *)(response + 1);

	memcpy(rest, ask->key, key_size);
	memcpy(rest + key_size, media, media_size);
	if (headers_length > 0)
		memcpy(rest + key_size + media_size, headers, headers_length);
	response->media = rest + key_size;
	response->headers = rest + key_size + media_size;
	response->headers_length = headers_length;
	response->body = memory_resize(body, length + 1);
	response->length = length;
	cached_init(&response->cached, ask->kind, rest, size + length + 1, destroy_response);
	return response;
}

/* ---- Asking ---- */

/* A reference to what is held under these versions and has not grown old, or NULL. */
static struct response *find(struct response_cache *cache, const struct response_ask *ask)
{
	struct cached *cached = memory_cache_get(cache->memory, ask->key);
	struct response *response;

	if (!cached)
		return NULL;
	response = CONTAINER_OF(cached, struct response, cached);
	if (versions_same(cache->versions, &ask->tags, &response->held, &ask->held) &&
	    clock_monotonic_ms() < response->expires_ms)
		return response;
	memory_cache_remove(cache->memory, ask->key);
	cached_unref(cached);
	return NULL;
}

/* In place of one that began under other versions: who waits for that still does, and nobody more. */
static struct flight *begin_flight(struct response_cache *cache, const struct response_ask *ask)
{
	struct flight *flight = MEMORY_NEW(struct flight), *earlier;

	flight->cache = cache;
	flight->key = memory_strdup(ask->key);
	flight->tags = ask->tags;
	flight->held = ask->held;
	list_init(&flight->waiters);
	earlier = map_set(&cache->flights, flight->key, flight);
	if (earlier)
		earlier->replaced = true;
	return flight;
}

/* The versions are known: a hit, or whose turn it is. */
static enum verdict decide(struct response_cache *cache, struct response_ask *ask)
{
	struct flight *flight;

	ask->response = find(cache, ask);
	memory_cache_count(cache->memory, ask->kind, ask->response != NULL);
	if (ask->response) {
		cache->counts.hits++;
		return VERDICT_HIT;
	}
	cache->counts.misses++;
	flight = map_get(&cache->flights, ask->key);
	if (!flight || !versions_same(cache->versions, &ask->tags, &flight->held, &ask->held)) {
		ask->flight = begin_flight(cache, ask);
		return VERDICT_COMPUTE;
	}
	if (flight->waiting >= WAITERS_MAX)
		return VERDICT_COMPUTE;
	cache->counts.waits++;
	flight->waiting++;
	list_append(&flight->waiters, &ask->node);
	return VERDICT_WAIT;
}

static void on_known(void *context, enum err err, const struct held_versions *held)
{
	struct response_ask *ask = context;

	if (err == ERR_OK) {
		ask->held = *held;
		ask->verdict = decide(ask->cache, ask);
	} else {
		ask->cache->counts.bypasses++;
		ask->verdict = VERDICT_BYPASS;
	}
	if (ask->verdict != VERDICT_WAIT)
		ask->decided(ask);
}

enum verdict response_ask(struct response_cache *cache, struct response_ask *ask)
{
	ask->cache = cache;
	list_init(&ask->node);
	if (versions_local(cache->versions)) {
		versions_take_local(cache->versions, &ask->tags, &ask->held);
		ask->verdict = decide(cache, ask);
	} else if (versions_take(cache->versions, &ask->tags, on_known, ask) == ERR_OK) {
		ask->verdict = VERDICT_WAIT;
	} else {
		cache->counts.bypasses++;
		ask->verdict = VERDICT_BYPASS;
	}
	return ask->verdict;
}

/* ---- What came of it ---- */

static struct response_ask *take_waiter(struct flight *flight)
{
	struct response_ask *ask = CONTAINER_OF(flight->waiters.next, struct response_ask, node);

	list_remove(&ask->node);
	flight->waiting--;
	return ask;
}

static void flight_destroy(struct flight *flight)
{
	response_unref(flight->result);
	free(flight->key);
	free(flight);
}

static void land(struct loop_task *task)
{
	struct flight *flight = CONTAINER_OF(task, struct flight, landing);

	while (!list_empty(&flight->waiters)) {
		struct response_ask *ask = take_waiter(flight);

		ask->verdict = flight->result ? VERDICT_HIT : VERDICT_FAIL;
		ask->err = flight->err;
		ask->response = flight->result;
		if (flight->result) {
			flight->cache->counts.hits++;
			cached_ref(&flight->result->cached);
		}
		ask->decided(ask);
	}
	flight_destroy(flight);
}

/* Not all of them, or the database would be asked by all at once just when something is amiss. */
static void pass_on(struct loop_task *task)
{
	struct flight *flight = CONTAINER_OF(task, struct flight, landing);
	struct response_ask *ask = take_waiter(flight);

	ask->verdict = VERDICT_COMPUTE;
	ask->flight = flight;
	ask->decided(ask);
}

/* A later one may have taken its place. */
static void remove_flight(struct flight *flight)
{
	struct map *flights = &flight->cache->flights;

	if (map_get(flights, flight->key) == flight)
		map_remove(flights, flight->key);
}

/* Who waits hears of it later: not from inside who computed it, whose reply is on its way. */
static void go_on(struct flight *flight, void (*run)(struct loop_task *task))
{
	flight->landing.run = run;
	loop_post(flight->cache->loop, &flight->landing);
}

static void end_flight(struct response_ask *ask, struct response *result, enum err err)
{
	struct flight *flight = ask->flight;

	if (!flight)
		return;
	ask->flight = NULL;
	remove_flight(flight);
	flight->result = result;
	flight->err = err;
	if (result)
		cached_ref(&result->cached);
	go_on(flight, land);
}

void response_keep(struct response_ask *ask, struct response *response)
{
	assert(ask->verdict == VERDICT_COMPUTE);
	response->tags = ask->tags;
	response->held = ask->held;
	response->expires_ms = clock_monotonic_ms() + ask->ttl_ms;
	/* What replaced it is of newer versions. */
	if (response->length <= RESPONSE_KEPT_MAX && !(ask->flight && ask->flight->replaced))
		memory_cache_put(ask->cache->memory, &response->cached);
	end_flight(ask, response, ERR_OK);
}

void response_fail(struct response_ask *ask, enum err err)
{
	end_flight(ask, NULL, err);
}

void response_leave(struct response_ask *ask)
{
	struct flight *flight = ask->flight;

	if (!flight)
		return;
	ask->flight = NULL;
	if (!list_empty(&flight->waiters)) {
		go_on(flight, pass_on);
		return;
	}
	remove_flight(flight);
	flight_destroy(flight);
}

/* ---- Life ---- */

struct response_cache *response_cache_create(struct loop *loop, struct cache *cache,
					     struct versions *versions)
{
	struct response_cache *responses = MEMORY_NEW(struct response_cache);

	responses->loop = loop;
	responses->memory = cache;
	responses->versions = versions;
	map_init(&responses->flights);
	return responses;
}

void response_cache_destroy(struct response_cache *cache)
{
	if (!cache)
		return;
	assert(cache->flights.count == 0);
	map_finish(&cache->flights);
	free(cache);
}

struct response_counts response_cache_counts(const struct response_cache *cache)
{
	return cache->counts;
}
