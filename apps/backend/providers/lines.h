/*
 * Cuts a stream of bytes into lines, however the bytes are split on their way. Lines are bounded: a
 * peer that never ends one does not fill the memory. A line that arrives whole is not copied.
 * Belongs to one thread.
 */
#ifndef WEBPLUS_PROVIDERS_LINES_H
#define WEBPLUS_PROVIDERS_LINES_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_MAX_BYTES = 1024 * 1024 };

/*
 * The line is without its end and gone when it returns. Anything but ERR_OK stops and is what
 * lines_feed returns; the reader may be gone then, and is not touched again.
 */
typedef enum err (*line_handler)(void *context, const char *line, size_t length);

struct lines {
	struct buf partial; /* the beginning of a line whose end has not come */
	bool cr_ends;       /* CR, LF and CR LF end a line; else LF alone */
	bool after_cr;      /* a LF now belongs to the CR before */
	line_handler handle;
	void *context;
};

void lines_init(struct lines *lines, bool cr_ends, line_handler handle, void *context);
void lines_finish(struct lines *lines);

/* ERR_TOO_LARGE: a line is longer than LINE_MAX_BYTES. Else what the handler said. */
enum err lines_feed(struct lines *lines, const char *data, size_t length) WARN_UNUSED;
/* The stream is over: what came behind the last end is a line as well. */
enum err lines_end(struct lines *lines) WARN_UNUSED;

#endif
