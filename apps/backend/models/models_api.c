#include "models/models.h"

#include "app.h"
#include "http/request.h"
#include "middleware/cache.h"
#include "providers/provider.h"
#include "security/authorize.h"
#include "websockets/connection_manager.h"

#include <string.h>

static const struct field model_fields[] = {
	FIELD(struct model, id,
	      .doc = "The provider's name, a slash, the model's: `ollama/llama3.2:3b`."),
	FIELD(struct model, name, .doc = "For people."),
	FIELD(struct model, provider, .doc = "Who answers: `webplus` is built in."),
	FIELD(struct model, status, .names = model_status_names,
	      .doc = "Whether it can be used now."),
	FIELD(struct model, detail, .nullable = true, .doc = "Why it cannot."),
	FIELD(struct model, context_window, .nullable = true, .unit = "tokens",
	      .doc = "How much it can read at once; null where unknown."),
	{ 0 },
};

static const struct schema model_schema = SCHEMA(struct model, model_fields, .name = "Model",
						 .doc = "A model that can be talked to.");

PAGE_SCHEMA(model_page_schema, model_schema, "ModelPage");

struct model_query {
	int64_t limit;
	const char *cursor;
};

static const struct field model_list_fields[] = {
	FIELD(struct model_query, limit, .from = FROM_QUERY, .preset = "100", .min = 1, .max = 100,
	      .doc = "How many at the most."),
	FIELD(struct model_query, cursor, .from = FROM_QUERY, .optional = true, .max = 300,
	      .format = FORMAT_LINE, .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema model_list_schema =
	SCHEMA(struct model_query, model_list_fields, .name = "ModelList");

/* The reply outlives the list that it was made from. */
static void copy_models(struct request *request, struct model **ret_models, size_t *ret_count)
{
	const struct model_list *list = registry_models(request->app->models);
	struct arena *arena = &request->arena;
	struct model *models = ARENA_ARRAY(arena, list->count, struct model);

	for (size_t i = 0; i < list->count; i++) {
		models[i] = list->models[i];
		models[i].id = arena_strdup(arena, models[i].id);
		models[i].name = arena_strdup(arena, models[i].name);
		models[i].provider = arena_strdup(arena, models[i].provider);
		models[i].detail = arena_strdup(arena, models[i].detail);
	}
	*ret_models = models;
	*ret_count = list->count;
	model_cache_give_back(list);
}

/* The cursor is the id of the last model that was seen. */
static enum err models_list(struct request *request, const void *in, void *out)
{
	const struct model_query *input = in;
	struct page *page = out;
	struct model *models;
	size_t count, first = 0;

	copy_models(request, &models, &count);
	if (input->cursor) {
		while (first < count && strcmp(models[first].id, input->cursor) != 0)
			first++;
		if (first == count)
			return request_invalid(request, "cursor", "is not one that this list gave");
		first++;
	}
	page->items = (struct array){ models + first, count - first };
	if ((int64_t)page->items.count > input->limit) {
		page->items.count = (size_t)input->limit;
		page->next_cursor = models[first + page->items.count - 1].id;
	}
	return ERR_OK;
}

const struct route models_routes[] = {
	{ "GET", "/api/v1/models", .access = "models:read", .cache = { CACHE_ROLE, 30, "models" },
	  .in = &model_list_schema, .out = &model_page_schema, .handle = models_list,
	  .doc = "The models, the built-in one first." },
	{ 0 },
};

/* ---- The topic ---- */

static enum err authorize_models(struct app *app, const struct principal *principal, const char *id)
{
	(void)app;
	(void)id;
	return authorize(principal, PERMISSION_MODELS_READ);
}

static void join_models(struct app *app, struct subscription *subscription,
			const struct principal *principal, const char *id)
{
	(void)principal;
	(void)id;
	topic_join(app->topics, "models", &subscription->subscriber);
}

const struct topic_kind models_topic = { .name = "models",
					 .authorize = authorize_models,
					 .join = join_models };

static void tell_changed(void *context, enum err err)
{
	struct app *app = context;
	struct event event = { .type = "models", .topic = "models", .seq = -1, .fields = "" };

	if (err == ERR_OK)
		topic_publish(app->topics, "models", &event);
}

void models_changed(struct app *app)
{
	cache_raise_and_tell(app, "models", NULL, tell_changed, app);
}
