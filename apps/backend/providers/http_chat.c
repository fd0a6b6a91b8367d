#include "providers/http_provider.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "providers/registry.h"
#include "providers/thought.h"

#include <stdlib.h>
#include <string.h>

enum {
	REQUEST_MAX = 64 << 20,
	ANSWER_MAX = 64 << 20,
	REFUSAL_MAX = 64 << 10, /* of the body of an error */
	DETAIL_MAX = 300,       /* bytes of it that are shown */
	CLOSING_MS = 1000,      /* for the end of a reply whose last word was said */
};

const char continue_instruction[] = "The last message is your own answer, which was cut off. "
				    "Continue it from exactly where it ends: do not repeat any "
				    "of it, and add no introduction or comment.";

/*
 * Why an answer ends, in the words of OpenAI's protocol, of Ollama's, and of servers that speak one of them. Whole is what its
 * model ended itself; whatever is not known here may have been cut.
 */
static const struct finish {
	const char *reason; /* NULL: none is given */
	enum chat_end end;
	const char *detail;
} finishes[] = {
	/*
	 * Many servers never give one, and say only that they are done. That word is their last, behind everything: a connection
	 * that breaks, or a fault on their way, does not bring it. So it is believed, if there is an answer before it.
	 */
	{ NULL, CHAT_COMPLETE, NULL },
	{ "stop", CHAT_COMPLETE, NULL },
	{ "tool_calls", CHAT_COMPLETE, NULL },
	{ "function_call", CHAT_COMPLETE, NULL },
	{ "end_turn", CHAT_COMPLETE, NULL },
	{ "eos", CHAT_COMPLETE, NULL },
	{ "eos_token", CHAT_COMPLETE, NULL },
	{ "stop_sequence", CHAT_COMPLETE, NULL },
	{ "length", CHAT_TRUNCATED, "The model reached its limit of tokens." },
	{ "max_tokens", CHAT_TRUNCATED, "The model reached its limit of tokens." },
	{ "abort", CHAT_TRUNCATED, "It was aborted there." },
	{ "content_filter", CHAT_FILTERED, NULL },
	{ "error", CHAT_ERROR, NULL },
};

static const struct finish unknown_finish = { "", CHAT_TRUNCATED,
					      "It gave a reason that is not known." };

struct chat {
	struct provider *provider;
	const struct dialect *dialect; /* its kind's */
	const struct chat_events *events;
	void *context;
	struct fetch *fetch; /* NULL once it has ended */
	struct sse_parser sse;
	struct ndjson_parser ndjson;
	struct buf refusal; /* the body of a reply that is an error */
	int status;
	size_t received; /* bytes of the answer */
	bool understood; /* at least one document of it */
	bool at_end;     /* what is read now is the rest behind the last end of a line */
	bool said;       /* some text */
	bool thinks;     /* what was said last is a thought, which is not closed */
	bool may_think;  /* nothing was said before it */
	const struct finish *finish; /* NULL: it has not said that it ends */
	struct chat_usage usage;
	bool inside; /* a function of this file is at work on it, and frees it at its end */
	bool over;   /* ended or cancelled: nothing more is said to the owner */
};

static void chat_free(struct chat *chat)
{
	sse_parser_finish(&chat->sse);
	ndjson_parser_finish(&chat->ndjson);
	buf_finish(&chat->refusal);
	free(chat);
}

static void leave(struct chat *chat)
{
	chat->inside = false;
	if (chat->over)
		chat_free(chat);
}

/* Ends it for the owner; leave() frees it. */
static void end(struct chat *chat, enum chat_end how, const char *detail)
{
	if (chat->over)
		return;
	chat->over = true;
	if (chat->fetch != NULL)
		fetch_cancel(chat->fetch);
	chat->events->end(chat->context, how, detail, chat->usage);
}

/* What the upstream said, in the ways that servers are known to say it, or NULL. */
static const char *find_sentence(const json_t *error)
{
	static const char *const members[] = { "error", "message", "detail" };

	if (json_is_string(error))
		return json_string_value(error);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *member = json_object_get(error, members[i]);
		const char *found = json_is_string(member) ? json_string_value(member) : NULL;

		if (found == NULL && json_is_object(member))
			found = json_string_value(json_object_get(member, "message"));
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* A bounded copy on one line; NULL for nothing. */
static const char *make_detail(const char *sentence, char detail[static DETAIL_MAX + 1])
{
	size_t length = sentence != NULL ? strlen(sentence) : 0;

	if (length == 0)
		return NULL;
	if (length > DETAIL_MAX)
		length = utf8_complete_prefix(sentence, DETAIL_MAX);
	memcpy(detail, sentence, length);
	detail[length] = '\0';
	for (char *c = detail; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = ' ';
	return detail;
}

void http_chat_fail(struct chat *chat, enum chat_end how, const json_t *error)
{
	char detail[DETAIL_MAX + 1];
	/* Half a document behind whole ones was cut, not garbled. */
	if (how == CHAT_MALFORMED && chat->at_end && chat->understood)
		how = CHAT_TRUNCATED;
	/* What is said of a wrong key may quote the key. */
	const char *sentence = how != CHAT_UNAUTHORIZED ? find_sentence(error) : NULL;

	end(chat, how, make_detail(sentence, detail));
}

static void say(struct chat *chat, const char *text, size_t length)
{
	const char *nul;

	while (!chat->over && (nul = memchr(text, '\0', length)) != NULL) {
		if (nul > text)
			chat->events->text(chat->context, text, (size_t)(nul - text));
		length -= (size_t)(nul + 1 - text);
		text = nul + 1;
	}
	if (!chat->over && length > 0)
		chat->events->text(chat->context, text, length);
}

static void close_thought(struct chat *chat)
{
	static const char end[] = "\n" THOUGHT_END "\n\n";

	if (chat->thinks)
		say(chat, end, sizeof(end) - 1);
	chat->thinks = false;
}

void http_chat_thought(struct chat *chat, const char *text, size_t length)
{
	static const char begin[] = THOUGHT_BEGIN "\n";

	if (!chat->may_think || length == 0)
		return;
	if (!chat->thinks)
		say(chat, begin, sizeof(begin) - 1);
	chat->thinks = true;
	say(chat, text, length);
}

void http_chat_text(struct chat *chat, const char *text, size_t length)
{
	if (length == 0)
		return;
	close_thought(chat);
	chat->may_think = false;
	chat->said = true;
	say(chat, text, length);
}

static bool is_finish(const struct finish *finish, const char *reason)
{
	return reason && finish->reason ? strcmp(finish->reason, reason) == 0
					: reason == finish->reason;
}

static const struct finish *find_finish(const char *reason)
{
	for (size_t i = 0; i < sizeof(finishes) / sizeof(finishes[0]); i++)
		if (is_finish(&finishes[i], reason))
			return &finishes[i];
	return &unknown_finish;
}

/* The first word counts: what follows repeats it, or is said by somebody between. */
void http_chat_finished(struct chat *chat, const char *reason)
{
	if (!chat->finish && (reason || chat->said))
		chat->finish = find_finish(reason);
}

void http_chat_closing(struct chat *chat)
{
	/* Most close now, and the connection can be used again; who does not is not waited for. */
	if (!chat->over && chat->fetch != NULL)
		fetch_set_stall(chat->fetch, CLOSING_MS);
}

void http_chat_usage(struct chat *chat, int64_t tokens_in, int64_t tokens_out)
{
	chat->usage = (struct chat_usage){ tokens_in, tokens_out };
}

enum chat_end chat_end_of_status(int64_t status)
{
	switch (status) {
	case 401:
	case 403:
		return CHAT_UNAUTHORIZED;
	case 404:
		return CHAT_MODEL_NOT_FOUND;
	case 429:
		return CHAT_RATE_LIMITED;
	default:
		return CHAT_ERROR;
	}
}

static enum chat_end end_of_fetch(const struct chat *chat, enum fetch_end how)
{
	switch (how) {
	case FETCH_OK:
		return chat->understood || chat->received == 0 ? CHAT_TRUNCATED : CHAT_MALFORMED;
	case FETCH_REFUSED:
	case FETCH_FORBIDDEN:
		return CHAT_REFUSED;
	case FETCH_TIMEOUT:
	case FETCH_BUSY:
		return CHAT_TIMEOUT;
	case FETCH_STALLED:
		return CHAT_STALLED;
	case FETCH_TRUNCATED:
		return CHAT_TRUNCATED;
	case FETCH_TOO_LARGE:
	case FETCH_FAILED:
	case FETCH_ENDS:
		break;
	}
	return CHAT_MALFORMED;
}

static bool on_event(void *context, const char *name, const char *data, size_t length)
{
	struct chat *chat = context;

	(void)name;
	chat->dialect->read(chat, data, length);
	chat->understood = true; /* or it was failed */
	return !chat->over;
}

static bool on_document(void *context, const char *json, size_t length)
{
	return on_event(context, NULL, json, length);
}

static bool is_answer(const struct chat *chat)
{
	return chat->status >= 200 && chat->status < 300;
}

static void on_head(void *context, int status)
{
	struct chat *chat = context;

	chat->status = status;
}

static void on_data(void *context, const char *data, size_t length)
{
	struct chat *chat = context;
	enum err err;

	if (!is_answer(chat)) {
		buf_append(&chat->refusal, data, length);
		return;
	}
	chat->inside = true;
	chat->received += length;
	err = chat->dialect->event_stream ? sse_parser_feed(&chat->sse, data, length)
					  : ndjson_parser_feed(&chat->ndjson, data, length);
	if (err == ERR_TOO_LARGE)
		end(chat, CHAT_MALFORMED, NULL);
	leave(chat);
}

/* The rest that no end of line came for. */
static void end_stream(struct chat *chat)
{
	enum err err;

	chat->at_end = true;
	err = chat->dialect->event_stream ? sse_parser_end(&chat->sse)
					  : ndjson_parser_end(&chat->ndjson);
	(void)err; /* cancelled: then it is over */
}

static void end_with_refusal(struct chat *chat)
{
	const char *body = chat->refusal.length > 0 ? chat->refusal.data : "";
	json_t *error = json_loadb(body, chat->refusal.length, 0, NULL);

	http_chat_fail(chat, chat_end_of_status(chat->status), error);
	json_decref(error);
}

static void on_end(void *context, enum fetch_end how, int status)
{
	struct chat *chat = context;

	chat->fetch = NULL;
	chat->inside = true;
	if (status != 0 && !is_answer(chat))
		end_with_refusal(chat);
	else if (how == FETCH_OK)
		end_stream(chat);
	if (chat->finish)
		close_thought(chat);
	if (chat->finish)
		end(chat, chat->finish->end, chat->finish->detail);
	else
		end(chat, end_of_fetch(chat, how), NULL);
	leave(chat);
}

static const struct fetch_events fetch_events = { on_head, on_data, on_end };

void provider_headers(const struct provider *provider, const char *request_id, bool has_body,
		      struct arena *arena, const char **list)
{
	if (has_body)
		*list++ = "Content-Type: application/json";
	*list++ = "User-Agent: WebPlus/" WEBPLUS_VERSION;
	if (provider->key != NULL && *provider->key != '\0')
		*list++ = arena_printf(arena, "Authorization: Bearer %s", provider->key);
	if (request_id != NULL)
		*list++ = arena_printf(arena, "X-Request-Id: %s", request_id);
	*list = NULL;
}

static struct chat *chat_create(struct provider *provider, const struct chat_events *events,
				void *context)
{
	struct chat *chat = MEMORY_NEW(struct chat);

	chat->provider = provider;
	chat->dialect = provider->kind->dialect;
	chat->events = events;
	chat->context = context;
	chat->usage = (struct chat_usage){ -1, -1 };
	sse_parser_init(&chat->sse, on_event, chat);
	ndjson_parser_init(&chat->ndjson, on_document, chat);
	buf_init(&chat->refusal, REFUSAL_MAX);
	return chat;
}

struct chat *http_chat_start(struct provider *provider, const struct chat_request *request,
			     const struct chat_events *events, void *context)
{
	const struct registry_options *registry = &provider->registry->options;
	struct chat *chat = chat_create(provider, events, context);
	const char *headers[PROVIDER_HEADERS_MAX];
	struct buf body, url;
	struct arena arena;
	struct fetch_options options = { .method = "POST",
					 .reach = REACH_ANY,
					 .headers = headers,
					 .connect_ms = registry->times.connect_ms,
					 .first_byte_ms = registry->times.first_byte_ms,
					 .stall_ms = registry->times.stall_ms,
					 .reply_max = ANSWER_MAX };

	arena_init(&arena);
	buf_init(&body, REQUEST_MAX);
	buf_init(&url, LINE_MAX_BYTES);
	provider_headers(provider, request->request_id, true, &arena, headers);
	chat->dialect->chat_url(provider, &url);
	chat->dialect->write_request(request, &body);
	chat->thinks = request->thinking;
	chat->may_think = !request->go_on;
	options.url = url.data;
	options.body = body.data;
	options.body_length = body.length;
	chat->fetch = fetch_start(registry->client, &options, &fetch_events, chat);
	buf_finish(&url);
	buf_finish(&body);
	arena_finish(&arena);
	return chat;
}

void http_chat_cancel(struct chat *chat)
{
	chat->over = true;
	if (chat->fetch != NULL)
		fetch_cancel(chat->fetch);
	chat->fetch = NULL;
	if (!chat->inside)
		chat_free(chat);
}
