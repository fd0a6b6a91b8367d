/*
 * Answers under way. A generation is the server's: it goes on when whoever asked has left, and ends in the database.
 *
 *	provider -> deltas, numbered -> one commit for all of the last few milliseconds -> only then published
 *
 * So what was shown is never lost. A live generation keeps its whole text, and answers a subscriber that comes back from
 * memory; what has ended is answered from the database (feed.h).
 *
 * Loop thread only, but for generation_submit.
 */
#ifndef WEBPLUS_CHAT_GENERATION_H
#define WEBPLUS_CHAT_GENERATION_H

#include "app.h"
#include "chat/message_store.h"
#include "chat/stream_store.h"
#include "http/request.h"
#include "providers/provider.h"
#include "websockets/topics.h"

struct generations;
struct generation;

/* Prepares; `node` is this server's row. The timers run from generations_start on. */
struct generations *generations_create(struct app *app, const struct node *node);
const struct node *generations_node(const struct generations *generations);
/* At the start, when there is a bus: folds what earlier runs left streaming, marked interrupted, and tells of it. Blocks. */
enum err generations_recover(struct generations *generations, int64_t *ret_interrupted) WARN_UNUSED;
/* Begins to renew leases and to look after abandoned messages. */
void generations_start(struct generations *generations);
/*
 * From now on those that begin are interrupted at once, and those that run after `grace_ms`: their text is kept, marked so.
 */
void generations_drain(struct generations *generations, int64_t grace_ms);
/*
 * While draining, when there are no requests any more that could begin one: calls `ended` when all have; or, where the database
 * does not take their ends and the grace is over, when each was tried once more.
 */
void generations_await(struct generations *generations, void (*ended)(void *context),
		       void *context);
void generations_destroy(struct generations *generations);

/* What a generation begins with; `arena` holds all of it, and the generation takes it over. */
struct generation_start {
	struct arena arena;
	/* as it is in the database: streaming, with the prefix that it goes on from */
	struct message message;
	struct chat_turn *turns;
	size_t turns_count;
	char request_id[ID_SIZE];
	struct app *app;
	struct loop_task task;
};

/* Made on a worker, after the message was committed. */
struct generation_start *generation_start_create(struct app *app);
/* Instead of submitting it. */
void generation_start_discard(struct generation_start *start);
/* From any thread: hands it to the loop, ahead of whatever is posted there afterwards. */
void generation_submit(struct generation_start *start);

/* NULL when the message does not stream here. */
struct generation *generation_find(struct generations *generations, const char *message_id);
unsigned generations_count(const struct generations *generations);

/*
 * Ends the generation as stopped; `request`, which is PENDING with a struct message as its `out`, is finished when that is
 * committed. Any number of requests may stop the same one.
 */
void generation_stop(struct generation *generation, struct request *request);

/* Tells the other servers that one of theirs is to be stopped, which is in the database. */
void generations_announce_stop(struct generations *generations, const char *message_id);

/* From any thread, after the commit: ends those of a conversation that was deleted, as stopped, here and on other servers. */
void generations_stop_conversation(struct generations *generations, const char *conversation_id);

/* Delivers the committed deltas behind number `after`. */
void generation_replay(struct generation *generation, int64_t after, struct subscriber *subscriber,
		       const char *topic);

#endif
