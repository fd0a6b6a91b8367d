/*
 * gzip, Zstandard and Brotli behind one face.
 *
 * A codec makes one body after the other, each between codec_begin and the write that is the last; between bodies it
 * keeps its memory. Levels are those at which a reply costs little: what compresses better by a few percent takes
 * several times as long. One thread at a time.
 */
#ifndef WEBPLUS_MIDDLEWARE_CODEC_H
#define WEBPLUS_MIDDLEWARE_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "http/coding.h"

#include <stddef.h>

struct codec;

struct codec_kind {
	struct codec *(*create)(void);
	void (*destroy)(struct codec *codec);
	enum err (*begin)(struct codec *codec, size_t length);
	enum err (*write)(struct codec *codec, const void *data, size_t length, bool last,
			  struct buf *out);
};

struct codec {
	const struct codec_kind *kind;
	enum coding coding;
	struct list node; /* its owner's */
};

/* Not for CODING_IDENTITY. */
struct codec *codec_create(enum coding coding);
void codec_destroy(struct codec *codec);

/* `length` is that of the whole body; 0 for one that comes in pieces. */
enum err codec_begin(struct codec *codec, size_t length) WARN_UNUSED;
/*
 * Appends to `out`. All that was written can be decoded then: a piece that is not the last is flushed. ERR_TOO_LARGE
 * when `out` has no room; the codec must begin anew then.
 */
enum err codec_write(struct codec *codec, const void *data, size_t length, bool last,
		     struct buf *out) WARN_UNUSED;

#endif
