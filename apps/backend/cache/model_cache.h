/*
 * The models of all providers, as each last told them: what every message and every page asks for is not asked of
 * another server each time. Who fills it decides how old a list may grow (providers/registry.c).
 *
 * There is one list of them all. It never changes: a change makes the next one, and who reads the former holds a
 * reference to it. Any thread reads; the loop alone writes.
 */
#ifndef WEBPLUS_CACHE_MODEL_CACHE_H
#define WEBPLUS_CACHE_MODEL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_status { MODEL_READY, MODEL_LOADING, MODEL_UNAVAILABLE };
extern const char *const model_status_names[]; /* ended by NULL */

struct model {
	const char
		*id; /* "ollama/llama3.2:3b": the provider's name, a slash, the upstream's name */
	const char *name;     /* for people */
	const char *provider; /* the provider's name */
	enum model_status status;
	const char *detail;     /* why it is not ready, or NULL */
	int64_t context_window; /* tokens; 0 when unknown */
};

struct model_list {
	const struct model *models; /* those of `webplus` first, then by id */
	size_t count;
};

struct model_cache_counts {
	uint64_t hits, misses; /* of model_cache_status */
	size_t entries, bytes;
};

struct model_cache;

struct model_cache *model_cache_create(void);
/* After every reader has given its list back. */
void model_cache_destroy(struct model_cache *cache);

/* Each says whether anything is different now. */

/* In place of what there was of that provider; copied. `id` is the upstream's name here, `provider` is not read. */
bool model_cache_put(struct model_cache *cache, const char *provider, const struct model *models,
		     size_t count);
/* The provider's models stay, with this status and reason (NULL: none). */
bool model_cache_mark(struct model_cache *cache, const char *provider, enum model_status status,
		      const char *detail);

/* Any thread. What there is now, good until it is given back. */
const struct model_list *model_cache_read(struct model_cache *cache);
void model_cache_give_back(const struct model_list *list);
/* Any thread. False: there is no such model, and `ret_status` is untouched. */
bool model_cache_status(struct model_cache *cache, const char *id, enum model_status *ret_status);
struct model_cache_counts model_cache_counts(struct model_cache *cache);

#endif
