#include "cache/redis_client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cache/redis_state.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEARTBEAT_MS = 500,
	READ_MS = 1,    /* so that the sockets are looked at before; with 0 they might not be */
	WORDS_MAX = 32, /* of redis_call */
	SHA1_BYTES = 20,
	FRAME_BYTES = 32, /* around a word, at most */
};

struct command {
	struct list node;
	redis_done done;
	void *context;
	int64_t asked_us, deadline_us; /* monotonic; INT64_MAX until it was sent */
	int timeout_ms;
	bool sent;
	char *again; /* of a script: what follows its name, for a server that does not know it; or NULL */
	size_t again_length, words;
	const struct redis_script *script;
};

static void watch_deadline(struct redis_client *client, const struct command *command);

/* ---- The end of a command ---- */

static void end_command(struct redis_client *client, struct command *command, enum err err,
			const struct redis_value *value)
{
	list_remove(&command->node);
	client->counts.under_way--;
	if (err != ERR_OK)
		client->counts.failures++;
	if (err == ERR_TIMEOUT)
		client->counts.timeouts++;
	if (command->done)
		command->done(command->context, err, value);
	free(command->again);
	free(command);
}

static void fail_commands(struct redis_client *client, enum err err)
{
	struct list ended;
	int64_t now_us = clock_monotonic_us();

	list_init(&ended);
	list_splice(&ended, &client->commands);
	while (!list_empty(&ended)) {
		struct command *command = CONTAINER_OF(ended.next, struct command, node);
		bool late = err == ERR_UNAVAILABLE && command->deadline_us <= now_us;

		end_command(client, command, late ? ERR_TIMEOUT : err, NULL);
	}
}

/* ---- Deadlines ---- */

static const struct command *first_due(const struct redis_client *client)
{
	const struct command *first = NULL;

	LIST_EACH(command, &client->commands, struct command, node)
		if (!first || command->deadline_us < first->deadline_us)
			first = command;
	return first;
}

/*
 * A loop that was busy itself may find a deadline over while the answer lies in the socket: it reads once more before it
 * judges. What was due then and is not answered now is late, whatever else was answered: a server that grows slow answers
 * something all the time.
 */
static void on_deadline(uv_timer_t *timer)
{
	struct redis_client *client = timer->data;
	const struct command *first = first_due(client);
	bool late = first && first->deadline_us <= client->looked_us;

	client->watched_us = INT64_MAX;
	client->looked_us = clock_monotonic_us();
	if (!first)
		return;
	if (late) {
		log_warning("redis", "fault", "it does not answer in time", NULL);
		redis_connection_drop(client->connection);
		return;
	}
	watch_deadline(client, first);
}

static void watch_deadline(struct redis_client *client, const struct command *command)
{
	int64_t left_us = command->deadline_us - clock_monotonic_us();

	if (command->deadline_us >= client->watched_us)
		return;
	client->watched_us = command->deadline_us;
	uv_update_time(&client->loop->uv);
	uv_timer_start(&client->deadline, on_deadline,
		       left_us > 0 ? (uint64_t)(left_us + 999) / 1000 : READ_MS, 0);
}

/* ---- Sending ---- */

static enum err check_room(struct redis_client *client, size_t bytes)
{
	enum err err = ERR_OK;

	if (!redis_client_up(client))
		err = ERR_UNAVAILABLE;
	else if (client->counts.under_way >= REDIS_COMMANDS_MAX ||
		 bytes > redis_connection_room(client->connection))
		err = ERR_TOO_MANY;
	client->counts.refused += err != ERR_OK;
	return err;
}

static size_t framed_size(const struct redis_text *words, size_t count)
{
	size_t size = FRAME_BYTES;

	for (size_t i = 0; i < count; i++)
		size += words[i].length + FRAME_BYTES;
	return size;
}

/* What stands in `out` now is answered to this one. */
static struct command *expect_answer(struct redis_client *client, int timeout_ms, redis_done done,
				     void *context)
{
	struct command *command = MEMORY_NEW(struct command);

	command->done = done;
	command->context = context;
	command->asked_us = clock_monotonic_us();
	command->deadline_us = INT64_MAX;
	command->timeout_ms = timeout_ms;
	list_append(&client->commands, &command->node);
	client->counts.commands++;
	client->counts.under_way++;
	redis_connection_flush(client->connection);
	return command;
}

static void write_words(struct buf *out, const struct redis_text *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		resp_write_text(out, words[i]);
}

enum err redis_send(struct redis_client *client, const struct redis_text *words, size_t count,
		    int timeout_ms, redis_done done, void *context)
{
	enum err err = check_room(client, framed_size(words, count));
	struct buf *out;

	if (err != ERR_OK)
		return err;
	out = redis_connection_out(client->connection);
	resp_write_count(out, count);
	write_words(out, words, count);
	expect_answer(client, timeout_ms, done, context);
	return ERR_OK;
}

enum err redis_call(struct redis_client *client, int timeout_ms, redis_done done, void *context,
		    ...)
{
	struct redis_text words[WORDS_MAX];
	size_t count = 0;
	const char *word;
	va_list args;

	va_start(args, context);
	while (count < WORDS_MAX && (word = va_arg(args, const char *)))
		words[count++] = redis_text(word);
	va_end(args);
	return redis_send(client, words, count, timeout_ms, done, context);
}

enum err redis_publish(struct redis_client *client, const char *channel, struct redis_text data,
		       int timeout_ms, redis_done done, void *context)
{
	const struct redis_text words[] = { redis_text("PUBLISH"), redis_text(channel), data };
	enum err err = redis_send(client, words, 3, timeout_ms, done, context);

	client->counts.published += err == ERR_OK;
	return err;
}

/* ---- Scripts ---- */

/* RESP names a script by the SHA-1 of its source: a name, not a proof. */
static void name_script(struct redis_script *script)
{
	unsigned char hash[SHA1_BYTES];

	if (script->sha[0])
		return;
	if (EVP_Digest(script->source, strlen(script->source), hash, NULL, EVP_sha1(), NULL) != 1)
		memory_exhausted();
	sodium_bin2hex(script->sha, sizeof(script->sha), hash, sizeof(hash));
}

enum err redis_eval(struct redis_client *client, struct redis_script *script, size_t keys,
		    const struct redis_text *words, size_t count, int timeout_ms, redis_done done,
		    void *context)
{
	size_t size = framed_size(words, count) + strlen(script->source) + FRAME_BYTES * 4;
	enum err err = check_room(client, size);
	struct command *command;
	struct buf rest, *out;
	char number[24];

	if (err != ERR_OK)
		return err;
	name_script(script);
	buf_init(&rest, size);
	snprintf(number, sizeof(number), "%zu", keys);
	resp_write_text(&rest, redis_text(number));
	write_words(&rest, words, count);
	out = redis_connection_out(client->connection);
	resp_write_count(out, count + 3);
	resp_write_text(out, redis_text("EVALSHA"));
	resp_write_text(out, redis_text(script->sha));
	buf_append(out, rest.data, rest.length);
	command = expect_answer(client, timeout_ms, done, context);
	command->script = script;
	command->words = count + 3;
	command->again = buf_take(&rest, &command->again_length);
	return ERR_OK;
}

/* The server has been started anew, or told to forget: it gets the source, in the time that is left. */
static bool send_source(struct redis_client *client, struct command *command,
			const struct redis_value *value)
{
	static const char unknown[] = "NOSCRIPT";
	struct buf *out = redis_connection_out(client->connection);

	if (!command->again || value->type != REDIS_ERROR || value->length < sizeof(unknown) - 1 ||
	    memcmp(value->text, unknown, sizeof(unknown) - 1) != 0 ||
	    redis_connection_room(client->connection) <
		    command->again_length + strlen(command->script->source) + FRAME_BYTES * 4)
		return false;
	resp_write_count(out, command->words);
	resp_write_text(out, redis_text("EVAL"));
	resp_write_text(out, redis_text(command->script->source));
	buf_append(out, command->again, command->again_length);
	free(command->again);
	command->again = NULL;
	command->sent = false;
	list_remove(&command->node);
	list_append(&client->commands, &command->node);
	redis_connection_flush(client->connection);
	return true;
}

/* ---- What the connection says ---- */

static bool on_value(void *context, const struct redis_value *value)
{
	struct redis_client *client = context;
	struct command *command;

	if (list_empty(&client->commands))
		return false;
	command = CONTAINER_OF(client->commands.next, struct command, node);
	if (send_source(client, command, value))
		return true;
	client->counts.answered_seconds += (double)(clock_monotonic_us() - command->asked_us) / 1e6;
	end_command(client, command, value->type == REDIS_ERROR ? ERR_UPSTREAM : ERR_OK, value);
	return true;
}

static void on_up(void *context)
{
	struct redis_client *client = context;

	client->counts.connections++;
	client->told_down = false;
	log_info("redis", "state", "connected", NULL);
}

/* The server's time is counted from here, since the loop may have been busy before. */
static void on_sent(void *context)
{
	struct redis_client *client = context;
	int64_t now_us = clock_monotonic_us();

	for (struct list *node = client->commands.prev; node != &client->commands;
	     node = node->prev) {
		struct command *command = CONTAINER_OF(node, struct command, node);

		if (command->sent)
			return;
		command->sent = true;
		if (command->deadline_us == INT64_MAX)
			command->deadline_us = now_us + (int64_t)command->timeout_ms * 1000;
		watch_deadline(client, command);
	}
}

static void on_down(void *context)
{
	struct redis_client *client = context;

	if (!client->told_down)
		log_warning("redis", "state", "lost", "reason",
			    redis_connection_reason(client->connection), NULL);
	client->told_down = true;
	fail_commands(client, ERR_UNAVAILABLE);
}

/* A server that hangs is found out though nobody asks it for anything. */
static void on_heartbeat(uv_timer_t *timer)
{
	struct redis_client *client = timer->data;

	if (redis_client_up(client) && list_empty(&client->commands) &&
	    redis_call(client, HEARTBEAT_MS, NULL, NULL, "PING", NULL) != ERR_OK)
		client->counts.failures++;
}

/* ---- Public ---- */

static const struct redis_events events = {
	.up = on_up, .down = on_down, .sent = on_sent, .value = on_value
};

struct redis_connection_options redis_client_options(const struct redis_client *client)
{
	return (struct redis_connection_options){
		.loop = client->loop,
		.address = client->address,
		.connect_ms = 1000,
		.greet_ms = 200,
		.value_max = REDIS_VALUE_BYTES_MAX,
		.out_max = REDIS_OUT_BYTES_MAX,
	};
}

static void start_timers(struct redis_client *client)
{
	uv_timer_init(&client->loop->uv, &client->deadline);
	uv_timer_init(&client->loop->uv, &client->heartbeat);
	client->deadline.data = client;
	client->heartbeat.data = client;
	client->handles = 2;
	uv_timer_start(&client->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
}

enum err redis_client_create(struct loop *loop, const char *url, const char *prefix,
			     struct redis_client **ret_client, const char **ret_reason)
{
	struct redis_client *client = MEMORY_NEW(struct redis_client);
	struct redis_connection_options options;
	enum err err;

	arena_init(&client->arena);
	err = redis_address_parse(url, &client->arena, &client->address, ret_reason);
	if (err != ERR_OK) {
		arena_finish(&client->arena);
		free(client);
		return err;
	}
	client->loop = loop;
	client->prefix = arena_strdup(&client->arena, prefix);
	client->watched_us = INT64_MAX;
	list_init(&client->commands);
	start_timers(client);
	options = redis_client_options(client);
	options.events = &events;
	options.context = client;
	client->connection = redis_connection_create(&options);
	*ret_client = client;
	return ERR_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct redis_client *client = handle->data;

	if (--client->handles > 0)
		return;
	arena_finish(&client->arena);
	free(client);
}

void redis_client_destroy(struct redis_client *client)
{
	if (!client)
		return;
	redis_connection_destroy(client->connection);
	client->connection = NULL;
	fail_commands(client, ERR_CANCELLED);
	uv_close((uv_handle_t *)&client->deadline, on_timer_closed);
	uv_close((uv_handle_t *)&client->heartbeat, on_timer_closed);
}

const char *redis_client_prefix(const struct redis_client *client)
{
	return client->prefix;
}

bool redis_client_up(const struct redis_client *client)
{
	return client->connection && redis_connection_up(client->connection);
}

struct redis_counts redis_client_counts(const struct redis_client *client)
{
	struct redis_counts counts = client->counts;

	counts.up = redis_client_up(client);
	return counts;
}
