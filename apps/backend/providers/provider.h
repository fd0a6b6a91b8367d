/*
 * What answers: a kind of model server. A kind is one file, and one line in the list of kinds
 * (registry.c).
 *
 * Everything here runs on the loop. A chat is a stream of text ended by exactly one `end`, unless
 * it is cancelled; a provider never calls CHAT_COMPLETE for an answer that was cut short. Callbacks
 * never come from inside chat_start.
 */
#ifndef WEBPLUS_PROVIDERS_PROVIDER_H
#define WEBPLUS_PROVIDERS_PROVIDER_H

#include "base/loop.h"
#include "base/pool.h"
#include "cache/model_cache.h"
#include "http/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT };

struct chat_turn {
	enum chat_role role;
	const char *content;
};

struct chat_request {
	const char *model; /* the upstream's name, without the provider's */
	const struct chat_turn *turns;
	size_t turns_count;
	/* The last turn is an assistant's that was cut short: go on from its end. */
	bool go_on;
	/* What was written of the answer ends within a thought (thought.h); the turns do not have it. */
	bool thinking;
	const char *request_id; /* passed upstream as X-Request-Id */
};

/* X(name, code on the message, sentence for the user) */
#define CHAT_END_LIST(X)                                                                           \
	X(COMPLETE, "", "")                                                                        \
	X(MODEL_NOT_FOUND, "model_not_found",                                                      \
	  "The model is not there any more. Choose another one.")                                  \
	X(REFUSED, "upstream_refused", "The model server cannot be reached. Is it running?")       \
	X(UNAUTHORIZED, "upstream_unauthorized", "The model server refused the key it was given.") \
	X(RATE_LIMITED, "upstream_rate_limited",                                                   \
	  "The model server has too much to do. Try again in a while.")                            \
	X(ERROR, "upstream_error", "The model server reported an error.")                          \
	X(TIMEOUT, "upstream_timeout", "The model server did not answer in time.")                 \
	X(STALLED, "upstream_stalled",                                                             \
	  "The model server fell silent in the middle of its answer.")                             \
	X(MALFORMED, "upstream_malformed", "The model server sent something that is no answer.")   \
	X(TRUNCATED, "upstream_truncated",                                                         \
	  "The model server closed the connection before its answer was complete.")                \
	X(FILTERED, "upstream_filtered", "The model server's content filter cut the answer off.")  \
	X(INTERNAL, "internal", "Something went wrong on the server.")

enum chat_end {
#define CHAT_END_ENUM(name, code, detail) CHAT_##name,
	CHAT_END_LIST(CHAT_END_ENUM)
#undef CHAT_END_ENUM
		CHAT_END_COUNT
};

const char *chat_end_code(enum chat_end end);
const char *chat_end_detail(enum chat_end end);

struct chat_usage {
	int64_t tokens_in, tokens_out; /* -1 when the upstream does not say */
};

struct chat_events {
	/* More of the answer: whole UTF-8 characters, not empty; gone when it returns. */
	void (*text)(void *context, const char *text, size_t length);
	/*
	 * Last, exactly once, unless cancelled. `detail`: what the upstream itself said, bounded
	 * and printable, or NULL.
	 */
	void (*end)(void *context, enum chat_end end, const char *detail, struct chat_usage usage);
};

struct provider;
struct chat; /* one answer under way; each kind has its own */

struct provider_kind {
	const char *name;              /* "openai" */
	const struct dialect *dialect; /* http_provider.h; NULL: it is not reached over HTTP */
	/* Starts reading the list of models; ends with provider_models_set or _fail. */
	void (*refresh)(struct provider *provider);
	/*
	 * Never NULL: what cannot start ends with an error, later. The request is copied as needed.
	 */
	struct chat *(*chat_start)(struct provider *provider, const struct chat_request *request,
				   const struct chat_events *events, void *context);
	/* Closes the upstream's connection; no callback comes any more. */
	void (*chat_cancel)(struct chat *chat);
	void (*destroy)(struct provider *provider); /* frees `state` */
};

/* One configured server of a kind. */
struct provider {
	const struct provider_kind *kind;
	struct registry *registry;
	char *name; /* "webplus", "openai", "ollama"; the first part of its models' ids */
	char *url;  /* base URL without a slash at its end; NULL for the built-in one */
	char *key;  /* API key or NULL */
	void *state;
	struct list node;
};

/* How patient to be with an upstream; from the configuration. */
struct provider_times {
	int64_t connect_ms, first_byte_ms, stall_ms;
};

struct registry_options {
	struct loop *loop;
	struct pool *workers;
	struct client *client;
	struct provider_times times;
	const char *openai_url, *openai_key; /* NULL: none */
	const char *ollama_url;              /* NULL: none */
	bool discover;                       /* look for local servers on their usual ports */
	int own_port;       /* where not to look, since it is this server; 0: unknown */
	int64_t refresh_ms; /* between looks at the lists of models: 30 s when 0 */
	int64_t retry_ms;   /* after a look that failed, doubled up to refresh_ms: 1 s when 0 */
	int guide_words_per_second; /* of the built-in model's answers: 80 when 0 */
	/* On the loop: a list or a status changed. */
	void (*changed)(void *context);
	void *context;
};

/*
 * All providers. Created before the loop runs; registry_start begins discovery and the refreshing.
 * Any thread may ask for models; the rest is called on the loop.
 */
struct registry *registry_create(const struct registry_options *options);
void registry_start(struct registry *registry);
/* On the loop, after every chat ended or was cancelled. */
void registry_destroy(struct registry *registry);

/* Any thread. Every model; given back with model_cache_give_back. */
const struct model_list *registry_models(struct registry *registry);
/* Whether a model of that id is known (any status). Any thread. */
bool registry_has_model(struct registry *registry, const char *id);
struct model_cache_counts registry_counts(struct registry *registry);

/* An answer of whichever provider the model belongs to. */
struct registry_chat {
	struct provider *provider;
	struct chat *chat;
};

/*
 * `id` is the whole id of the model; an unknown one ends with CHAT_MODEL_NOT_FOUND, later.
 * `request->model` is ignored.
 */
struct registry_chat registry_chat_start(struct registry *registry, const char *id,
					 const struct chat_request *request,
					 const struct chat_events *events, void *context);
void registry_chat_cancel(struct registry_chat chat);

/* For the kinds, how a refresh ends. */

/* The provider's list, which is copied. `id` is the upstream's name here: the provider's is put before it. */
void provider_models_set(struct provider *provider, const struct model *models, size_t count);
/* None came: what was there before stays, as unavailable for this reason. */
void provider_models_fail(struct provider *provider, const char *detail);

#endif
