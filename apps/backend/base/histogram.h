/*
 * Durations, counted by how long they were, as Prometheus wants them. One thread at a time.
 */
#ifndef WEBPLUS_BASE_HISTOGRAM_H
#define WEBPLUS_BASE_HISTOGRAM_H

#include "base/buf.h"

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 14 };

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* by their upper bounds; the last is without */
	uint64_t count;
	int64_t sum_us;
};

void histogram_add(struct histogram *histogram, int64_t duration_us);
/* The samples of a family in seconds: NAME_bucket, NAME_sum, NAME_count. */
void histogram_print(const struct histogram *histogram, const char *name, struct buf *out);

#endif
