#include "cache/model_cache.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *const model_status_names[] = {
	[MODEL_READY] = "ready",
	[MODEL_LOADING] = "loading",
	[MODEL_UNAVAILABLE] = "unavailable",
	NULL,
};

/* A list as it is kept: with its memory, which lies in one arena. */
struct kept_list {
	struct model_list list;
	atomic_uint refs;
	struct arena arena;
	size_t bytes;
};

struct model_cache {
	pthread_mutex_t lock; /* of the pointer, not of what it points to */
	struct kept_list *now;
	_Atomic uint64_t hits, misses;
};

/* ---- Lists ---- */

static struct kept_list *list_create(size_t capacity)
{
	struct kept_list *kept = MEMORY_NEW(struct kept_list);

	atomic_init(&kept->refs, 1);
	arena_init(&kept->arena);
	kept->list.models = ARENA_ARRAY(&kept->arena, capacity, struct model);
	return kept;
}

static void list_unref(struct kept_list *kept)
{
	if (atomic_fetch_sub_explicit(&kept->refs, 1, memory_order_acq_rel) > 1)
		return;
	arena_finish(&kept->arena);
	free(kept);
}

static const char *keep_text(struct kept_list *kept, const char *text)
{
	kept->bytes += text ? strlen(text) + 1 : 0;
	return arena_strdup(&kept->arena, text);
}

/* Room was made when the list was created. */
static void list_add(struct kept_list *kept, const struct model *model)
{
	struct model *models = (struct model *)kept->list.models;

	models[kept->list.count++] = (struct model){
		.id = keep_text(kept, model->id),
		.name = keep_text(kept, model->name),
		.provider = keep_text(kept, model->provider),
		.status = model->status,
		.detail = keep_text(kept, model->detail),
		.context_window = model->context_window,
	};
	kept->bytes += sizeof(*model);
}

static bool is_builtin(const struct model *model)
{
	return strncmp(model->id, "webplus/", strlen("webplus/")) == 0;
}

static int compare_models(const void *a_pointer, const void *b_pointer)
{
	const struct model *a = a_pointer, *b = b_pointer;

	if (is_builtin(a) != is_builtin(b))
		return is_builtin(a) ? -1 : 1;
	return strcmp(a->id, b->id);
}

static void list_sort(struct kept_list *kept)
{
	if (kept->list.count > 0)
		qsort((struct model *)kept->list.models, kept->list.count, sizeof(struct model),
		      compare_models);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_models(const struct model_list *a, const struct model_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct model *one = &a->models[i], *other = &b->models[i];

		if (!same_text(one->id, other->id) || !same_text(one->name, other->name) ||
		    !same_text(one->detail, other->detail) || one->status != other->status ||
		    one->context_window != other->context_window)
			return false;
	}
	return true;
}

/* ---- The cache ---- */

struct model_cache *model_cache_create(void)
{
	struct model_cache *cache = MEMORY_NEW(struct model_cache);

	pthread_mutex_init(&cache->lock, NULL);
	cache->now = list_create(0);
	return cache;
}

void model_cache_destroy(struct model_cache *cache)
{
	if (!cache)
		return;
	list_unref(cache->now);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* Takes the list over. */
static bool replace(struct model_cache *cache, struct kept_list *next)
{
	struct kept_list *former = cache->now;

	list_sort(next);
	if (same_models(&former->list, &next->list)) {
		list_unref(next);
		return false;
	}
	pthread_mutex_lock(&cache->lock);
	cache->now = next;
	pthread_mutex_unlock(&cache->lock);
	list_unref(former);
	return true;
}

bool model_cache_put(struct model_cache *cache, const char *provider, const struct model *models,
		     size_t count)
{
	const struct model_list *now = &cache->now->list;
	struct kept_list *next = list_create(now->count + count);

	for (size_t i = 0; i < now->count; i++)
		if (strcmp(now->models[i].provider, provider) != 0)
			list_add(next, &now->models[i]);
	for (size_t i = 0; i < count; i++) {
		struct model model = models[i];

		model.id = arena_printf(&next->arena, "%s/%s", provider, models[i].id);
		model.provider = provider;
		list_add(next, &model);
	}
	return replace(cache, next);
}

bool model_cache_mark(struct model_cache *cache, const char *provider, enum model_status status,
		      const char *detail)
{
	const struct model_list *now = &cache->now->list;
	struct kept_list *next = list_create(now->count);

	for (size_t i = 0; i < now->count; i++) {
		struct model model = now->models[i];

		if (strcmp(model.provider, provider) == 0) {
			model.status = status;
			model.detail = detail;
		}
		list_add(next, &model);
	}
	return replace(cache, next);
}

static struct kept_list *read_now(struct model_cache *cache)
{
	struct kept_list *now;

	pthread_mutex_lock(&cache->lock);
	now = cache->now;
	atomic_fetch_add_explicit(&now->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&cache->lock);
	return now;
}

const struct model_list *model_cache_read(struct model_cache *cache)
{
	return &read_now(cache)->list;
}

void model_cache_give_back(const struct model_list *list)
{
	list_unref(CONTAINER_OF(list, struct kept_list, list));
}

bool model_cache_status(struct model_cache *cache, const char *id, enum model_status *ret_status)
{
	const struct model_list *list = model_cache_read(cache);
	const struct model wanted = { .id = id };
	const struct model *found = NULL;

	if (list->count > 0)
		found = bsearch(&wanted, list->models, list->count, sizeof(wanted), compare_models);
	atomic_fetch_add_explicit(found ? &cache->hits : &cache->misses, 1, memory_order_relaxed);
	if (found)
		*ret_status = found->status;
	model_cache_give_back(list);
	return found != NULL;
}

struct model_cache_counts model_cache_counts(struct model_cache *cache)
{
	struct kept_list *now = read_now(cache);
	struct model_cache_counts counts = { .hits = atomic_load(&cache->hits),
					     .misses = atomic_load(&cache->misses),
					     .entries = now->list.count,
					     .bytes = now->bytes };

	list_unref(now);
	return counts;
}
