/*
 * What the kinds of providers share that are reached over HTTP: asking for the list of models, and
 * following an answer until it is whole or its fault is known. A kind has its dialect. Loop
 * thread only; private to providers/.
 */
#ifndef WEBPLUS_PROVIDERS_HTTP_PROVIDER_H
#define WEBPLUS_PROVIDERS_HTTP_PROVIDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "providers/ndjson_parser.h"
#include "providers/provider.h"
#include "providers/sse_parser.h"

#include <jansson.h>

struct dialect {
	bool event_stream; /* else a JSON document on each line */
	/* Appends the address to be asked. */
	void (*models_url)(const struct provider *provider, struct buf *url);
	void (*chat_url)(const struct provider *provider, struct buf *url);
	/* Appends the body of the request for an answer. */
	void (*write_request)(const struct chat_request *request, struct buf *body);
	/* Reads one document of the answer and calls the http_chat_ functions. */
	void (*read)(struct chat *chat, const char *json, size_t length);
	/* False: that is no list of models. The models live in the arena. */
	bool (*read_models)(const json_t *root, struct arena *arena, struct model **ret_models,
			    size_t *ret_count);
};

/* Asks for the list; ends with provider_models_set or _fail. Does nothing while it is being asked. */
void http_models_refresh(struct provider *provider);
void http_models_destroy(struct provider *provider);

struct chat *http_chat_start(struct provider *provider, const struct chat_request *request,
			     const struct chat_events *events, void *context);
void http_chat_cancel(struct chat *chat);

/* More of the answer, valid UTF-8; what cannot be stored (NUL) is left out. */
void http_chat_text(struct chat *chat, const char *text, size_t length);
/* The same of what the model thinks, where its server says that apart: thought.h. Behind some text it is left out. */
void http_chat_thought(struct chat *chat, const char *text, size_t length);
/*
 * The upstream says that its answer ends here, for a reason of which its protocol has the word; NULL: it gives none. The
 * stream may go on with figures.
 */
void http_chat_finished(struct chat *chat, const char *reason);
/* Nothing more that matters will come. */
void http_chat_closing(struct chat *chat);
void http_chat_usage(struct chat *chat, int64_t tokens_in, int64_t tokens_out);
/* Ends it with a fault. `error` is what the upstream said, in any of its ways, or NULL. */
void http_chat_fail(struct chat *chat, enum chat_end how, const json_t *error);

/* Which fault a status is. */
enum chat_end chat_end_of_status(int64_t status);
/*
 * The headers of every request; `list` has room for PROVIDER_HEADERS_MAX. The texts live in the
 * arena.
 */
enum { PROVIDER_HEADERS_MAX = 5 };
void provider_headers(const struct provider *provider, const char *request_id, bool has_body,
		      struct arena *arena, const char **list);

/* The instruction that goes with an answer to be continued. */
extern const char continue_instruction[];

#endif
