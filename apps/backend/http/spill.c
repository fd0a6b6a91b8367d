#include "http/spill.h"

#include "base/buf.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_MAX = 1024 * 1024 };

struct spill {
	uv_loop_t *loop;
	uv_fs_t operation;
	bool busy, destroyed;
	uv_file fd; /* -1 until it is open */
	enum err err;
	struct buf buffer; /* appended and not yet written */
	size_t written;    /* of it */
	int64_t offset;    /* of the file's end */
	void (*progress)(void *context);
	void *context;
	char path[4096]; /* of the folder; of the file for as long as it has a name */
};

static void close_and_free(struct spill *spill)
{
	uv_fs_t close;

	if (spill->fd >= 0) {
		uv_fs_close(NULL, &close, spill->fd, NULL);
		uv_fs_req_cleanup(&close);
	}
	buf_finish(&spill->buffer);
	free(spill);
}

/* The work of a thread of libuv's, since closing the last name of a large file frees its blocks. */
static void on_close_work(uv_work_t *work)
{
	close_and_free(work->data);
}

static void on_close_done(uv_work_t *work, int status)
{
	(void)status;
	free(work);
}

static void close_elsewhere(struct spill *spill)
{
	uv_work_t *work = MEMORY_NEW(uv_work_t);

	work->data = spill;
	if (uv_queue_work(spill->loop, work, on_close_work, on_close_done) != 0)
		memory_exhausted();
}

static enum err err_of(ssize_t result)
{
	return result == UV_ENOSPC || result == -EDQUOT || result == UV_EFBIG ? ERR_DISK_FULL
									      : ERR_INTERNAL;
}

/* The operation is over: tells the owner, or goes where the owner went. */
static void settle(struct spill *spill)
{
	spill->busy = false;
	if (spill->destroyed)
		close_elsewhere(spill);
	else
		spill->progress(spill->context);
}

static void start(struct spill *spill, int result)
{
	assert(result == 0); /* libuv refuses only nonsense */
	(void)result;
	spill->busy = true;
}

static void on_unlinked(uv_fs_t *operation)
{
	struct spill *spill = operation->data;

	if (operation->result < 0)
		spill->err = err_of(operation->result);
	uv_fs_req_cleanup(operation);
	settle(spill);
}

static void on_named(uv_fs_t *operation)
{
	struct spill *spill = operation->data;
	ssize_t result = operation->result;

	if (result >= 0) {
		spill->fd = (uv_file)result;
		snprintf(spill->path, sizeof(spill->path), "%s", operation->path);
	}
	uv_fs_req_cleanup(operation);
	if (result >= 0) {
		start(spill, uv_fs_unlink(spill->loop, operation, spill->path, on_unlinked));
		return;
	}
	spill->err = err_of(result);
	settle(spill);
}

/* Not every file system can make a file without a name: then it gets one, and loses it at once. */
static void open_with_name(struct spill *spill)
{
	char template[sizeof(spill->path) + 16];

	snprintf(template, sizeof(template), "%s/spill-XXXXXX", spill->path);
	start(spill, uv_fs_mkstemp(spill->loop, &spill->operation, template, on_named));
}

static void on_opened(uv_fs_t *operation)
{
	struct spill *spill = operation->data;
	ssize_t result = operation->result;

	uv_fs_req_cleanup(operation);
	if (result < 0) {
		open_with_name(spill);
		return;
	}
	spill->fd = (uv_file)result;
	settle(spill);
}

struct spill *spill_create(uv_loop_t *loop, const char *folder, void (*progress)(void *context),
			   void *context)
{
	struct spill *spill = MEMORY_NEW(struct spill);

	spill->loop = loop;
	spill->fd = -1;
	spill->progress = progress;
	spill->context = context;
	spill->operation.data = spill;
	buf_init(&spill->buffer, BUFFER_MAX);
	snprintf(spill->path, sizeof(spill->path), "%s", folder);
	start(spill, uv_fs_open(loop, &spill->operation, spill->path,
				O_TMPFILE | O_RDWR | O_CLOEXEC, 0600, on_opened));
	return spill;
}

void spill_destroy(struct spill *spill)
{
	if (spill == NULL)
		return;
	spill->destroyed = true;
	if (!spill->busy)
		close_elsewhere(spill);
}

static void write_rest(struct spill *spill);

static void on_written(uv_fs_t *operation)
{
	struct spill *spill = operation->data;
	ssize_t result = operation->result;

	uv_fs_req_cleanup(operation);
	if (result <= 0) {
		spill->err = err_of(result);
		settle(spill);
		return;
	}
	spill->written += (size_t)result;
	spill->offset += result;
	if (spill->written < spill->buffer.length && !spill->destroyed) {
		write_rest(spill);
		return;
	}
	buf_clear(&spill->buffer);
	spill->written = 0;
	settle(spill);
}

static void write_rest(struct spill *spill)
{
	uv_buf_t rest = uv_buf_init(spill->buffer.data + spill->written,
				    (unsigned)(spill->buffer.length - spill->written));

	start(spill, uv_fs_write(spill->loop, &spill->operation, spill->fd, &rest, 1, spill->offset,
				 on_written));
}

void spill_append(struct spill *spill, const void *data, size_t length)
{
	assert(!spill->busy && spill->err == ERR_OK);
	buf_append(&spill->buffer, data, length);
	assert(!spill->buffer
			.overflow); /* the reader gives what it read at once, which is bounded */
}

void spill_flush(struct spill *spill)
{
	if (spill->buffer.length > 0)
		write_rest(spill);
}

bool spill_busy(const struct spill *spill)
{
	return spill->busy;
}

enum err spill_error(const struct spill *spill)
{
	return spill->err;
}

int spill_fd(const struct spill *spill)
{
	return spill->fd;
}
