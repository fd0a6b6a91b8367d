/*
 * Private to chat/: commits what streams, in batches, and says when it is committed.
 *
 * One batch is under way at a time, with the new deltas of every generation that has some; the next begins a few
 * milliseconds after, so that all streams of this server share their commits. Loop thread only.
 */
#ifndef WEBPLUS_CHAT_STREAM_WRITER_H
#define WEBPLUS_CHAT_STREAM_WRITER_H

#include "app.h"
#include "chat/stream_store.h"

#include <uv.h>

/* How far a stream is: `seq` deltas, which take so many bytes of text and of lengths. */
struct stream_mark {
	int64_t seq;
	size_t text, lengths;
};

/* What is written of one generation; a member of it. */
struct stream {
	const char *message_id;
	struct buf text, lengths;                 /* all of it, from delta 1 on */
	struct stream_mark end, writing, written; /* written <= writing <= end */
	struct list node;                         /* waits for the next batch */
	bool in_batch;                            /* a part of it is being written now */
	bool again; /* what is behind `written` may have been committed all the same */
	bool left;  /* somebody else writes the rest */
	/*
	 * A batch with this stream has ended; if it was committed, `written` has moved on from *before. ERR_CONFLICT: its message
	 * is not ours any more, nothing of it was written, and nothing will be.
	 */
	void (*batch_done)(struct stream *stream, enum err err, const struct stream_mark *before);
};

struct stream_writer {
	struct app *app;
	const struct node *node;
	struct list waiting; /* of struct stream */
	uv_timer_t timer;
	int64_t last_ms; /* when the batch before was sent off, monotonic */
	bool busy;       /* a batch is under way */
	void (*closed)(struct stream_writer *writer);
};

void stream_writer_init(struct stream_writer *writer, struct app *app, const struct node *node);
/* No batch may be under way. The memory must live until `closed` is called. */
void stream_writer_finish(struct stream_writer *writer,
			  void (*closed)(struct stream_writer *writer));

/* Adds a delta to the stream, and the stream to the next batch. False: the text would be too large. */
bool stream_append(struct stream_writer *writer, struct stream *stream, const char *text,
		   size_t length) WARN_UNUSED;
/* Leaves what is not written yet to whoever ends the stream. */
void stream_leave(struct stream *stream);

enum { STREAM_TEXT_MAX = 4 * 1024 * 1024 };

void stream_init(struct stream *stream, const char *message_id);
/* Goes on from what is stored. */
void stream_restore(struct stream *stream, const char *text, struct blob lengths);
void stream_finish(struct stream *stream);

#endif
