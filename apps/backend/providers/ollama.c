/*
 * Ollama by its own API: GET /api/tags, and POST /api/chat answered with a JSON document on each
 * line.
 */
#include "providers/http_provider.h"
#include "providers/registry.h"
#include "schema/schema.h"

#include <string.h>

static void models_url(const struct provider *provider, struct buf *url)
{
	buf_append_text(url, provider->url);
	BUF_LITERAL(url, "/api/tags");
}

static void chat_url(const struct provider *provider, struct buf *url)
{
	buf_append_text(url, provider->url);
	BUF_LITERAL(url, "/api/chat");
}

/*
 * An assistant's message at the end is the beginning of the answer here, so an answer that goes on
 * needs nothing more.
 */
static void write_request(const struct chat_request *request, struct buf *body)
{
	static const char *const names[] = {
		[CHAT_SYSTEM] = "system",
		[CHAT_USER] = "user",
		[CHAT_ASSISTANT] = "assistant",
	};

	BUF_LITERAL(body, "{\"model\":");
	json_append_string(body, request->model);
	BUF_LITERAL(body, ",\"stream\":true,\"messages\":[");
	for (size_t i = 0; i < request->turns_count; i++) {
		buf_printf(body, "%s{\"role\":\"%s\",\"content\":", i > 0 ? "," : "",
			   names[request->turns[i].role]);
		json_append_string(body, request->turns[i].content);
		buf_append_char(body, '}');
	}
	BUF_LITERAL(body, "]}");
}

/* Figures that are not there are unknown. */
static int64_t read_figure(const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static void read_done(struct chat *chat, const json_t *root)
{
	const char *reason = json_string_value(json_object_get(root, "done_reason"));

	http_chat_usage(chat, read_figure(root, "prompt_eval_count"),
			read_figure(root, "eval_count"));
	http_chat_finished(chat, reason);
	http_chat_closing(chat);
}

/*
 * A document has a piece of the answer, or the end of it, or both; what is there must be of its
 * kind.
 */
static bool is_answer(const json_t *message, const json_t *content, const json_t *done)
{
	if (message != NULL && !json_is_object(message))
		return false;
	if (content != NULL && !json_is_string(content))
		return false;
	return content != NULL || json_is_boolean(done);
}

static void read_object(struct chat *chat, const json_t *root)
{
	const json_t *message = json_object_get(root, "message");
	const json_t *content = json_object_get(message, "content");
	const json_t *thought = json_object_get(message, "thinking");
	const json_t *done = json_object_get(root, "done");

	if (json_object_get(root, "error") != NULL) {
		http_chat_fail(chat, CHAT_ERROR, root);
		return;
	}
	if (!is_answer(message, content, done)) {
		http_chat_fail(chat, CHAT_MALFORMED, NULL);
		return;
	}
	if (json_is_string(thought))
		http_chat_thought(chat, json_string_value(thought), json_string_length(thought));
	if (content != NULL)
		http_chat_text(chat, json_string_value(content), json_string_length(content));
	if (json_is_true(done))
		read_done(chat, root);
}

static void read_document(struct chat *chat, const char *json, size_t length)
{
	json_t *root = json_loadb(json, length, JSON_ALLOW_NUL, NULL);

	if (json_is_object(root))
		read_object(chat, root);
	else
		http_chat_fail(chat, CHAT_MALFORMED, NULL);
	json_decref(root);
}

static bool read_models(const json_t *root, struct arena *arena, struct model **ret_models,
			size_t *ret_count)
{
	const json_t *list = json_object_get(root, "models");
	size_t count = json_array_size(list);
	struct model *models = ARENA_ARRAY(arena, count, struct model);

	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *name =
			json_string_value(json_object_get(json_array_get(list, i), "name"));

		if (name == NULL)
			return false;
		models[i].id = arena_strdup(arena, name);
		models[i].name = models[i].id;
	}
	*ret_models = models;
	*ret_count = count;
	return true;
}

static const struct dialect dialect = {
	.event_stream = false,
	.models_url = models_url,
	.chat_url = chat_url,
	.write_request = write_request,
	.read = read_document,
	.read_models = read_models,
};

const struct provider_kind ollama_kind = {
	.name = "ollama",
	.dialect = &dialect,
	.refresh = http_models_refresh,
	.chat_start = http_chat_start,
	.chat_cancel = http_chat_cancel,
	.destroy = http_models_destroy,
};
