#include "models/models.h"

#include "app.h"
#include "http/request.h"
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

struct model_list {
	int64_t limit;
	const char *cursor;
};

static const struct field model_list_fields[] = {
	FIELD(struct model_list, limit, .from = FROM_QUERY, .preset = "100", .min = 1, .max = 100,
	      .doc = "How many at the most."),
	FIELD(struct model_list, cursor, .from = FROM_QUERY, .optional = true, .max = 300,
	      .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema model_list_schema =
	SCHEMA(struct model_list, model_list_fields, .name = "ModelList");

/* The cursor is the id of the last model that was seen. */
static enum err models_list(struct request *request, const void *in, void *out)
{
	const struct model_list *input = in;
	struct page *page = out;
	struct model *models;
	size_t count, first = 0;

	registry_models(request->app->models, &request->arena, &models, &count);
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
	{ "GET", "/api/v1/models", .access = "models:read", .in = &model_list_schema,
	  .out = &model_page_schema, .handle = models_list,
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

void models_changed(struct app *app)
{
	struct event event = { .type = "models", .topic = "models", .seq = -1, .fields = "" };

	topic_publish(app->topics, "models", &event);
}
