#include "base/histogram.h"

static const int64_t bounds_us[HISTOGRAM_BUCKETS - 1] = {
	250,    500,    1000,    2500,     5000,     10000,     25000,
	100000, 250000, 1000000, 10000000, 60000000, 600000000,
};

void histogram_add(struct histogram *histogram, int64_t duration_us)
{
	int bucket = 0;

	while (bucket < HISTOGRAM_BUCKETS - 1 && duration_us > bounds_us[bucket])
		bucket++;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum_us += duration_us;
}

void histogram_print(const struct histogram *histogram, const char *name, struct buf *out)
{
	uint64_t total = 0;

	for (int bucket = 0; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
		total += histogram->buckets[bucket];
		buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name,
			   (double)bounds_us[bucket] / 1e6, (unsigned long long)total);
	}
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name,
		   (unsigned long long)histogram->count);
	buf_printf(out, "%s_sum %.9g\n", name, (double)histogram->sum_us / 1e6);
	buf_printf(out, "%s_count %llu\n", name, (unsigned long long)histogram->count);
}
