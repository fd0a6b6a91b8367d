/*
 * What the two files about generations share: one of them (generation.c) and all of them (generations.c). Loop thread only.
 */
#ifndef WEBPLUS_CHAT_GENERATION_PRIVATE_H
#define WEBPLUS_CHAT_GENERATION_PRIVATE_H

#include "base/map.h"
#include "base/pool.h"
#include "chat/generation.h"
#include "chat/stream_writer.h"
#include "websockets/bus.h"

/*
 * RUNNING: the provider sends. ENDED: it is known how it ended, and a batch with its deltas may still be under way.
 * FINISHING: the end is being committed. LOST: the message is not this server's any more, or is gone: what the database
 * says of it is read (LOOKING), and told to those who wait. What fails leads back to ENDED or LOST, and is tried again.
 */
enum generation_state {
	GENERATION_RUNNING,
	GENERATION_ENDED,
	GENERATION_FINISHING,
	GENERATION_LOST,
	GENERATION_LOOKING
};

struct generation {
	struct generations *owner;
	struct generation_start *start; /* its arena, and the message as it will be written */
	struct stream stream;
	struct registry_chat chat;
	enum generation_state state;
	struct list stops; /* requests that wait for the end */
	struct list node;
	int64_t begun_us;  /* monotonic */
	struct db_job job; /* of FINISHING and LOOKING */
	struct arena found_arena;
	struct message found; /* what the database says of one that was lost */
};

/* What is done from time to time, each in a transaction of its own, so that none holds up the leases. */
enum { CHORE_LEASES, CHORE_ABANDONED, CHORE_PURGE, CHORES };

struct chore {
	struct db_job job;
	struct generations *owner;
	struct buf under_way; /* ids of the messages of `all` when it began, one behind the other */
	struct arena arena;   /* of what was ended */
	struct array ended;
	bool busy;
	bool more; /* it is to be done again at once */
};

/* A look for answers of this server that are to be stopped, as another one has written (chat/stopping.h). */
struct stop_look {
	struct bus_listener listener;
	struct task task;
	struct loop_task back;
	struct arena arena;
	struct array found;
	enum err err;
	bool busy;
	bool again; /* something was heard since it began */
};

struct generations {
	struct app *app;
	struct node node;
	struct stream_writer writer;
	struct map by_message;
	struct list all;
	uv_timer_t tick;
	unsigned ticks;
	struct chore chores[CHORES];
	struct stop_look stops;
	unsigned reviews; /* of accounts, under way */
	bool drains;
	int64_t drain_end_ms; /* monotonic */
	void (*ended)(void *context);
	void *ended_context;
	struct buf words; /* of the event that is being published */
};

static inline struct message *generation_message(struct generation *generation)
{
	return &generation->start->message;
}

/* Ends it so unless it has ended. */
void generation_cancel(struct generation *generation, enum message_status status);
/* Does the next step of one that has ended, unless that is under way. */
void generation_advance(struct generation *generation);
/* Tells other nodes how far it is. */
void generation_announce(struct generation *generation);
/* The server drains, and its grace is over. */
bool generations_are_late(const struct generations *generations);
/* Something has ended that generations_await waits for. */
void generations_check_ended(struct generations *generations);

#endif
