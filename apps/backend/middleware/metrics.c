#include "middleware/metrics.h"

#include "app.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cache/redis_client.h"
#include "db/database.h"
#include "http/client.h"
#include "middleware/cache.h"
#include "middleware/compression.h"
#include "middleware/metric_tables.h"
#include "middleware/rate_limit.h"
#include "providers/provider.h"
#include "websockets/bus.h"
#include "websockets/connection_manager.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LAG_PERIOD_MS = 100 };

struct metrics {
	struct http_counts http;
	uv_timer_t timer; /* due every LAG_PERIOD_MS: how late it comes is what others wait too */
	struct histogram lag;
	int64_t due_us;
};

static void on_timer(uv_timer_t *timer)
{
	struct metrics *metrics = timer->data;
	int64_t now_us = clock_monotonic_us(), late_us = now_us - metrics->due_us;

	histogram_add(&metrics->lag, late_us > 0 ? late_us : 0);
	metrics->due_us = now_us + LAG_PERIOD_MS * 1000;
	uv_update_time(timer->loop);
	uv_timer_start(timer, on_timer, LAG_PERIOD_MS, 0);
}

struct metrics *metrics_create(struct loop *loop)
{
	struct metrics *metrics = MEMORY_NEW(struct metrics);

	uv_timer_init(&loop->uv, &metrics->timer);
	metrics->timer.data = metrics;
	metrics->due_us = clock_monotonic_us() + LAG_PERIOD_MS * 1000;
	uv_timer_start(&metrics->timer, on_timer, LAG_PERIOD_MS, 0);
	return metrics;
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void metrics_destroy(struct metrics *metrics)
{
	if (metrics)
		uv_close((uv_handle_t *)&metrics->timer, on_timer_closed);
}

static void done(struct request *request)
{
	struct metrics *metrics = request->app->metrics;
	int class = request->reply.status / 100;

	metrics->http.by_class[class < STATUS_CLASSES ? class : 0]++;
	histogram_add(&metrics->http.durations, clock_monotonic_us() - request->start_us);
}

const struct middleware metrics_middleware = { .name = "metrics", .done = done };

/* Pages of memory in use, /proc/self/statm. */
static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Of this process, the one that reads the folder included. */
static uint64_t open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 3; /* ".", "..", and the folder's own */
}

static void print_process(const struct metrics *metrics, struct buf *out)
{
	struct process_counts counts = { .loop_delays = metrics->lag };
	struct rlimit limit = { 0 };
	struct timespec used = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	counts.resident_bytes = resident_bytes();
	counts.open_files = open_files();
	counts.max_files = limit.rlim_cur;
	counts.cpu_seconds = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
	metrics_print_table(process_metrics, &counts, out);
}

static void print_compression(struct compression *compression, struct buf *out)
{
	struct compression_totals totals = { 0 };

	for (int coding = CODING_IDENTITY + 1; coding < CODINGS; coding++) {
		struct compression_counts counts;

		compression_count(compression, (enum coding)coding, &counts);
		totals.replies[coding] = counts.replies;
		totals.bytes_in[coding] = counts.bytes_in;
		totals.bytes_out[coding] = counts.bytes_out;
		totals.seconds[coding] = (double)counts.time_us / 1e6;
	}
	metrics_print_table(compression_metrics, &totals, out);
}

static void print_cache(const struct app *app, struct buf *out)
{
	struct response_counts responses = cache_response_counts(app);
	struct cache_totals totals = { .unsettled = cache_unsettled_writes(app) };

	for (int kind = 0; kind < CACHED_KINDS; kind++) {
		struct cache_counts counts = cache_counts(app, (enum cache_kind)kind);

		totals.hits[kind] = counts.hits;
		totals.misses[kind] = counts.misses;
		totals.evictions[kind] = counts.evictions;
		totals.bytes[kind] = counts.bytes;
		totals.entries[kind] = counts.entries;
	}
	metrics_print_table(cache_metrics, &totals, out);
	metrics_print_table(response_metrics, &responses, out);
}

static void print_servers(struct app *app, struct buf *out)
{
	struct server_counts server = server_counts(app->server);
	struct websocket_counts sockets = connection_manager_counts(app->sockets);
	struct pool_counts workers = pool_counts(app->workers);
	struct rate_counts limits = rate_limits_counts(app->limits);

	metrics_print_table(server_metrics, &server, out);
	metrics_print_table(worker_metrics, &workers, out);
	metrics_print_table(socket_metrics, &sockets, out);
	metrics_print_table(limit_metrics, &limits, out);
}

static void print_others(struct app *app, struct buf *out)
{
	struct db_counts db = db_counts(app->db);
	struct model_cache_counts models = registry_counts(app->models);

	metrics_print_table(db_metrics, &db, out);
	metrics_print_table(client_metrics, client_counts(app->client), out);
	metrics_print_table(model_metrics, &models, out);
	if (app->redis) {
		struct redis_counts redis = redis_client_counts(app->redis);

		metrics_print_table(redis_metrics, &redis, out);
	}
	if (app->bus) {
		struct bus_counts bus = bus_counts(app->bus);

		metrics_print_table(bus_metrics, &bus, out);
	}
}

void metrics_print(struct metrics *metrics, struct app *app, struct buf *out)
{
	metrics_print_table(http_metrics, &metrics->http, out);
	print_process(metrics, out);
	print_servers(app, out);
	if (cache_keeps(app))
		print_cache(app, out);
	if (app->compression)
		print_compression(app->compression, out);
	print_others(app, out);
}

void metrics_print_reference(struct buf *out)
{
	BUF_LITERAL(out, "| metric | type | label | what |\n|---|---|---|---|\n");
	for (const struct metric *const *table = metric_tables; *table; table++)
		metrics_print_rows(*table, out);
}
