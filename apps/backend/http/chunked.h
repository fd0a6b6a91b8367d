/*
 * A chunked body (RFC 9112, section 7.1), byte by byte and strictly: more strictly than the RFC in
 * that nothing stands between a size and its semicolon. Extensions and trailers are read, bounded
 * and forgotten. However the bytes are split, the same pieces come out. Any thread.
 */
#ifndef WEBPLUS_HTTP_CHUNKED_H
#define WEBPLUS_HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

enum {
	CHUNK_EXTENSIONS_MAX =
		4 * 1024, /* bytes in one body: chunks of one byte shall not carry kilobytes */
	CHUNK_TRAILERS_MAX = 8 * 1024,
};

enum chunked_state {
	CHUNKED_SIZE_FIRST, /* a chunk begins */
	CHUNKED_SIZE,
	CHUNKED_EXTENSION,
	CHUNKED_SIZE_FEED,
	CHUNKED_DATA,
	CHUNKED_DATA_RETURN,
	CHUNKED_DATA_FEED,
	CHUNKED_LINE, /* behind the last chunk, a trailer or the end begins */
	CHUNKED_TRAILER_NAME,
	CHUNKED_TRAILER,
	CHUNKED_TRAILER_FEED,
	CHUNKED_END_FEED,
	CHUNKED_DONE,
	CHUNKED_BAD,
};

struct chunked {
	enum chunked_state state; /* zero is the start */
	int64_t left;             /* bytes of the chunk that are to come */
	size_t extensions, trailers;
};

/*
 * Reads up to and including the next piece of the body, which lies in `data`, or to the end of
 * `data`, or of the body. Returns how many bytes it took.
 */
size_t chunked_read(struct chunked *chunked, const char *data, size_t length,
		    const char **ret_piece, size_t *ret_piece_length);

/* Writes the size line of a chunk, "1a2b" CRLF, and returns its length. */
enum { CHUNK_HEAD_MAX = 18 };
size_t chunk_head_write(char head[static CHUNK_HEAD_MAX], size_t length);

#endif
