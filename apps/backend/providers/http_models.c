#include "providers/http_provider.h"

#include "base/memory.h"
#include "providers/registry.h"

#include <stdlib.h>

enum { LIST_MAX = 4 << 20, LIST_MS = 10000 };

/* A provider's `state`: the asking for its list. */
struct asking {
	struct fetch *fetch; /* NULL: nothing is asked now */
	struct buf reply;
};

static void on_data(void *context, const char *data, size_t length)
{
	struct provider *provider = context;
	struct asking *asking = provider->state;

	buf_append(&asking->reply, data, length);
}

/* Sets the list that came; false if it is none. */
static bool set_models(struct provider *provider, const struct asking *asking)
{
	const char *text = asking->reply.length > 0 ? asking->reply.data : "";
	json_t *root = json_loadb(text, asking->reply.length, 0, NULL);
	struct model *models;
	struct arena arena;
	size_t count;
	bool valid;

	arena_init(&arena);
	valid = root != NULL && provider->kind->dialect->read_models(root, &arena, &models, &count);
	if (valid)
		provider_models_set(provider, models, count);
	arena_finish(&arena);
	json_decref(root);
	return valid;
}

static enum chat_end fault_of(enum fetch_end end, int status)
{
	if (end == FETCH_OK)
		return status == 200 ? CHAT_MALFORMED : chat_end_of_status(status);
	if (end == FETCH_TIMEOUT || end == FETCH_STALLED || end == FETCH_BUSY)
		return CHAT_TIMEOUT;
	return end == FETCH_REFUSED || end == FETCH_FORBIDDEN ? CHAT_REFUSED : CHAT_MALFORMED;
}

static void on_end(void *context, enum fetch_end end, int status)
{
	struct provider *provider = context;
	struct asking *asking = provider->state;
	enum chat_end fault = fault_of(end, status);

	asking->fetch = NULL;
	/*
	 * A server without such an address is no model server, whereas "model not found" would
	 * mislead.
	 */
	if (fault == CHAT_MODEL_NOT_FOUND)
		fault = CHAT_MALFORMED;
	if (end != FETCH_OK || status != 200 || !set_models(provider, asking))
		provider_models_fail(provider, chat_end_detail(fault));
	buf_release(&asking->reply);
}

static const struct fetch_events fetch_events = { .data = on_data, .end = on_end };

static struct asking *asking_of(struct provider *provider)
{
	struct asking *asking = provider->state;

	if (asking == NULL) {
		asking = MEMORY_NEW(struct asking);
		buf_init(&asking->reply, LIST_MAX);
		provider->state = asking;
	}
	return asking;
}

void http_models_refresh(struct provider *provider)
{
	const struct registry_options *registry = &provider->registry->options;
	struct asking *asking = asking_of(provider);
	const char *headers[PROVIDER_HEADERS_MAX];
	struct fetch_options options = { .method = "GET",
					 .headers = headers,
					 .reach = REACH_ANY,
					 .connect_ms = registry->times.connect_ms,
					 .total_ms = LIST_MS,
					 .reply_max = LIST_MAX };
	struct arena arena;
	struct buf url;

	if (asking->fetch != NULL)
		return;
	arena_init(&arena);
	buf_init(&url, LINE_MAX_BYTES);
	provider_headers(provider, NULL, false, &arena, headers);
	provider->kind->dialect->models_url(provider, &url);
	options.url = url.data;
	asking->fetch = fetch_start(registry->client, &options, &fetch_events, provider);
	buf_finish(&url);
	arena_finish(&arena);
}

void http_models_destroy(struct provider *provider)
{
	struct asking *asking = provider->state;

	if (asking == NULL)
		return;
	if (asking->fetch != NULL)
		fetch_cancel(asking->fetch);
	buf_finish(&asking->reply);
	free(asking);
}
