/*
 * For the fuzz targets of incremental parsers: whatever way the bytes are split, the parser must see the same. The events
 * of a run are written down as text, so that two runs can be compared.
 */
#ifndef WEBPLUS_TESTS_FUZZ_SPLIT_H
#define WEBPLUS_TESTS_FUZZ_SPLIT_H

#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TRANSCRIPT_MAX = 16 << 20 };

/* Runs the parser over the data in pieces of these sizes, in turn, and writes down what it saw. */
typedef void (*run_in_pieces)(const char *data, size_t length, const size_t sizes[static 3],
			      struct buf *out);

/* Each piece is a copy of exactly its size, so that the sanitizer sees a read past its end. */
static inline char *copy_piece(const char *data, size_t size)
{
	char *piece = malloc(size + (size == 0));

	if (piece == NULL)
		abort();
	memcpy(piece, data, size);
	return piece;
}

/* The first byte of the input chooses the splits; the rest is what is parsed. */
static inline void check_splits(run_in_pieces run, const uint8_t *input, size_t size)
{
	const size_t whole[3] = { size, size, size }, bytes[3] = { 1, 1, 1 };
	size_t chosen[3];
	struct buf expected, found;

	if (size == 0)
		return;
	chosen[0] = 1 + (input[0] & 7);
	chosen[1] = 1 + (size_t)(input[0] >> 3 & 3) * 16;
	chosen[2] = 1 + (size_t)(input[0] >> 5) * 50;
	buf_init(&expected, TRANSCRIPT_MAX);
	buf_init(&found, TRANSCRIPT_MAX);
	run((const char *)input + 1, size - 1, whole, &expected);
	run((const char *)input + 1, size - 1, bytes, &found);
	if (expected.length != found.length ||
	    (found.length > 0 && memcmp(expected.data, found.data, found.length) != 0))
		abort();
	buf_clear(&found);
	run((const char *)input + 1, size - 1, chosen, &found);
	if (expected.length != found.length ||
	    (found.length > 0 && memcmp(expected.data, found.data, found.length) != 0))
		abort();
	buf_finish(&expected);
	buf_finish(&found);
}

#endif
