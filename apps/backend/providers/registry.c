#include "providers/registry.h"

#include "base/clock.h"
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
	struct arena arena; /* of its models */
	bool listed;        /* a list has come at least once */
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
	arena_init(&entry->arena);
	list_append(&registry->providers, &provider->node);
}

static void destroy_provider(struct provider *provider)
{
	list_remove(&provider->node);
	provider->kind->destroy(provider);
	free(provider->name);
	free(provider->url);
	free(provider->key);
	arena_finish(&entry_of(provider)->arena);
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
	pthread_mutex_init(&registry->lock, NULL);
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
	pthread_mutex_destroy(&registry->lock);
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

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_models(const struct model *a, size_t a_count, const struct model *b,
			size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!same_text(a[i].id, b[i].id) || !same_text(a[i].name, b[i].name) ||
		    !same_text(a[i].detail, b[i].detail) || a[i].status != b[i].status ||
		    a[i].context_window != b[i].context_window)
			return false;
	return true;
}

static struct model copy_model(const struct model *model, struct arena *arena)
{
	return (struct model){
		.id = arena_strdup(arena, model->id),
		.name = arena_strdup(arena, model->name),
		.provider = arena_strdup(arena, model->provider),
		.status = model->status,
		.detail = arena_strdup(arena, model->detail),
		.context_window = model->context_window,
	};
}

/* Takes the list over if it differs from the one there is. */
static void replace_models(struct provider *provider, struct model *models, size_t count,
			   struct arena *arena)
{
	struct registry *registry = provider->registry;
	struct entry *entry = entry_of(provider);
	struct arena former = entry->arena;

	if (same_models(provider->models, provider->models_count, models, count)) {
		arena_finish(arena);
		return;
	}
	pthread_mutex_lock(&registry->lock);
	entry->arena = *arena;
	provider->models = models;
	provider->models_count = count;
	pthread_mutex_unlock(&registry->lock);
	arena_finish(&former);
	if (registry->options.changed != NULL)
		registry->options.changed(registry->options.context);
}

void provider_models_set(struct provider *provider, const struct model *models, size_t count,
			 enum model_status status, const char *detail)
{
	struct entry *entry = entry_of(provider);
	bool keep = status != MODEL_READY && count == 0;
	const struct model *source = keep ? provider->models : models;
	struct model *list;
	struct arena arena;

	loop_assert(provider->registry->options.loop);
	count = keep ? provider->models_count : count;
	entry->listed = entry->listed || !keep;
	arena_init(&arena);
	list = ARENA_ARRAY(&arena, count, struct model);
	for (size_t i = 0; i < count; i++) {
		struct model model = source[i];

		model.provider = provider->name;
		model.status = status;
		model.detail = detail;
		if (!keep)
			model.id = arena_printf(&arena, "%s/%s", provider->name, source[i].id);
		list[i] = copy_model(&model, &arena);
	}
	replace_models(provider, list, count, &arena);
	looked(entry, status == MODEL_READY);
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

void registry_models(struct registry *registry, struct arena *arena, struct model **ret_models,
		     size_t *ret_count)
{
	size_t total = 0, count = 0;
	struct model *models;

	pthread_mutex_lock(&registry->lock);
	LIST_EACH(provider, &registry->providers, struct provider, node)
		total += provider->models_count;
	models = ARENA_ARRAY(arena, total, struct model);
	LIST_EACH(provider, &registry->providers, struct provider, node)
		for (size_t i = 0; i < provider->models_count; i++)
			models[count++] = copy_model(&provider->models[i], arena);
	pthread_mutex_unlock(&registry->lock);
	uv_async_send(&registry->hurry);
	if (count > 0)
		qsort(models, count, sizeof(models[0]), compare_models);
	*ret_models = models;
	*ret_count = count;
}

static const struct model *provider_model(const struct provider *provider, const char *id)
{
	for (size_t i = 0; i < provider->models_count; i++)
		if (strcmp(provider->models[i].id, id) == 0)
			return &provider->models[i];
	return NULL;
}

bool registry_has_model(struct registry *registry, const char *id)
{
	bool found = false, ready = false;

	pthread_mutex_lock(&registry->lock);
	LIST_EACH(provider, &registry->providers, struct provider, node) {
		const struct model *model = provider_model(provider, id);

		found = found || model;
		ready = ready || (model && model->status == MODEL_READY);
	}
	pthread_mutex_unlock(&registry->lock);
	if (!ready)
		uv_async_send(&registry->hurry);
	return found;
}

/* Answers. */

/* Whose model it is. One that has never told its list is asked for the model; it will know. */
static struct provider *find_provider(struct registry *registry, const char *id)
{
	const char *slash = strchr(id, '/');

	LIST_EACH(provider, &registry->providers, struct provider, node) {
		size_t length = strlen(provider->name);

		if (slash == NULL || length != (size_t)(slash - id) ||
		    memcmp(provider->name, id, length) != 0)
			continue;
		if (!entry_of(provider)->listed || provider_model(provider, id))
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
