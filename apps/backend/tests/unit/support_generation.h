/*
 * Answers from their question to their end, without the server's sockets: an installation (support.h) in which ada has a
 * conversation, the model of which is played by the test; what she does there; and somebody who listens. On a disk that
 * fails when it is told to, and everything asserts. There is one model, so one stage at a time.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_GENERATION_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_GENERATION_H

#include "app.h"
#include "base/clock.h"
#include "base/loop.h"
#include "chat/conversation_store.h"
#include "chat/feed.h"
#include "chat/posting.h"
#include "http/request.h"
#include "providers/provider.h"
#include "websockets/topics.h"

#include "support.h"

/* ---- The model ---- */

struct chat {
	const struct chat_events *events;
	void *context;
};

/* What the model has been told since the stage was set up. */
extern struct model_play {
	struct chat chat; /* the latest */
	int started, cancelled;
	bool live, go_on;
	size_t turns;
	char last_turn[200]; /* "user:Hello?" */
} model_play;

/* Something to the latest chat, which must be live. */
void model_says(const char *text);
void model_ends(enum chat_end end, const char *detail);

/* ---- The server around it ---- */

struct chat_stage {
	struct home home;
	struct loop loop;
	struct topics topics;
	struct app app;
	struct principal ada;
	const struct provider_kind *builtin;
	struct request request; /* the latest */
	const char *conversation_id;
};

/* For cmocka: *state is a struct chat_stage. */
int chat_stage_set_up(void **state);
int chat_stage_tear_down(void **state);

#define CHAT_STAGE_TEST(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, chat_stage_set_up, chat_stage_tear_down)

/* Turns the loop once, without waiting. */
void chat_stage_turn(struct chat_stage *stage);

/* Turns the loop until the condition holds, and fails the test if that takes too long. */
#define RUN_UNTIL(stage, condition)                                                                \
	do {                                                                                       \
		int64_t end_ms_ = clock_monotonic_ms() + 20000;                                    \
		while (!(condition)) {                                                             \
			chat_stage_turn(stage);                                                    \
			if (clock_monotonic_ms() > end_ms_)                                        \
				fail_msg("waited in vain for %s", #condition);                     \
		}                                                                                  \
	} while (0)

/* Ends what generates; *ended is set when that has been done. */
void chat_stage_begin_drain(struct chat_stage *stage, int64_t grace_ms, bool *ended);
/* And waits for it. */
void chat_stage_drain(struct chat_stage *stage, int64_t grace_ms);

/* Another conversation of ada's; its id. */
const char *chat_stage_conversation(struct chat_stage *stage, const char *model_id);

/* The format has one %s, for the id. */
void chat_stage_sql(struct chat_stage *stage, const char *format, const char *id);

/* ---- What a client does ---- */

/* Ends the one before it. */
struct request *user_request(struct chat_stage *stage);
/* In the stage's conversation, unless the input says another. */
enum err user_sends(struct chat_stage *stage, struct message_new input,
		    struct message_pair *ret_pair, bool *ret_replayed);
/* Both with the ids in the stage's arena, so that they outlive the request. */
struct message_pair user_says(struct chat_stage *stage, const char *content);
/* The question is asked, and the model has been told; the answer's id. */
const char *user_asks(struct chat_stage *stage, const char *content);

struct message stored_message(struct chat_stage *stage, const char *id);
struct conversation stored_conversation(struct chat_stage *stage);
bool answer_has_ended(struct chat_stage *stage, const char *id);

/* ---- Who listens ---- */

/* Somebody who listens to a message, and writes down what comes: "delta 1 Hel; done 2;". */
struct listener {
	struct subscriber subscriber;
	struct feed *feed;
	struct buf seen;
	struct chat_stage *stage;
	const char *message_id;
};

/* Hears nothing yet. */
void listener_begin(struct chat_stage *stage, struct listener *listener, const char *id);
/* Begins, and hears what comes after this number. */
void listener_follow(struct chat_stage *stage, struct listener *listener, const char *id,
		     int64_t after);
bool listener_heard(const struct listener *listener, const char *what);
void listener_leave(struct listener *listener);

#endif
