#include "websockets/websocket.h"

#include "base/clock.h"
#include "base/memory.h"
#include "websockets/messages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	GOODBYE_MS = 2000, /* for the peer to answer a close */
	UNKNOWN_MESSAGE_MAX =
		4096, /* bytes of a message from somebody who has not said who it is */
};

struct waiting {
	struct list node;
	size_t length;
	char text[];
};

struct websocket *websocket_create(struct connection_manager *manager)
{
	struct websocket *socket = MEMORY_NEW(struct websocket);

	socket->manager = manager;
	socket->references = 1;
	socket->state = WEBSOCKET_NEW;
	socket->deadline_ms = clock_monotonic_ms() + manager->options.authenticate_ms;
	list_init(&socket->node);
	list_init(&socket->waiting);
	list_init(&socket->subscriptions);
	frame_reader_init(&socket->reader, UNKNOWN_MESSAGE_MAX);
	manager->references++;
	return socket;
}

void connection_manager_unref(struct connection_manager *manager)
{
	if (--manager->references == 0)
		free(manager);
}

void websocket_unref(struct websocket *socket)
{
	if (--socket->references > 0)
		return;
	connection_manager_unref(socket->manager);
	free(socket);
}

/* Sending */

static void write_frame(struct websocket *socket, struct payload *payload)
{
	if (socket->transport != NULL)
		transport_write(socket->transport, payload);
	payload_unref(payload);
}

static void count_close(struct websocket_counts *counts, enum close_code code)
{
	for (int row = 0; row < CLOSE_ROWS; row++)
		if (close_rows[row].code == code)
			counts->closed[row]++;
}

void websocket_close(struct websocket *socket, enum close_code code, const char *reason)
{
	if (socket->state == WEBSOCKET_CLOSING)
		return;
	count_close(&socket->manager->counts, code);
	write_frame(socket, frame_create_close(code, reason));
	socket->state = WEBSOCKET_CLOSING;
	socket->deadline_ms = clock_monotonic_ms() + GOODBYE_MS;
	websocket_drop_waiting(socket);
}

/* What waits is looked at before: one message may be longer than all that may wait, and has to come through. */
void websocket_send(struct websocket *socket, struct payload *payload)
{
	bool slow = socket->transport != NULL && transport_pending_bytes(socket->transport) >
							 socket->manager->options.pending_max;

	if (socket->state != WEBSOCKET_CLOSING && !slow) {
		write_frame(socket, payload);
		return;
	}
	payload_unref(payload);
	websocket_close(socket, CLOSE_TOO_SLOW, "Read faster, and come back by number.");
}

/* How often it speaks */

bool websocket_allow(struct websocket *socket, enum rate_type type)
{
	struct websocket_counts *counts = &socket->manager->counts;
	int64_t now_us = clock_monotonic_us();
	enum rate_verdict own = rate_take(&socket->rates, type, 1, now_us);
	enum rate_verdict users = socket->user == NULL ? RATE_FINE
						       : rate_take(&socket->user->rates, type,
								   RATE_USER_SOCKETS, now_us);

	counts->received[type]++;
	if (own == RATE_EMPTY || users == RATE_EMPTY) {
		websocket_close(socket, CLOSE_TOO_MANY, "Too many messages.");
		return false;
	}
	if (own == RATE_WARNED || users == RATE_WARNED) {
		counts->warned++;
		websocket_send(socket, message_warning(rate_limits[type].word));
	}
	return true;
}

/* Jobs, and what waits for their end */

static void run_job(struct task *task)
{
	struct job *job = CONTAINER_OF(task, struct job, task);

	job->err = job->work(job);
	loop_post(job->socket->manager->options.loop, &job->done);
}

static void obey_waiting(struct websocket *socket)
{
	while (socket->job == NULL && !list_empty(&socket->waiting)) {
		struct waiting *message = CONTAINER_OF(socket->waiting.next, struct waiting, node);

		list_remove(&message->node);
		socket->waiting_bytes -= sizeof(*message) + message->length;
		command_run(socket, message->text, message->length);
		free(message);
	}
}

static void on_job_done(struct loop_task *task)
{
	struct job *job = CONTAINER_OF(task, struct job, done);
	struct websocket *socket = job->socket;

	if (job->stale && socket->state != WEBSOCKET_CLOSING) {
		job->stale = false;
		job_submit(job);
		return;
	}
	socket->job = NULL;
	if (socket->state != WEBSOCKET_CLOSING)
		job->finish(job);
	free(job);
	obey_waiting(socket);
	websocket_unref(socket);
}

struct job *job_create(struct websocket *socket, const char *text,
		       enum err (*work)(struct job *job), void (*finish)(struct job *job))
{
	size_t size = strlen(text) + 1;
	struct job *job = memory_alloc(sizeof(*job) + size);

	assert(socket->job == NULL);
	job->task.run = run_job;
	job->done.run = on_job_done;
	job->work = work;
	job->finish = finish;
	job->socket = socket;
	memcpy(job->text, text, size);
	socket->job = job;
	socket->references++;
	return job;
}

void job_submit(struct job *job)
{
	pool_submit(job->socket->manager->options.workers, &job->task);
}

static void wait_for_turn(struct websocket *socket, const char *text, size_t length)
{
	struct waiting *message;

	if (socket->waiting_bytes > socket->manager->options.message_max) {
		websocket_close(socket, CLOSE_POLICY, "Too much was sent at once.");
		return;
	}
	message = memory_alloc(sizeof(*message) + length);
	message->length = length;
	memcpy(message->text, text, length);
	socket->waiting_bytes += sizeof(*message) + length;
	list_append(&socket->waiting, &message->node);
}

void websocket_obey(struct websocket *socket, const char *text, size_t length)
{
	if (socket->state == WEBSOCKET_CLOSING)
		return;
	if (socket->job != NULL)
		wait_for_turn(socket, text, length);
	else
		command_run(socket, text, length);
}

void websocket_drop_waiting(struct websocket *socket)
{
	LIST_EACH_SAFE(message, &socket->waiting, struct waiting, node) {
		list_remove(&message->node);
		free(message);
	}
	socket->waiting_bytes = 0;
}
