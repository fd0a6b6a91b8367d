/*
 * Replies are compressed for who takes them so: gzip, Zstandard or Brotli, by the quality values of Accept-Encoding.
 *
 * Compressed is what is text, longer than COMPRESSION_MIN or made piece by piece, comes from a worker or is short, and
 * has no coding yet; a body that would not become smaller stays as it is. Pieces and events are flushed one by one.
 * Never compressed are the replies of routes that say why not (route.uncompressed). Files of the front end come
 * compressed from http/assets.
 *
 * compression_create and _destroy belong to the start and the end; the rest is called from any thread.
 */
#ifndef WEBPLUS_MIDDLEWARE_COMPRESSION_H
#define WEBPLUS_MIDDLEWARE_COMPRESSION_H

#include "http/coding.h"
#include "http/server.h"

#include <stdint.h>

enum {
	/* Below it a reply fits in one packet with its head, compressed or not. */
	COMPRESSION_MIN = 1024,
	/* Above it a body is not compressed on the loop, where others would wait for it. */
	COMPRESSION_LOOP_MAX = 16 * 1024,
	/* Bodies in pieces that are under way at once, each of which holds an encoder; others go as they are. */
	COMPRESSION_STREAMS_MAX = 64,
};

struct compression;

struct compression *compression_create(void);
void compression_destroy(struct compression *compression);

/* Of one coding, since the start. */
struct compression_counts {
	uint64_t replies;
	uint64_t bytes_in, bytes_out;
	uint64_t time_us; /* spent compressing */
};

void compression_count(struct compression *compression, enum coding coding,
		       struct compression_counts *ret_counts);

/* How this client is answered, as far as Accept-Encoding says so. */
struct coding_choice {
	enum coding coding;
	bool must; /* short bodies too: it refuses identity */
};
struct coding_choice compression_choose(struct request *request);

extern const struct middleware compression_middleware;

#endif
