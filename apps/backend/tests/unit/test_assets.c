/* The files in the binary: found by their whole path alone, and the same in every encoding. */
#include "http/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <brotli/decode.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static void every_file_is_found_by_its_path(void **state)
{
	(void)state;
	assert_true(assets_count > 0);
	for (size_t i = 0; i < assets_count; i++)
		assert_ptr_equal(asset_find(assets[i].path, strlen(assets[i].path)), &assets[i]);
}

static void the_table_is_sorted_without_doubles(void **state)
{
	(void)state;
	for (size_t i = 1; i < assets_count; i++)
		assert_true(strcmp(assets[i - 1].path, assets[i].path) < 0);
}

static void a_part_of_a_path_finds_nothing(void **state)
{
	char longer[1024];

	(void)state;
	for (size_t i = 0; i < assets_count; i++) {
		size_t length = strlen(assets[i].path);

		memcpy(longer, assets[i].path, length);
		longer[length] = '\0';
		assert_null(asset_find(longer, length - 1));
		assert_null(asset_find(longer, length + 1)); /* with its NUL */
		longer[length] = 'x';
		assert_null(asset_find(longer, length + 1));
	}
	assert_null(asset_find("", 0));
}

static size_t gunzip(const struct asset *asset, unsigned char *out, size_t size)
{
	z_stream stream = { .next_in = (unsigned char *)asset->data[CODING_GZIP],
			    .avail_in = (unsigned)asset->size[CODING_GZIP],
			    .next_out = out,
			    .avail_out = (unsigned)size };

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	return stream.total_out;
}

static size_t unbrotli(const struct asset *asset, unsigned char *out, size_t size)
{
	assert_int_equal(BrotliDecoderDecompress(asset->size[CODING_BROTLI],
						 asset->data[CODING_BROTLI], &size, out),
			 BROTLI_DECODER_RESULT_SUCCESS);
	return size;
}

static size_t unzstd(const struct asset *asset, unsigned char *out, size_t size)
{
	return ZSTD_decompress(out, size, asset->data[CODING_ZSTD], asset->size[CODING_ZSTD]);
}

static void every_encoding_gives_the_same_bytes(void **state)
{
	size_t (*const decode[CODINGS])(const struct asset *, unsigned char *, size_t) = {
		[CODING_GZIP] = gunzip,
		[CODING_ZSTD] = unzstd,
		[CODING_BROTLI] = unbrotli,
	};

	(void)state;
	for (size_t i = 0; i < assets_count; i++) {
		const struct asset *asset = &assets[i];
		size_t size = asset->size[CODING_IDENTITY];
		unsigned char *out = malloc(size + 1);

		assert_non_null(out);
		for (size_t e = CODING_GZIP; e < CODINGS; e++) {
			if (asset->data[e] == NULL)
				continue;
			assert_true(asset->size[e] < size);
			assert_int_equal(decode[e](asset, out, size), size);
			assert_memory_equal(out, asset->data[CODING_IDENTITY], size);
		}
		free(out);
	}
}

static void encodings_have_the_names_of_http(void **state)
{
	(void)state;
	assert_null(coding_name(CODING_IDENTITY));
	assert_string_equal(coding_name(CODING_GZIP), "gzip");
	assert_string_equal(coding_name(CODING_ZSTD), "zstd");
	assert_string_equal(coding_name(CODING_BROTLI), "br");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_found_by_its_path),
		cmocka_unit_test(the_table_is_sorted_without_doubles),
		cmocka_unit_test(a_part_of_a_path_finds_nothing),
		cmocka_unit_test(every_encoding_gives_the_same_bytes),
		cmocka_unit_test(encodings_have_the_names_of_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
