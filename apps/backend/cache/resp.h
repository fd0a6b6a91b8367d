/*
 * RESP, the protocol of Redis (version 2): commands are written, replies are read.
 *
 * The reader is strict and bounded in depth, items and bytes, and takes no word of the server on trust: a length is a
 * promise until its bytes are there. It is ours rather than hiredis', which allocates what a header claims and ends the
 * process when a reply comes that nobody waits for. Any thread.
 */
#ifndef WEBPLUS_CACHE_RESP_H
#define WEBPLUS_CACHE_RESP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum redis_type { REDIS_NIL, REDIS_INTEGER, REDIS_STRING, REDIS_ERROR, REDIS_ARRAY };

enum { RESP_DEPTH_MAX = 8, RESP_ITEMS_MAX = 16 * 1024, RESP_LINE_MAX = 4096 };

struct redis_value {
	enum redis_type type;
	int64_t integer;
	const char *text; /* of a string or an error: in the bytes that were read, without a NUL */
	size_t length;
	struct redis_value *items; /* of an array, in the arena */
	size_t count;
};

struct redis_text {
	const char *data;
	size_t length;
};

/*
 * The value at the front of these bytes: ERR_OK and how many it took; ERR_PENDING: it is not whole yet; ERR_MALFORMED;
 * ERR_TOO_LARGE: more items or levels than anything that is asked for has.
 */
enum err resp_read(const char *data, size_t length, struct arena *arena,
		   struct redis_value *ret_value, size_t *ret_used) WARN_UNUSED;

void resp_write_count(struct buf *out, size_t count);
void resp_write_text(struct buf *out, struct redis_text text);

#endif
