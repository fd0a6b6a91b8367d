/*
 * What the kinds of providers see of the registry. Private to providers/.
 */
#ifndef WEBPLUS_PROVIDERS_REGISTRY_H
#define WEBPLUS_PROVIDERS_REGISTRY_H

#include "providers/provider.h"

struct registry {
	struct registry_options options; /* its texts are the registry's own copies */
	struct model_cache *models;
	struct list providers;  /* in the order of their names; constant once created */
	struct provider nobody; /* answers for models that are not there */
	bool started;
	uv_timer_t timer; /* of the next look at the lists */
	uv_async_t hurry; /* what is not there is asked for; sent from any thread */
	int handles;      /* of these two, not yet closed */
};

extern const struct provider_kind builtin_kind, openai_kind, ollama_kind;

#endif
