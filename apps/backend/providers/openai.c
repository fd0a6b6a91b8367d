/*
 * Any server with OpenAI's API: GET /models, and POST /chat/completions answered as an event
 * stream.
 */
#include "providers/http_provider.h"
#include "providers/registry.h"
#include "schema/schema.h"

#include <string.h>

/*
 * The base URL is given with its "/v1", as for OpenAI's own libraries; one without a path gets it.
 */
static void append_base(const struct provider *provider, struct buf *url)
{
	const char *host = strstr(provider->url, "://");

	buf_append_text(url, provider->url);
	if (host != NULL && strchr(host + 3, '/') == NULL)
		BUF_LITERAL(url, "/v1");
}

static void models_url(const struct provider *provider, struct buf *url)
{
	append_base(provider, url);
	BUF_LITERAL(url, "/models");
}

static void chat_url(const struct provider *provider, struct buf *url)
{
	append_base(provider, url);
	BUF_LITERAL(url, "/chat/completions");
}

static const char *role_name(enum chat_role role)
{
	static const char *const names[] = {
		[CHAT_SYSTEM] = "system",
		[CHAT_USER] = "user",
		[CHAT_ASSISTANT] = "assistant",
	};

	return names[role];
}

static void begin_message(enum chat_role role, struct buf *body)
{
	if (body->data[body->length - 1] != '[')
		buf_append_char(body, ',');
	buf_printf(body, "{\"role\":\"%s\",\"content\":", role_name(role));
}

static void write_message(const struct chat_turn *turn, struct buf *body)
{
	begin_message(turn->role, body);
	json_append_string(body, turn->content);
	buf_append_char(body, '}');
}

/*
 * The instruction stands in the one system message at the front, since many servers accept none
 * elsewhere; the answer to be continued is the last message, which those that can prefill take as
 * the beginning of theirs.
 */
static void write_instruction(const struct chat_turn *system, struct buf *body)
{
	struct buf text;

	buf_init(&text, body->max);
	if (system != NULL)
		buf_printf(&text, "%s\n\n", system->content);
	buf_append_text(&text, continue_instruction);
	begin_message(CHAT_SYSTEM, body);
	json_append_string_n(body, text.data, text.length);
	buf_append_char(body, '}');
	buf_finish(&text);
}

static void write_request(const struct chat_request *request, struct buf *body)
{
	bool has_system = request->turns_count > 0 && request->turns[0].role == CHAT_SYSTEM;
	size_t first = 0;

	BUF_LITERAL(body, "{\"model\":");
	json_append_string(body, request->model);
	BUF_LITERAL(body,
		    ",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[");
	if (request->go_on) {
		write_instruction(has_system ? &request->turns[0] : NULL, body);
		first = has_system;
	}
	for (size_t i = first; i < request->turns_count; i++)
		write_message(&request->turns[i], body);
	BUF_LITERAL(body, "]}");
}

/* An error in the midst of a stream; some carry the status that it would have had. */
static void read_error(struct chat *chat, const json_t *root, const json_t *error)
{
	const json_t *code = json_object_get(error, "code");
	enum chat_end end = CHAT_ERROR;

	if (json_is_integer(code))
		end = chat_end_of_status(json_integer_value(code));
	http_chat_fail(chat, end, root);
}

/* Not of the API; DeepSeek, vLLM and llama.cpp have the first name, OpenRouter and others the second. */
static void read_thought(struct chat *chat, const json_t *delta)
{
	const json_t *thought = json_object_get(delta, "reasoning_content");

	if (!json_is_string(thought))
		thought = json_object_get(delta, "reasoning");
	if (json_is_string(thought))
		http_chat_thought(chat, json_string_value(thought), json_string_length(thought));
}

static void read_choice(struct chat *chat, const json_t *choice)
{
	const json_t *delta = json_object_get(choice, "delta");
	const json_t *content = json_object_get(delta, "content");
	const json_t *reason = json_object_get(choice, "finish_reason");

	read_thought(chat, delta);
	if (json_is_string(content))
		http_chat_text(chat, json_string_value(content), json_string_length(content));
	if (json_string_length(reason) > 0) /* some servers send an empty one with each piece */
		http_chat_finished(chat, json_string_value(reason));
}

static void read_usage(struct chat *chat, const json_t *usage)
{
	const json_t *in = json_object_get(usage, "prompt_tokens");
	const json_t *out = json_object_get(usage, "completion_tokens");

	if (json_is_integer(in) && json_is_integer(out))
		http_chat_usage(chat, json_integer_value(in), json_integer_value(out));
}

static void read_chunk(struct chat *chat, const json_t *root)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *choices = json_object_get(root, "choices");

	if (error != NULL && !json_is_null(error)) {
		read_error(chat, root, error);
		return;
	}
	if (!json_is_array(choices)) {
		http_chat_fail(chat, CHAT_MALFORMED, NULL);
		return;
	}
	read_usage(chat, json_object_get(root, "usage"));
	if (json_array_size(choices) > 0)
		read_choice(chat, json_array_get(choices, 0));
}

static void read_event(struct chat *chat, const char *json, size_t length)
{
	static const char done[] = "[DONE]";
	json_t *root;

	if (length == strlen(done) && memcmp(json, done, length) == 0) {
		http_chat_finished(chat, NULL);
		http_chat_closing(chat);
		return;
	}
	root = json_loadb(json, length, JSON_ALLOW_NUL, NULL);
	if (root != NULL)
		read_chunk(chat, root);
	else
		http_chat_fail(chat, CHAT_MALFORMED, NULL);
	json_decref(root);
}

/* Not of the API, but under these names several servers say how much a model can take in. */
static int64_t read_context_window(const json_t *entry)
{
	static const char *const names[] = { "context_window", "context_length", "max_model_len" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *value = json_object_get(entry, names[i]);

		if (json_is_integer(value) && json_integer_value(value) > 0)
			return json_integer_value(value);
	}
	return json_integer_value(json_object_get(json_object_get(entry, "meta"), "n_ctx_train"));
}

static bool read_models(const json_t *root, struct arena *arena, struct model **ret_models,
			size_t *ret_count)
{
	const json_t *list = json_object_get(root, "data");
	size_t count = json_array_size(list);
	struct model *models = ARENA_ARRAY(arena, count, struct model);

	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(entry, "id"));

		if (id == NULL)
			return false;
		models[i].id = arena_strdup(arena, id);
		models[i].name = models[i].id;
		models[i].context_window = read_context_window(entry);
	}
	*ret_models = models;
	*ret_count = count;
	return true;
}

static const struct dialect dialect = {
	.event_stream = true,
	.models_url = models_url,
	.chat_url = chat_url,
	.write_request = write_request,
	.read = read_event,
	.read_models = read_models,
};

const struct provider_kind openai_kind = {
	.name = "openai",
	.dialect = &dialect,
	.refresh = http_models_refresh,
	.chat_start = http_chat_start,
	.chat_cancel = http_chat_cancel,
	.destroy = http_models_destroy,
};
