#include "chat/stream_writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "chat/deltas.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH_EVERY_MS = 10,
	RETRY_MS = 500, /* after a batch that could not be committed */
};

/* ---- One stream ---- */

void stream_init(struct stream *stream, const char *message_id)
{
	memset(stream, 0, sizeof(*stream));
	stream->message_id = message_id;
	buf_init(&stream->text, STREAM_TEXT_MAX);
	buf_init(&stream->lengths, (size_t)STREAM_TEXT_MAX * 2);
	list_init(&stream->node);
}

void stream_restore(struct stream *stream, const char *text, struct blob lengths)
{
	struct delta_walk walk;

	buf_append_text(&stream->text, text);
	buf_append(&stream->lengths, lengths.data, lengths.size);
	deltas_begin(&walk, lengths, text, strlen(text));
	while (deltas_next(&walk))
		;
	stream->end = (struct stream_mark){ walk.seq, stream->text.length, stream->lengths.length };
	stream->writing = stream->end;
	stream->written = stream->end;
}

void stream_finish(struct stream *stream)
{
	assert(!stream->in_batch);
	stream_leave(stream);
	buf_finish(&stream->text);
	buf_finish(&stream->lengths);
}

void stream_leave(struct stream *stream)
{
	stream->left = true;
	list_remove(&stream->node);
}

/* ---- Batches ---- */

struct batch {
	struct db_job job;
	struct stream_writer *writer;
	struct message_chunk *chunks;
	struct stream **streams;
	bool *ours; /* of each: its message is ours, and so its chunk was written */
	size_t count;
	struct arena arena;
};

static void schedule(struct stream_writer *writer, int64_t every_ms);

static enum err write_batch(struct db *tx, void *context)
{
	struct batch *batch = CONTAINER_OF((struct db_job *)context, struct batch, job);

	return chunks_insert(tx, batch->writer->node, batch->chunks, batch->count, batch->ours);
}

/* A stream whose part was not committed keeps it for the next batch, unless it is not ours any more. */
static void settle(struct stream_writer *writer, struct stream *stream, enum err err)
{
	struct stream_mark before = stream->written;

	stream->in_batch = false;
	stream->again = err != ERR_OK;
	if (err == ERR_OK) {
		stream->written = stream->writing;
	} else {
		stream->writing = stream->written;
		if (err != ERR_CONFLICT && !stream->left && list_empty(&stream->node))
			list_append(&writer->waiting, &stream->node);
	}
	stream->batch_done(stream, err, &before);
}

/* ERR_CONFLICT is for a stream that is not ours, never for the whole batch, which is tried again. */
static enum err result_of(const struct batch *batch, size_t i, enum err err)
{
	if (err == ERR_OK)
		return batch->ours[i] ? ERR_OK : ERR_CONFLICT;
	return err == ERR_CONFLICT ? ERR_UNAVAILABLE : err;
}

static void batch_done(struct db_job *job, enum err err)
{
	struct batch *batch = CONTAINER_OF(job, struct batch, job);
	struct stream_writer *writer = batch->writer;

	writer->busy = false;
	if (err != ERR_OK)
		log_warning("streams are not committed", "error", err_code(err), NULL);
	for (size_t i = 0; i < batch->count; i++)
		settle(writer, batch->streams[i], result_of(batch, i, err));
	arena_finish(&batch->arena);
	free(batch);
	schedule(writer, err == ERR_OK ? BATCH_EVERY_MS : RETRY_MS);
}

static void add_chunk(struct batch *batch, struct stream *stream)
{
	struct stream_mark *from = &stream->written, *to = &stream->end;

	batch->chunks[batch->count] = (struct message_chunk){
		.message_id = arena_strdup(&batch->arena, stream->message_id),
		.first_seq = from->seq + 1,
		.lengths = { arena_strndup(&batch->arena, stream->lengths.data + from->lengths,
					   to->lengths - from->lengths),
			     to->lengths - from->lengths },
		.text = arena_strndup(&batch->arena, stream->text.data + from->text,
				      to->text - from->text),
		.again = stream->again,
	};
	batch->streams[batch->count++] = stream;
	stream->writing = stream->end;
	stream->in_batch = true;
}

static size_t count_waiting(const struct stream_writer *writer)
{
	size_t count = 0;

	for (const struct list *node = writer->waiting.next; node != &writer->waiting;
	     node = node->next)
		count++;
	return count;
}

static void send_batch(uv_timer_t *timer)
{
	struct stream_writer *writer = timer->data;
	size_t count = count_waiting(writer);
	struct batch *batch;

	if (count == 0 || writer->busy)
		return;
	batch = MEMORY_NEW(struct batch);
	arena_init(&batch->arena);
	batch->writer = writer;
	batch->chunks = ARENA_ARRAY(&batch->arena, count, struct message_chunk);
	batch->streams = ARENA_ARRAY(&batch->arena, count, struct stream *);
	batch->ours = ARENA_ARRAY(&batch->arena, count, bool);
	LIST_EACH_SAFE(stream, &writer->waiting, struct stream, node) {
		list_remove(&stream->node);
		add_chunk(batch, stream);
	}
	batch->job.run = write_batch;
	batch->job.done = batch_done;
	writer->busy = true;
	writer->last_ms = clock_monotonic_ms();
	db_submit(writer->app->db, &batch->job);
}

/* The next batch begins `every_ms` after the one before, or at once if that is over. */
static void schedule(struct stream_writer *writer, int64_t every_ms)
{
	int64_t wait_ms = writer->last_ms + every_ms - clock_monotonic_ms();

	if (writer->busy || list_empty(&writer->waiting) ||
	    uv_is_active((uv_handle_t *)&writer->timer))
		return;
	uv_timer_start(&writer->timer, send_batch, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

void stream_writer_init(struct stream_writer *writer, struct app *app, const struct node *node)
{
	*writer = (struct stream_writer){ .app = app, .node = node };
	list_init(&writer->waiting);
	uv_timer_init(&app->loop->uv, &writer->timer);
	writer->timer.data = writer;
}

static void on_closed(uv_handle_t *handle)
{
	struct stream_writer *writer = handle->data;

	writer->closed(writer);
}

void stream_writer_finish(struct stream_writer *writer,
			  void (*closed)(struct stream_writer *writer))
{
	assert(!writer->busy);
	writer->closed = closed;
	uv_close((uv_handle_t *)&writer->timer, on_closed);
}

bool stream_append(struct stream_writer *writer, struct stream *stream, const char *text,
		   size_t length)
{
	if (stream->text.length + length > STREAM_TEXT_MAX)
		return false;
	buf_append(&stream->text, text, length);
	deltas_append(&stream->lengths, (uint32_t)length);
	stream->end = (struct stream_mark){ stream->end.seq + 1, stream->text.length,
					    stream->lengths.length };
	if (list_empty(&stream->node))
		list_append(&writer->waiting, &stream->node);
	schedule(writer, BATCH_EVERY_MS);
	return true;
}
