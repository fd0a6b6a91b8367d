/*
 * The registry of models before a scripted server (support_upstream.h) that is an OpenAI server and an Ollama server at
 * once, and who asks them. Everything asserts.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_PROVIDERS_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_PROVIDERS_H

#include "base/buf.h"
#include "base/loop.h"
#include "http/client.h"
#include "providers/provider.h"

#include "support_upstream.h"

/* ---- The servers ---- */

/* A test makes the registry; the stage ends it. */
extern struct providers_stage {
	struct loop loop;
	struct pool *workers;
	struct client *client;
	struct upstream upstream;
	struct registry *registry;
	unsigned changes;                          /* that the registry has told of */
	const struct step *chat_steps;             /* what a question is answered with */
	const char *openai_models, *ollama_models; /* bodies of the lists; NULL: 404 */
} stage;

int providers_set_up(void **state);
int providers_tear_down(void **state);

#define PROVIDERS_TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, providers_set_up, providers_tear_down)

/* Of a registry that knows both servers, and has little patience. */
struct registry_options providers_options(void);
/* With the built-in model, and the lists of both servers. */
void start_registry(void);
void start_registry_with(const struct registry_options *own);
/* Has asked for no list, so that the only connections are those of the answers. */
void create_registry(void);

/* ---- Who asks ---- */

/* What an owner sees of an answer. */
struct seen {
	struct buf text;
	unsigned pieces, ends;
	enum chat_end end;
	char detail[400];
	struct chat_usage usage;
	struct registry_chat chat;
	unsigned cancel_at; /* piece */
};

void ask_model_turns(struct seen *seen, const char *model, const struct chat_turn *turns,
		     size_t count, bool go_on);
void ask_model(struct seen *seen, const char *model, const char *question);
/* Waits for the end, and frees the text. */
void assert_answer(struct seen *seen, const char *text, enum chat_end end);
/* Asks and is answered so. */
void play_answer(struct seen *seen, const char *model, const struct step *steps, const char *text,
		 enum chat_end end);

/* ---- What the servers say ---- */

/* The head of a reply that ends with its connection; then, of an OpenAI server: */
#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define SAY(text)                                                                                  \
	"data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text             \
	"\"},\"finish_reason\":null}]}\n\n"
#define REASON(reason)                                                                             \
	"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"
#define ROLE                                                                                       \
	"data: "                                                                                   \
	"{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"

/* Of an Ollama server: */
#define LINE(text)                                                                                 \
	"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"" text                 \
	"\"},\"done\":false}\n"
#define LAST                                                                                       \
	"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"    \
	"\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":3}\n"

#endif
