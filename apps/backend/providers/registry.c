#include "providers/registry.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFRESH_MS = 30000, RETRY_MS = 1000, URL_SIZE = 64 };

/* Where local model servers listen unless told otherwise. */
static const struct local_server {
	const char *name;
	const struct provider_kind *kind;
	int port;
} local_servers[] = {
	{ "ollama", &ollama_kind, 11434 },       { "lmstudio", &openai_kind, 1234 },
	{ "vllm", &openai_kind, 8000 },          { "llamacpp", &openai_kind, 8080 },
	{ "llamacpp-8081", &openai_kind, 8081 },
};

/* A provider with what the registry alone knows of it. */
struct entry {
	struct provider provider;
	bool listed; /* a list has come at least once */
	/* The looks at its list, on the monotonic clock. */
	int64_t looked_ms; /* when the last one ended */
	int64_t look_ms;   /* when the next one is due; LOOKING: it is under way */
	int64_t retry_ms; /* how long the next one waits after the last one failed; 0: it did not */
};

#define LOOKING INT64_MAX

static struct entry *entry_of(struct provider *provider)
{
	return CONTAINER_OF(provider, struct entry, provider);
}

/* Answers for models that are not there. */

struct chat {
	struct loop_task task;
	const struct chat_events *events;
	void *context;
	bool cancelled;
};

static void end_nobodys(struct loop_task *task)
{
	struct chat *chat = CONTAINER_OF(task, struct chat, task);

	if (!chat->cancelled)
		chat->events->end(chat->context, CHAT_MODEL_NOT_FOUND, NULL,
				  (struct chat_usage){ -1, -1 });
	free(chat);
}

static struct chat *start_nobodys(struct provider *provider, const struct chat_request *request,
				  const struct chat_events *events, void *context)
{
	struct chat *chat = MEMORY_NEW(struct chat);

	(void)request;
	chat->events = events;
	chat->context = context;
	chat->task.run = end_nobodys;
	loop_post(provider->registry->options.loop, &chat->task);
	return chat;
}

static void cancel_nobodys(struct chat *chat)
{
	chat->cancelled = true;
}

static const struct provider_kind nobody_kind = {
	.name = "nobody",
	.chat_start = start_nobodys,
	.chat_cancel = cancel_nobodys,
};

/*
 * Looks at the lists. A server that answered is looked at again after refresh_ms. One that did not may just be starting:
 * it is looked at again soon, then ever later; and as soon as somebody asks for it.
 */

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

static void look(uv_timer_t *timer);

static void set_timer(struct registry *registry)
{
	int64_t next_ms = LOOKING, now_ms = clock_monotonic_ms();

	LIST_EACH(provider, &registry->providers, struct provider, node)
		next_ms = sooner(next_ms, entry_of(provider)->look_ms);
	if (registry->started && next_ms != LOOKING)
		uv_timer_start(&registry->timer, look,
			       next_ms > now_ms ? (uint64_t)(next_ms - now_ms) : 0, 0);
}

static void look(uv_timer_t *timer)
{
	struct registry *registry = timer->data;
	int64_t now_ms = clock_monotonic_ms();

	LIST_EACH(provider, &registry->providers, struct provider, node) {
		struct entry *entry = entry_of(provider);

		if (entry->look_ms > now_ms)
			continue;
		entry->look_ms = LOOKING;
		provider->kind->refresh(provider);
	}
	set_timer(registry);
}

static void looked(struct entry *entry, bool found)
{
	const struct registry_options *options = &entry->provider.registry->options;
	int64_t retry_ms = entry->retry_ms > 0 ? entry->retry_ms * 2 : options->retry_ms;

	entry->retry_ms = found ? 0 : sooner(retry_ms, options->refresh_ms);
	entry->looked_ms = clock_monotonic_ms();
	entry->look_ms = entry->looked_ms + (found ? options->refresh_ms : entry->retry_ms);
	set_timer(entry->provider.registry);
}

/* Somebody asked for what is not there: its servers are looked at sooner, but not more often than after retry_ms. */
static void on_hurry(uv_async_t *async)
{
	struct registry *registry = async->data;

	LIST_EACH(provider, &registry->providers, struct provider, node) {
		struct entry *entry = entry_of(provider);

		if (entry->retry_ms > 0 && entry->look_ms != LOOKING)
			entry->look_ms = sooner(entry->look_ms,
						entry->looked_ms + registry->options.retry_ms);
	}
	set_timer(registry);
}

/* Making and ending it. */

static void add_provider(struct registry *registry, const struct provider_kind *kind,
			 const char *name, const char *url, const char *key)
{
	struct entry *entry = MEMORY_NEW(struct entry);
	struct provider *provider = &entry->provider;

	provider->kind = kind;
	provider->registry = registry;
	provider->name = memory_strdup(name);
	provider->url = memory_strdup(url);
	provider->key = memory_strdup(key);
	for (size_t end = url != NULL ? strlen(url) : 0; end > 0 && url[end - 1] == '/'; end--)
		provider->url[end - 1] = '\0';
	list_append(&registry->providers, &provider->node);
}

static void destroy_provider(struct provider *provider)
{
	list_remove(&provider->node);
	provider->kind->destroy(provider);
	free(provider->name);
	free(provider->url);
	free(provider->key);
	free(entry_of(provider));
}

/* Whether the administrator's own setting already leads to that port of this host. */
static bool is_configured(const struct registry_options *options, const struct local_server *server)
{
	const char *const urls[] = { options->openai_url, options->ollama_url };
	char by_number[URL_SIZE], by_name[URL_SIZE];

	snprintf(by_number, sizeof(by_number), "//127.0.0.1:%d", server->port);
	snprintf(by_name, sizeof(by_name), "//localhost:%d", server->port);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (urls[i] != NULL &&
		    (strstr(urls[i], by_number) != NULL || strstr(urls[i], by_name) != NULL))
			return true;
	return server->kind == &ollama_kind && options->ollama_url != NULL;
}

static void add_local_servers(struct registry *registry)
{
	char url[URL_SIZE];

	for (size_t i = 0; i < sizeof(local_servers) / sizeof(local_servers[0]); i++) {
		const struct local_server *server = &local_servers[i];

		if (server->port == registry->options.own_port ||
		    is_configured(&registry->options, server))
			continue;
		snprintf(url, sizeof(url), "http://127.0.0.1:%d", server->port);
		add_provider(registry, server->kind, server->name, url, NULL);
	}
}

struct registry *registry_create(const struct registry_options *options)
{
	struct registry *registry = MEMORY_NEW(struct registry);

	registry->options = *options;
	if (options->refresh_ms <= 0)
		registry->options.refresh_ms = REFRESH_MS;
	if (options->retry_ms <= 0)
		registry->options.retry_ms = RETRY_MS;
	registry->models = model_cache_create();
	list_init(&registry->providers);
	registry->nobody = (struct provider){ .kind = &nobody_kind, .registry = registry };
	uv_timer_init(&options->loop->uv, &registry->timer);
	uv_async_init(&options->loop->uv, &registry->hurry, on_hurry);
	registry->timer.data = registry->hurry.data = registry;
	registry->handles = 2;
	add_provider(registry, &builtin_kind, "webplus", NULL, NULL);
	if (options->openai_url != NULL)
		add_provider(registry, &openai_kind, "openai", options->openai_url,
			     options->openai_key);
	if (options->ollama_url != NULL)
		add_provider(registry, &ollama_kind, "ollama", options->ollama_url, NULL);
	if (options->discover)
		add_local_servers(registry);
	/* Their owners' texts may be gone by now. */
	registry->options.openai_url = registry->options.openai_key = registry->options.ollama_url =
		NULL;
	return registry;
}

void registry_start(struct registry *registry)
{
	loop_assert(registry->options.loop);
	registry->started = true;
	LIST_EACH(provider, &registry->providers, struct provider, node)
		entry_of(provider)->look_ms = 0;
	look(&registry->timer);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct registry *registry = handle->data;

	if (--registry->handles > 0)
		return;
	model_cache_destroy(registry->models);
	free(registry);
}

void registry_destroy(struct registry *registry)
{
	while (!list_empty(&registry->providers))
		destroy_provider(CONTAINER_OF(registry->providers.next, struct provider, node));
	uv_close((uv_handle_t *)&registry->timer, on_handle_closed);
	uv_close((uv_handle_t *)&registry->hurry, on_handle_closed);
}

/* The lists of models. */

static void list_changed(struct registry *registry, bool different)
{
	if (different && registry->options.changed != NULL)
		registry->options.changed(registry->options.context);
}

void provider_models_set(struct provider *provider, const struct model *models, size_t count)
{
	struct registry *registry = provider->registry;
	char number[24];

	loop_assert(registry->options.loop);
	entry_of(provider)->listed = true;
	list_changed(registry, model_cache_put(registry->models, provider->name, models, count));
	snprintf(number, sizeof(number), "%zu", count);
	log_debug("models", "provider", provider->name, "count", number, NULL);
	looked(entry_of(provider), true);
}

void provider_models_fail(struct provider *provider, const char *detail)
{
	struct registry *registry = provider->registry;

	loop_assert(registry->options.loop);
	list_changed(registry,
		     model_cache_mark(registry->models, provider->name, MODEL_UNAVAILABLE, detail));
	log_debug("models", "provider", provider->name, "fault", detail, NULL);
	looked(entry_of(provider), false);
}

const struct model_list *registry_models(struct registry *registry)
{
	uv_async_send(&registry->hurry);
	return model_cache_read(registry->models);
}

bool registry_has_model(struct registry *registry, const char *id)
{
	enum model_status status = MODEL_UNAVAILABLE;
	bool found = model_cache_status(registry->models, id, &status);

	if (status != MODEL_READY)
		uv_async_send(&registry->hurry);
	return found;
}

struct model_cache_counts registry_counts(struct registry *registry)
{
	return model_cache_counts(registry->models);
}

/* Answers. */

/* Whose model it is. One that has never told its list is asked for the model; it will know. */
static struct provider *find_provider(struct registry *registry, const char *id)
{
	const char *slash = strchr(id, '/');

	enum model_status status;

	LIST_EACH(provider, &registry->providers, struct provider, node) {
		size_t length = strlen(provider->name);

		if (slash == NULL || length != (size_t)(slash - id) ||
		    memcmp(provider->name, id, length) != 0)
			continue;
		if (!entry_of(provider)->listed ||
		    model_cache_status(registry->models, id, &status))
			return provider;
	}
	return &registry->nobody;
}

struct registry_chat registry_chat_start(struct registry *registry, const char *id,
					 const struct chat_request *request,
					 const struct chat_events *events, void *context)
{
	struct provider *provider = find_provider(registry, id);
	struct chat_request own = *request;
	const char *slash = strchr(id, '/');

	loop_assert(registry->options.loop);
	own.model = slash != NULL ? slash + 1 : id;
	if (provider == &registry->nobody || entry_of(provider)->retry_ms > 0)
		uv_async_send(&registry->hurry);
	return (struct registry_chat){
		.provider = provider,
		.chat = provider->kind->chat_start(provider, &own, events, context),
	};
}

void registry_chat_cancel(struct registry_chat chat)
{
	chat.provider->kind->chat_cancel(chat.chat);
}
