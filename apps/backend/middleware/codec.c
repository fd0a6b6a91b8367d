#include "middleware/codec.h"

#include "base/memory.h"

#include <assert.h>
#include <brotli/encode.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GZIP_LEVEL = 5,
	GZIP_WINDOW_BITS = 15 + 16, /* 16: with gzip's head, not zlib's */
	GZIP_MEMORY_LEVEL = 8,
	ZSTD_LEVEL = 3,
	BROTLI_QUALITY = 4,
	/* What a decoder has to keep: 128 KiB, and no more of ours for a body that comes in pieces. */
	STREAM_WINDOW_LOG = 17,
	ROOM_MIN = 512, /* bytes of output that are asked for at a time */
	ROOM_MAX = 64 * 1024,
	KEPT_MAX = 4 * 1024 * 1024, /* of the memory that a Brotli encoder had */
};

/* As much of `out` as a write may get; NULL when it is full. */
static void *room_in(struct buf *out, size_t wanted, size_t *ret_size)
{
	size_t left = out->max - out->length;
	size_t size = wanted / 4 + ROOM_MIN;

	if (size > ROOM_MAX)
		size = ROOM_MAX;
	if (size > left)
		size = left;
	*ret_size = size;
	return size > 0 ? buf_reserve(out, size) : NULL;
}

/* ---- gzip (RFC 1952) ---- */

struct gzip {
	struct codec codec;
	z_stream stream;
};

static struct codec *gzip_create(void)
{
	struct gzip *gzip = MEMORY_NEW(struct gzip);

	if (deflateInit2(&gzip->stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		memory_exhausted();
	return &gzip->codec;
}

static void gzip_destroy(struct codec *codec)
{
	struct gzip *gzip = CONTAINER_OF(codec, struct gzip, codec);

	deflateEnd(&gzip->stream);
	free(gzip);
}

static enum err gzip_begin(struct codec *codec, size_t length)
{
	struct gzip *gzip = CONTAINER_OF(codec, struct gzip, codec);

	(void)length;
	return deflateReset(&gzip->stream) == Z_OK ? ERR_OK : ERR_INTERNAL;
}

/* zlib is done with a flush when it leaves room in the output, with the end when it says so. */
static enum err gzip_write(struct codec *codec, const void *data, size_t length, bool last,
			   struct buf *out)
{
	z_stream *stream = &CONTAINER_OF(codec, struct gzip, codec)->stream;
	int result;

	stream->next_in = (Bytef *)(uintptr_t)data;
	stream->avail_in = (uInt)length;
	do {
		size_t size;
		void *room = room_in(out, stream->avail_in, &size);

		if (room == NULL)
			return ERR_TOO_LARGE;
		stream->next_out = room;
		stream->avail_out = (uInt)size;
		result = deflate(stream, last ? Z_FINISH : Z_SYNC_FLUSH);
		if (result == Z_STREAM_ERROR)
			return ERR_INTERNAL;
		buf_commit(out, size - stream->avail_out);
	} while (last ? result != Z_STREAM_END : stream->avail_out == 0);
	return ERR_OK;
}

/* ---- Zstandard (RFC 8878) ---- */

struct zstd {
	struct codec codec;
	ZSTD_CCtx *context;
};

static struct codec *zstd_create(void)
{
	struct zstd *zstd = MEMORY_NEW(struct zstd);

	zstd->context = ZSTD_createCCtx();
	if (zstd->context == NULL)
		memory_exhausted();
	ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	return &zstd->codec;
}

static void zstd_destroy(struct codec *codec)
{
	struct zstd *zstd = CONTAINER_OF(codec, struct zstd, codec);

	ZSTD_freeCCtx(zstd->context);
	free(zstd);
}

static enum err zstd_begin(struct codec *codec, size_t length)
{
	ZSTD_CCtx *context = CONTAINER_OF(codec, struct zstd, codec)->context;
	size_t result;

	ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
	/* Browsers decode windows of up to 8 MiB (RFC 9659); level 3 takes 2 at most. */
	result = ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog,
					length > 0 ? 0 : STREAM_WINDOW_LOG);
	if (!ZSTD_isError(result) && length > 0)
		result = ZSTD_CCtx_setPledgedSrcSize(context, length);
	return ZSTD_isError(result) ? ERR_INTERNAL : ERR_OK;
}

static enum err zstd_write(struct codec *codec, const void *data, size_t length, bool last,
			   struct buf *out)
{
	ZSTD_CCtx *context = CONTAINER_OF(codec, struct zstd, codec)->context;
	ZSTD_inBuffer input = { data, length, 0 };
	size_t left;

	do {
		ZSTD_outBuffer output = { .pos = 0 };

		output.dst = room_in(out, length - input.pos, &output.size);
		if (output.dst == NULL)
			return ERR_TOO_LARGE;
		left = ZSTD_compressStream2(context, &output, &input,
					    last ? ZSTD_e_end : ZSTD_e_flush);
		if (ZSTD_isError(left))
			return ERR_INTERNAL;
		buf_commit(out, output.pos);
	} while (left > 0);
	return ERR_OK;
}

/* ---- Brotli (RFC 7932) ---- */

/*
 * An encoder serves one body and takes its memory anew each time, hundreds of KiB, which the heap would fetch from the
 * kernel and give back. It gets it from a block that is kept, and that grows to what the body before has needed.
 */
struct brotli {
	struct codec codec;
	BrotliEncoderState *state; /* NULL between bodies */
	char *block;
	size_t block_size, used;
	size_t needed; /* by this body; what does not fit comes from the heap */
};

static void *brotli_alloc(void *context, size_t size)
{
	struct brotli *brotli = context;
	size_t rounded = (size + 15) & ~(size_t)15;

	brotli->needed += rounded;
	if (rounded <= brotli->block_size - brotli->used) {
		void *memory = brotli->block + brotli->used;

		brotli->used += rounded;
		return memory;
	}
	return memory_resize(NULL, size);
}

static void brotli_free(void *context, void *memory)
{
	const struct brotli *brotli = context;

	if ((uintptr_t)memory - (uintptr_t)brotli->block >= brotli->block_size)
		free(memory);
}

static void brotli_end(struct brotli *brotli)
{
	BrotliEncoderDestroyInstance(brotli->state);
	brotli->state = NULL;
	if (brotli->needed > brotli->block_size && brotli->needed <= KEPT_MAX) {
		free(brotli->block);
		brotli->block = memory_resize(NULL, brotli->needed);
		brotli->block_size = brotli->needed;
	}
	brotli->used = brotli->needed = 0;
}

static struct codec *brotli_create(void)
{
	return &MEMORY_NEW(struct brotli)->codec;
}

static void brotli_destroy(struct codec *codec)
{
	struct brotli *brotli = CONTAINER_OF(codec, struct brotli, codec);

	brotli_end(brotli);
	free(brotli->block);
	free(brotli);
}

static enum err brotli_begin(struct codec *codec, size_t length)
{
	struct brotli *brotli = CONTAINER_OF(codec, struct brotli, codec);

	brotli_end(brotli);
	brotli->state = BrotliEncoderCreateInstance(brotli_alloc, brotli_free, brotli);
	if (brotli->state == NULL)
		memory_exhausted();
	BrotliEncoderSetParameter(brotli->state, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
	if (length > 0)
		BrotliEncoderSetParameter(brotli->state, BROTLI_PARAM_SIZE_HINT, (uint32_t)length);
	else
		BrotliEncoderSetParameter(brotli->state, BROTLI_PARAM_LGWIN, STREAM_WINDOW_LOG);
	return ERR_OK;
}

static enum err brotli_write(struct codec *codec, const void *data, size_t length, bool last,
			     struct buf *out)
{
	struct brotli *brotli = CONTAINER_OF(codec, struct brotli, codec);
	BrotliEncoderOperation operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
	const uint8_t *input = data;

	do {
		size_t size, left;
		uint8_t *room = room_in(out, length, &size);

		if (room == NULL)
			return ERR_TOO_LARGE;
		left = size;
		if (!BrotliEncoderCompressStream(brotli->state, operation, &length, &input, &left,
						 &room, NULL))
			return ERR_INTERNAL;
		buf_commit(out, size - left);
	} while (length > 0 || BrotliEncoderHasMoreOutput(brotli->state) ||
		 (last && !BrotliEncoderIsFinished(brotli->state)));
	if (last)
		brotli_end(brotli);
	return ERR_OK;
}

/* ---- All of them ---- */

static const struct codec_kind kinds[CODINGS] = {
	[CODING_GZIP] = { gzip_create, gzip_destroy, gzip_begin, gzip_write },
	[CODING_ZSTD] = { zstd_create, zstd_destroy, zstd_begin, zstd_write },
	[CODING_BROTLI] = { brotli_create, brotli_destroy, brotli_begin, brotli_write },
};

struct codec *codec_create(enum coding coding)
{
	struct codec *codec;

	assert(coding != CODING_IDENTITY);
	codec = kinds[coding].create();
	codec->kind = &kinds[coding];
	codec->coding = coding;
	list_init(&codec->node);
	return codec;
}

void codec_destroy(struct codec *codec)
{
	if (codec != NULL)
		codec->kind->destroy(codec);
}

enum err codec_begin(struct codec *codec, size_t length)
{
	return codec->kind->begin(codec, length);
}

enum err codec_write(struct codec *codec, const void *data, size_t length, bool last,
		     struct buf *out)
{
	return codec->kind->write(codec, data, length, last, out);
}
