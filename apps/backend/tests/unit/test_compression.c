/* Which replies are compressed, how, and that they come out again. */
#include "middleware/compression.h"

#include "app.h"
#include "base/loop.h"
#include "http/state.h"
#include "middleware/codec.h"

#include "test.h"

#include <brotli/decode.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { BODY_BYTES = 20000, ROOM = 256 * 1024 };

/* ---- Decoders that take what has come so far ---- */

struct decoder {
	enum coding coding;
	z_stream inflate;
	ZSTD_DCtx *zstd;
	BrotliDecoderState *brotli;
	bool ended;
};

static void decoder_init(struct decoder *decoder, enum coding coding)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->coding = coding;
	assert_int_equal(inflateInit2(&decoder->inflate, 15 + 16), Z_OK);
	decoder->zstd = ZSTD_createDCtx();
	decoder->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
}

static void decoder_finish(struct decoder *decoder)
{
	inflateEnd(&decoder->inflate);
	ZSTD_freeDCtx(decoder->zstd);
	BrotliDecoderDestroyInstance(decoder->brotli);
}

static size_t decode_gzip(struct decoder *decoder, const struct buf *in, char *out)
{
	z_stream *stream = &decoder->inflate;
	int result;

	stream->next_in = (Bytef *)in->data;
	stream->avail_in = (uInt)in->length;
	stream->next_out = (Bytef *)out;
	stream->avail_out = ROOM;
	result = inflate(stream, Z_SYNC_FLUSH);
	assert_true(result == Z_OK || result == Z_STREAM_END);
	assert_int_equal(stream->avail_in, 0);
	decoder->ended = result == Z_STREAM_END;
	return ROOM - stream->avail_out;
}

static size_t decode_zstd(struct decoder *decoder, const struct buf *in, char *out)
{
	ZSTD_inBuffer input = { in->data, in->length, 0 };
	ZSTD_outBuffer output = { out, ROOM, 0 };
	size_t left = ZSTD_decompressStream(decoder->zstd, &output, &input);

	assert_false(ZSTD_isError(left));
	assert_int_equal(input.pos, in->length);
	decoder->ended = left == 0;
	return output.pos;
}

static size_t decode_brotli(struct decoder *decoder, const struct buf *in, char *out)
{
	size_t length = in->length, room = ROOM;
	const uint8_t *input = (const uint8_t *)in->data;
	uint8_t *output = (uint8_t *)out;
	BrotliDecoderResult result = BrotliDecoderDecompressStream(decoder->brotli, &length, &input,
								   &room, &output, NULL);

	assert_true(result == BROTLI_DECODER_RESULT_SUCCESS ||
		    result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT);
	assert_int_equal(length, 0);
	decoder->ended = result == BROTLI_DECODER_RESULT_SUCCESS;
	return ROOM - room;
}

/* What these bytes, behind those before, bring. */
static size_t decode(struct decoder *decoder, const struct buf *in, char *out)
{
	switch (decoder->coding) {
	case CODING_GZIP:
		return decode_gzip(decoder, in, out);
	case CODING_ZSTD:
		return decode_zstd(decoder, in, out);
	default:
		return decode_brotli(decoder, in, out);
	}
}

static void check_decodes(enum coding coding, const struct buf *in, const char *text, size_t length)
{
	char *out = malloc(ROOM);
	struct decoder decoder;

	decoder_init(&decoder, coding);
	assert_int_equal(decode(&decoder, in, out), length);
	assert_true(decoder.ended);
	assert_memory_equal(out, text, length);
	decoder_finish(&decoder);
	free(out);
}

/* ---- Codecs ---- */

static char text[BODY_BYTES], noise[BODY_BYTES];

static int make_texts(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < BODY_BYTES; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = "{\"title\":\"conversation\", }"[i % 25];
		if (i % 25 == 20)
			text[i] = (char)('a' + (seed >> 28));
		noise[i] = (char)(seed >> 16);
	}
	return 0;
}

static void bodies_come_out_as_they_went_in(void **state)
{
	const size_t lengths[] = { BODY_BYTES, 1, 1024, BODY_BYTES };

	(void)state;
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		struct codec *codec = codec_create((enum coding)i);

		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			struct buf out;

			buf_init(&out, ROOM);
			assert_int_equal(codec_begin(codec, lengths[l]), ERR_OK);
			assert_int_equal(codec_write(codec, text, lengths[l], true, &out), ERR_OK);
			assert_true(lengths[l] < 100 || out.length < lengths[l] / 2);
			check_decodes((enum coding)i, &out, text, lengths[l]);
			buf_finish(&out);
		}
		codec_destroy(codec);
	}
}

static void each_piece_can_be_read_when_it_has_come(void **state)
{
	static const char *const events[] = { "id: 1\nevent: delta\ndata: {\"seq\":1}\n\n",
					      "id: 2\nevent: delta\ndata: {\"seq\":2}\n\n",
					      ": ping\n\n", NULL };
	char *out = malloc(ROOM);

	(void)state;
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		struct codec *codec = codec_create((enum coding)i);
		struct decoder decoder;
		struct buf piece;

		decoder_init(&decoder, (enum coding)i);
		buf_init(&piece, ROOM);
		assert_int_equal(codec_begin(codec, 0), ERR_OK);
		for (const char *const *event = events; *event != NULL; event++) {
			size_t length = strlen(*event);

			buf_clear(&piece);
			assert_int_equal(codec_write(codec, *event, length, false, &piece), ERR_OK);
			assert_int_equal(decode(&decoder, &piece, out), length);
			assert_memory_equal(out, *event, length);
			assert_false(decoder.ended);
		}
		buf_clear(&piece);
		assert_int_equal(codec_write(codec, "", 0, true, &piece), ERR_OK);
		assert_int_equal(decode(&decoder, &piece, out), 0);
		assert_true(decoder.ended);
		buf_finish(&piece);
		decoder_finish(&decoder);
		codec_destroy(codec);
	}
	free(out);
}

/* And the codec is as good as new for the next. */
static void a_body_that_finds_no_room_is_given_up(void **state)
{
	(void)state;
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		struct codec *codec = codec_create((enum coding)i);
		struct buf small, out;

		buf_init(&small, BODY_BYTES - 1);
		buf_init(&out, ROOM);
		assert_int_equal(codec_begin(codec, BODY_BYTES), ERR_OK);
		assert_int_equal(codec_write(codec, noise, BODY_BYTES, true, &small),
				 ERR_TOO_LARGE);
		assert_int_equal(codec_begin(codec, 100), ERR_OK);
		assert_int_equal(codec_write(codec, text, 100, true, &out), ERR_OK);
		check_decodes((enum coding)i, &out, text, 100);
		buf_finish(&small);
		buf_finish(&out);
		codec_destroy(codec);
	}
}

/* ---- Replies ---- */

static const struct route plain = { .method = "GET", .path = "/plain" };
static const struct route secret = { .method = "GET", .path = "/secret", .uncompressed = "a key" };

struct call {
	struct loop loop;
	struct app app;
	struct text_pair headers[2];
	struct request request;
};

static void call_make(struct call *call, const char *accept)
{
	memset(call, 0, sizeof(*call));
	call->app.loop = &call->loop; /* whose thread is none: this one is a worker */
	call->app.compression = compression_create();
	call->headers[0] = (struct text_pair){ accept != NULL ? "accept-encoding" : "x", accept };
	call->request.app = &call->app;
	call->request.method = "GET";
	call->request.route = &plain;
	call->request.headers = call->headers;
	arena_init(&call->request.arena);
	reply_init(&call->request.reply);
}

static void call_finish(struct call *call)
{
	reply_finish(&call->request.reply);
	arena_finish(&call->request.arena);
	compression_destroy(call->app.compression);
}

static bool has(const struct call *call, const char *line)
{
	const struct buf *headers = &call->request.reply.headers;

	return headers->data != NULL && strstr(headers->data, line) != NULL;
}

/* Runs the middleware over a reply of `length` bytes; returns whether it says how it varies. */
static bool run(struct call *call, const char *media, const char *body, size_t length)
{
	reply_text(&call->request, 200, media, body, length);
	compression_middleware.encoded(&call->request);
	return has(call, "Vary: Accept-Encoding\r\n");
}

static void check_plain(struct call *call, const char *body, size_t length)
{
	assert_false(has(call, "Content-Encoding"));
	assert_int_equal(call->request.reply.body.length, length);
	assert_memory_equal(call->request.reply.body.data, body, length);
	call_finish(call);
}

static void a_reply_is_compressed_as_the_client_takes_it(void **state)
{
	struct compression_counts counts;
	struct call call;

	(void)state;
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		const char *name = coding_name((enum coding)i);

		call_make(&call, name);
		assert_true(run(&call, "application/json", text, BODY_BYTES));
		assert_true(has(&call, "Content-Encoding: "));
		assert_true(has(&call, name));
		check_decodes((enum coding)i, &call.request.reply.body, text, BODY_BYTES);
		compression_count(call.app.compression, (enum coding)i, &counts);
		assert_int_equal(counts.replies, 1);
		assert_int_equal(counts.bytes_in, BODY_BYTES);
		assert_int_equal(counts.bytes_out, call.request.reply.body.length);
		call_finish(&call);
	}
}

static void who_takes_none_gets_it_plain_and_is_told_that_it_varies(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, NULL);
	assert_true(run(&call, "application/json", text, BODY_BYTES));
	check_plain(&call, text, BODY_BYTES);
	call_make(&call, "br;q=0");
	assert_true(run(&call, "application/json", text, BODY_BYTES));
	check_plain(&call, text, BODY_BYTES);
}

static void what_is_short_stays_plain_unless_identity_is_refused(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "gzip");
	assert_false(run(&call, "application/json", text, COMPRESSION_MIN - 1));
	check_plain(&call, text, COMPRESSION_MIN - 1);
	call_make(&call, "gzip");
	assert_true(run(&call, "application/json", text, COMPRESSION_MIN));
	assert_true(has(&call, "Content-Encoding: gzip\r\n"));
	call_finish(&call);
	call_make(&call, "gzip, identity;q=0");
	assert_true(run(&call, "application/json", "{}", 2));
	assert_true(has(&call, "Content-Encoding: gzip\r\n"));
	check_decodes(CODING_GZIP, &call.request.reply.body, "{}", 2);
	call_finish(&call);
}

static void what_does_not_shrink_stays_plain(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "br");
	assert_true(run(&call, "text/plain", noise, BODY_BYTES));
	check_plain(&call, noise, BODY_BYTES);
}

static void check_media(const char *media, bool compressed)
{
	struct call call;

	call_make(&call, "gzip");
	assert_int_equal(run(&call, media, text, BODY_BYTES), compressed);
	assert_int_equal(has(&call, "Content-Encoding: gzip\r\n"), compressed);
	call_finish(&call);
}

static void only_what_is_text_is_compressed(void **state)
{
	(void)state;
	check_media("text/html; charset=utf-8", true);
	check_media("text/event-stream", true);
	check_media("application/json", true);
	check_media("application/problem+json", true);
	check_media("application/jsonl", true);
	check_media("image/svg+xml", true);
	check_media("text/javascript", true);
	check_media("image/png", false);
	check_media("application/octet-stream", false);
	check_media("application/zip", false);
	check_media("application/notjson", false);
	check_media("json", false);
	check_media("text/", false);
	check_media(NULL, false);
}

/* Not even for who refuses anything else. */
static void what_holds_a_secret_is_never_compressed(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "gzip, identity;q=0");
	call.request.route = &secret;
	assert_false(run(&call, "application/json", text, BODY_BYTES));
	check_plain(&call, text, BODY_BYTES);
}

static void nothing_is_compressed_twice(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "gzip");
	reply_header(&call.request, "Content-Encoding", "zstd");
	assert_false(run(&call, "application/json", text, BODY_BYTES));
	assert_false(has(&call, "Content-Encoding: gzip"));
	assert_memory_equal(call.request.reply.body.data, text, BODY_BYTES);
	call_finish(&call);
}

static void check_status(int status, bool varies)
{
	struct call call;

	call_make(&call, "gzip");
	reply_text(&call.request, status, "application/json", text, BODY_BYTES);
	if (status == 204 || status == 304)
		call.request.reply.kind = REPLY_NONE;
	compression_middleware.encoded(&call.request);
	assert_int_equal(has(&call, "Vary: Accept-Encoding\r\n"), varies);
	assert_int_equal(has(&call, "Content-Encoding"), varies && status != 304 && status != 204);
	call_finish(&call);
}

static void statuses_without_a_whole_body_stay_as_they_are(void **state)
{
	(void)state;
	check_status(200, true);
	check_status(404, true);
	check_status(204, false);
	check_status(206, false);
	check_status(304, true);
}

static void check_etag(const char *etag, const char *expected)
{
	struct call call;

	call_make(&call, "gzip");
	reply_header(&call.request, "ETag", etag);
	reply_header(&call.request, "X-Behind", "1");
	assert_true(run(&call, "application/json", text, BODY_BYTES));
	assert_true(has(&call, expected));
	assert_true(has(&call, "X-Behind: 1\r\n"));
	call_finish(&call);
}

static void each_coding_has_its_own_strong_etag(void **state)
{
	(void)state;
	check_etag("\"abc\"", "ETag: \"abc-gzip\"\r\n");
	check_etag("W/\"abc\"", "ETag: W/\"abc\"\r\n");
}

/* Where others would wait. */
static void on_the_loop_only_short_bodies_are_compressed(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "gzip");
	call.loop.thread = pthread_self();
	run(&call, "text/plain", text, COMPRESSION_LOOP_MAX + 1);
	check_plain(&call, text, COMPRESSION_LOOP_MAX + 1);
	call_make(&call, "gzip");
	call.loop.thread = pthread_self();
	assert_true(run(&call, "text/plain", text, COMPRESSION_LOOP_MAX));
	assert_true(has(&call, "Content-Encoding: gzip\r\n"));
	call_finish(&call);
}

static void streams_have_a_limit_and_go_plain_above_it(void **state)
{
	struct encoder *encoders[COMPRESSION_STREAMS_MAX];
	struct compression *compression;
	struct call call;

	(void)state;
	call_make(&call, "gzip");
	compression = call.app.compression;
	call.request.reply.status = 200;
	call.request.reply.kind = REPLY_EVENTS;
	call.request.reply.media = "text/event-stream";
	for (int i = 0; i < COMPRESSION_STREAMS_MAX; i++) {
		compression_middleware.encoded(&call.request);
		encoders[i] = call.request.reply.encoder;
		assert_non_null(encoders[i]);
		call.request.reply.encoder = NULL;
		buf_clear(&call.request.reply.headers);
	}
	compression_middleware.encoded(&call.request);
	assert_null(call.request.reply.encoder);
	assert_false(has(&call, "Content-Encoding"));
	assert_true(has(&call, "Vary: Accept-Encoding\r\n"));
	for (int i = 0; i < COMPRESSION_STREAMS_MAX; i++)
		encoders[i]->destroy(encoders[i]);
	buf_clear(&call.request.reply.headers);
	compression_middleware.encoded(&call.request);
	assert_non_null(call.request.reply.encoder);
	assert_ptr_equal(compression, call.app.compression);
	call_finish(&call);
}

/* A producer that fails before its first piece answers in plain words. */
static void a_problem_in_place_of_pieces_is_not_encoded(void **state)
{
	struct call call;

	(void)state;
	call_make(&call, "zstd");
	reply_header(&call.request, "X-Before", "1");
	call.request.reply.status = 200;
	call.request.reply.kind = REPLY_PRODUCER;
	call.request.reply.media = "application/json";
	compression_middleware.encoded(&call.request);
	assert_true(has(&call, "Content-Encoding: zstd\r\n"));
	reply_header(&call.request, "X-Behind", "1");
	reply_problem(&call.request, ERR_INTERNAL);
	assert_null(call.request.reply.encoder);
	assert_string_equal(call.request.reply.headers.data,
			    "X-Before: 1\r\nVary: Accept-Encoding\r\nX-Behind: 1\r\n");
	call_finish(&call);
}

static void switched_off_it_does_nothing(void **state)
{
	struct call call;
	struct compression *compression;

	(void)state;
	call_make(&call, "gzip");
	compression = call.app.compression;
	call.app.compression = NULL;
	assert_false(run(&call, "application/json", text, BODY_BYTES));
	check_plain(&call, text, BODY_BYTES);
	compression_destroy(compression);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_out_as_they_went_in),
		cmocka_unit_test(each_piece_can_be_read_when_it_has_come),
		cmocka_unit_test(a_body_that_finds_no_room_is_given_up),
		cmocka_unit_test(a_reply_is_compressed_as_the_client_takes_it),
		cmocka_unit_test(who_takes_none_gets_it_plain_and_is_told_that_it_varies),
		cmocka_unit_test(what_is_short_stays_plain_unless_identity_is_refused),
		cmocka_unit_test(what_does_not_shrink_stays_plain),
		cmocka_unit_test(only_what_is_text_is_compressed),
		cmocka_unit_test(what_holds_a_secret_is_never_compressed),
		cmocka_unit_test(nothing_is_compressed_twice),
		cmocka_unit_test(statuses_without_a_whole_body_stay_as_they_are),
		cmocka_unit_test(each_coding_has_its_own_strong_etag),
		cmocka_unit_test(on_the_loop_only_short_bodies_are_compressed),
		cmocka_unit_test(streams_have_a_limit_and_go_plain_above_it),
		cmocka_unit_test(a_problem_in_place_of_pieces_is_not_encoded),
		cmocka_unit_test(switched_off_it_does_nothing),
	};

	return cmocka_run_group_tests(tests, make_texts, NULL);
}
