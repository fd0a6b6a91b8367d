/* Private to middleware/metrics.c: what there is to be told to Prometheus, a table for each struct of counts. */
#ifndef WEBPLUS_MIDDLEWARE_METRIC_TABLES_H
#define WEBPLUS_MIDDLEWARE_METRIC_TABLES_H

#include "base/metric.h"
#include "cache/cache.h"
#include "http/coding.h"

#include <stdbool.h>

enum { STATUS_CLASSES = 6 };

struct http_counts {
	uint64_t by_class[STATUS_CLASSES]; /* status / 100 */
	struct histogram durations;
};

struct compression_totals {
	uint64_t replies[CODINGS], bytes_in[CODINGS], bytes_out[CODINGS];
	double seconds[CODINGS];
};

struct cache_totals {
	uint64_t hits[CACHED_KINDS], misses[CACHED_KINDS], evictions[CACHED_KINDS];
	uint64_t bytes[CACHED_KINDS], entries[CACHED_KINDS];
	uint64_t unsettled;
};

struct process_counts {
	uint64_t resident_bytes, open_files, max_files;
	double cpu_seconds;
	struct histogram loop_delays;
};

extern const struct metric http_metrics[];        /* struct http_counts */
extern const struct metric server_metrics[];      /* struct server_counts */
extern const struct metric socket_metrics[];      /* struct websocket_counts */
extern const struct metric bus_metrics[];         /* struct bus_counts */
extern const struct metric db_metrics[];          /* struct db_counts */
extern const struct metric limit_metrics[];       /* struct rate_counts */
extern const struct metric redis_metrics[];       /* struct redis_counts */
extern const struct metric compression_metrics[]; /* struct compression_totals */
extern const struct metric client_metrics[];      /* struct client_counts */
extern const struct metric worker_metrics[];      /* struct pool_counts */
extern const struct metric model_metrics[];       /* struct model_cache_counts */
extern const struct metric cache_metrics[];       /* struct cache_totals */
extern const struct metric response_metrics[];    /* struct response_counts */
extern const struct metric process_metrics[];     /* struct process_counts */

/* All of them, ended by NULL. */
extern const struct metric *const metric_tables[];

#endif
