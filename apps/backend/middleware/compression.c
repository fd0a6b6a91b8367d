#include "middleware/compression.h"

#include "app.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "middleware/codec.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Codecs that are kept of a coding; workers rarely compress more bodies at once. */
enum { IDLE_MAX = 8 };

/* Of equals, what costs the least time first: they save the same to a percent or two. */
static const enum coding preference[] = { CODING_ZSTD, CODING_BROTLI, CODING_GZIP,
					  CODING_IDENTITY };

struct counters {
	atomic_uint_fast64_t replies, bytes_in, bytes_out, time_us;
};

struct compression {
	pthread_mutex_t lock; /* guards all but the counters */
	struct list idle[CODINGS];
	unsigned idle_count[CODINGS];
	unsigned streams; /* encoders under way */
	struct counters counters[CODINGS];
};

struct compression *compression_create(void)
{
	struct compression *compression = MEMORY_NEW(struct compression);

	pthread_mutex_init(&compression->lock, NULL);
	for (int i = 0; i < CODINGS; i++)
		list_init(&compression->idle[i]);
	return compression;
}

void compression_destroy(struct compression *compression)
{
	if (compression == NULL)
		return;
	for (int i = 0; i < CODINGS; i++)
		LIST_EACH_SAFE(codec, &compression->idle[i], struct codec, node)
			codec_destroy(codec);
	pthread_mutex_destroy(&compression->lock);
	free(compression);
}

void compression_count(struct compression *compression, enum coding coding,
		       struct compression_counts *ret_counts)
{
	struct counters *counters = &compression->counters[coding];

	*ret_counts = (struct compression_counts){
		.replies = atomic_load(&counters->replies),
		.bytes_in = atomic_load(&counters->bytes_in),
		.bytes_out = atomic_load(&counters->bytes_out),
		.time_us = atomic_load(&counters->time_us),
	};
}

/* ---- Codecs ---- */

static struct codec *take_codec(struct compression *compression, enum coding coding)
{
	struct list *idle = &compression->idle[coding];
	struct codec *codec = NULL;

	pthread_mutex_lock(&compression->lock);
	if (!list_empty(idle)) {
		codec = CONTAINER_OF(idle->next, struct codec, node);
		list_remove(&codec->node);
		compression->idle_count[coding]--;
	}
	pthread_mutex_unlock(&compression->lock);
	return codec != NULL ? codec : codec_create(coding);
}

static void give_codec(struct compression *compression, struct codec *codec)
{
	bool kept;

	pthread_mutex_lock(&compression->lock);
	kept = compression->idle_count[codec->coding] < IDLE_MAX;
	if (kept) {
		compression->idle_count[codec->coding]++;
		list_insert(&compression->idle[codec->coding], &codec->node);
	}
	pthread_mutex_unlock(&compression->lock);
	if (!kept)
		codec_destroy(codec);
}

/* Writes and counts. */
static enum err write_counted(struct compression *compression, struct codec *codec,
			      const void *data, size_t length, bool last, struct buf *out)
{
	struct counters *counters = &compression->counters[codec->coding];
	int64_t start_us = clock_monotonic_us();
	size_t before = out->length;
	enum err err = codec_write(codec, data, length, last, out);

	atomic_fetch_add(&counters->time_us, (uint64_t)(clock_monotonic_us() - start_us));
	if (err == ERR_OK) {
		atomic_fetch_add(&counters->bytes_in, length);
		atomic_fetch_add(&counters->bytes_out, out->length - before);
	}
	return err;
}

/* ---- Bodies in pieces ---- */

struct stream {
	struct encoder encoder;
	struct compression *compression;
	struct codec *codec;
};

static enum err stream_encode(struct encoder *encoder, const void *data, size_t length, bool last,
			      struct buf *out)
{
	struct stream *stream = CONTAINER_OF(encoder, struct stream, encoder);

	return write_counted(stream->compression, stream->codec, data, length, last, out);
}

/* Its codec has the small window of a stream, and is not kept. */
static void stream_destroy(struct encoder *encoder)
{
	struct stream *stream = CONTAINER_OF(encoder, struct stream, encoder);

	codec_destroy(stream->codec);
	pthread_mutex_lock(&stream->compression->lock);
	stream->compression->streams--;
	pthread_mutex_unlock(&stream->compression->lock);
	free(stream);
}

static bool count_stream(struct compression *compression)
{
	bool counted;

	pthread_mutex_lock(&compression->lock);
	counted = compression->streams < COMPRESSION_STREAMS_MAX;
	compression->streams += counted;
	pthread_mutex_unlock(&compression->lock);
	return counted;
}

static bool compress_pieces(struct compression *compression, struct reply *reply,
			    enum coding coding)
{
	struct stream *stream;

	if (!count_stream(compression))
		return false;
	stream = MEMORY_NEW(struct stream);
	stream->encoder.encode = stream_encode;
	stream->encoder.destroy = stream_destroy;
	stream->compression = compression;
	stream->codec = codec_create(coding);
	reply->encoder = &stream->encoder;
	if (codec_begin(stream->codec, 0) == ERR_OK)
		return true;
	reply->encoder = NULL;
	stream_destroy(&stream->encoder);
	return false;
}

/* ---- Whole bodies ---- */

/* False where it would not become smaller: then the output, which is no larger, has no room. */
static bool compress_body(struct compression *compression, struct reply *reply, enum coding coding,
			  bool must)
{
	struct codec *codec = take_codec(compression, coding);
	struct buf out;
	enum err err;

	buf_init(&out, must ? reply->body.max : reply->body.length - 1);
	err = codec_begin(codec, reply->body.length);
	if (err == ERR_OK)
		err = write_counted(compression, codec, reply->body.data, reply->body.length, true,
				    &out);
	give_codec(compression, codec);
	if (err != ERR_OK) {
		buf_finish(&out);
		return false;
	}
	out.max = reply->body.max;
	buf_finish(&reply->body);
	reply->body = out;
	return true;
}

/* ---- Which, and how ---- */

/* "application/json" and "application/problem+json" end with json. */
static bool ends_with(const char *media, size_t length, const char *end)
{
	size_t size = strlen(end);
	const char *at;

	if (length <= size)
		return false;
	at = media + length - size;
	return strncasecmp(at, end, size) == 0 && (at[-1] == '/' || at[-1] == '+');
}

/* What is made of text; pictures, sound and archives are compressed already. */
static bool is_text(const char *media)
{
	static const char *const ends[] = { "json", "jsonl", "ndjson", "xml", "javascript", NULL };
	size_t length = media != NULL ? strcspn(media, "; ") : 0;

	if (length > 5 && strncasecmp(media, "text/", 5) == 0)
		return true;
	for (const char *const *end = ends; *end != NULL; end++)
		if (ends_with(media, length, *end))
			return true;
	return false;
}

/* The line of the header in the reply, which may be there once; NULL without. */
static char *find_header(const struct reply *reply, const char *name)
{
	size_t length = strlen(name);
	char *line = reply->headers.data;

	while (line != NULL && *line != '\0') {
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line;
		line = strstr(line, "\r\n");
		line = line != NULL ? line + 2 : NULL;
	}
	return NULL;
}

static bool says_that_it_varies(const struct reply *reply)
{
	return reply->headers.data != NULL &&
	       strstr(reply->headers.data, "Vary: Accept-Encoding\r\n") != NULL;
}

static bool has_pieces(const struct reply *reply)
{
	return reply->kind == REPLY_PRODUCER || reply->kind == REPLY_EVENTS;
}

/* Whether another Accept-Encoding might bring another reply. A part of a body (206) is a part of what is sent whole. */
static bool may_vary(const struct request *request)
{
	const struct reply *reply = &request->reply;

	if (request->route == NULL || request->route->uncompressed != NULL ||
	    reply->status == 206 || find_header(reply, "Content-Encoding") != NULL)
		return false;
	if (reply->status == 304)
		return true;
	return reply->status >= 200 && reply->status != 204 && is_text(reply->media) &&
	       (has_pieces(reply) || reply->kind == REPLY_BODY);
}

static bool is_worth_it(const struct request *request, bool must)
{
	const struct reply *reply = &request->reply;
	size_t length = reply->body.length;

	if (has_pieces(reply))
		return true;
	if (reply->kind != REPLY_BODY || length == 0)
		return false;
	if (loop_is_current(request->app->loop) && length > COMPRESSION_LOOP_MAX)
		return false;
	return must || length >= COMPRESSION_MIN;
}

/* A strong ETag names the bytes: each coding has its own, "x" becomes "x-gzip". */
static void name_coding(struct request *request, const char *coding)
{
	char *line = find_header(&request->reply, "ETag");
	char *value = line != NULL ? line + strcspn(line, "\"W\r") : NULL;
	struct buf *headers = &request->reply.headers;
	const char *rest;
	size_t at;

	if (value == NULL || *value != '"')
		return;
	value = strchr(value + 1, '"');
	if (value == NULL)
		return;
	rest = arena_strdup(&request->arena, value);
	at = (size_t)(value - headers->data);
	headers->length = at;
	buf_printf(headers, "-%s%s", coding, rest);
}

static void compress(struct request *request, enum coding coding, bool must)
{
	struct compression *compression = request->app->compression;
	struct reply *reply = &request->reply;
	bool compressed = has_pieces(reply) ? compress_pieces(compression, reply, coding)
					    : compress_body(compression, reply, coding, must);

	if (!compressed)
		return;
	atomic_fetch_add(&compression->counters[coding].replies, 1);
	name_coding(request, coding_name(coding));
	reply_header(request, "Content-Encoding", coding_name(coding));
}

struct coding_choice compression_choose(struct request *request)
{
	struct coding_weights weights =
		coding_weights(request_header_list(request, "accept-encoding"));
	enum coding coding = coding_choose(&weights, preference);

	return (struct coding_choice){
		.coding = coding,
		.must = coding != CODING_IDENTITY && weights.of[CODING_IDENTITY] == 0,
	};
}

/* Who refuses identity gets short bodies compressed too. A 304 has the Vary of what it stands for. */
static void encoded(struct request *request)
{
	struct coding_choice choice;
	bool worth_it;

	if (request->app->compression == NULL || !may_vary(request))
		return;
	choice = compression_choose(request);
	worth_it = is_worth_it(request, choice.must);
	if (!worth_it && request->reply.status != 304)
		return;
	if (!says_that_it_varies(&request->reply))
		reply_header(request, "Vary", "Accept-Encoding");
	if (worth_it && choice.coding != CODING_IDENTITY)
		compress(request, choice.coding, choice.must);
}

const struct middleware compression_middleware = { .name = "compression", .encoded = encoded };
