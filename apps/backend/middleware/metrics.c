#include "middleware/metrics.h"

#include "app.h"
#include "base/clock.h"
#include "base/memory.h"
#include "db/database.h"
#include "websockets/connection_manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STATUS_CLASSES = 6, BUCKETS = 12 };

/* Upper bounds of the histogram, in microseconds; the last bucket is without bound. */
static const int64_t bounds_us[BUCKETS - 1] = { 250,   500,    1000,   2500,    5000,    10000,
						25000, 100000, 250000, 1000000, 10000000 };

struct metrics {
	uint64_t by_class[STATUS_CLASSES]; /* status / 100 */
	uint64_t buckets[BUCKETS];
	uint64_t count;
	int64_t sum_us;
};

struct metrics *metrics_create(void)
{
	return MEMORY_NEW(struct metrics);
}

void metrics_destroy(struct metrics *metrics)
{
	free(metrics);
}

static void done(struct request *request)
{
	struct metrics *metrics = request->app->metrics;
	int64_t duration_us = clock_monotonic_us() - request->start_us;
	int class = request->reply.status / 100, bucket = 0;

	while (bucket < BUCKETS - 1 && duration_us > bounds_us[bucket])
		bucket++;
	metrics->by_class[class < STATUS_CLASSES ? class : 0]++;
	metrics->buckets[bucket]++;
	metrics->count++;
	metrics->sum_us += duration_us;
}

const struct middleware metrics_middleware = { .name = "metrics", .done = done };

static void print_requests(const struct metrics *metrics, struct buf *out)
{
	uint64_t total = 0;

	BUF_LITERAL(out,
		    "# HELP webplus_http_requests_total Requests answered, by class of status.\n"
		    "# TYPE webplus_http_requests_total counter\n");
	for (int class = 1; class < STATUS_CLASSES; class ++)
		buf_printf(out, "webplus_http_requests_total{status=\"%dxx\"} %llu\n", class,
			   (unsigned long long)metrics->by_class[class]);
	BUF_LITERAL(
		out,
		"# HELP webplus_http_request_duration_seconds From the first byte to the last.\n"
		"# TYPE webplus_http_request_duration_seconds histogram\n");
	for (int bucket = 0; bucket < BUCKETS; bucket++) {
		total += metrics->buckets[bucket];
		if (bucket < BUCKETS - 1)
			buf_printf(out,
				   "webplus_http_request_duration_seconds_bucket{le=\"%g\"} %llu\n",
				   (double)bounds_us[bucket] / 1e6, (unsigned long long)total);
		else
			buf_printf(
				out,
				"webplus_http_request_duration_seconds_bucket{le=\"+Inf\"} %llu\n",
				(unsigned long long)total);
	}
	buf_printf(out, "webplus_http_request_duration_seconds_sum %g\n",
		   (double)metrics->sum_us / 1e6);
	buf_printf(out, "webplus_http_request_duration_seconds_count %llu\n",
		   (unsigned long long)metrics->count);
}

static void print_value(struct buf *out, const char *name, const char *type, const char *help,
			uint64_t value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
		   (unsigned long long)value);
}

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

static void print_pool(const struct db_pool_counts *pool, struct buf *out)
{
	print_value(out, "webplus_db_pool_size", "gauge", "Database connections at most.",
		    pool->size);
	print_value(out, "webplus_db_pool_open", "gauge", "Database connections.", pool->open);
	print_value(out, "webplus_db_pool_in_use", "gauge", "Database connections at work.",
		    pool->in_use);
	print_value(out, "webplus_db_pool_waiting", "gauge",
		    "Threads that wait for a database connection.", pool->waiting);
	print_value(out, "webplus_db_pool_checkouts_total", "counter",
		    "Times a database connection was asked for.", pool->checkouts);
	print_value(out, "webplus_db_pool_timeouts_total", "counter",
		    "Times none came free in time.", pool->timeouts);
	print_value(out, "webplus_db_pool_failures_total", "counter",
		    "Database connections that could not be opened.", pool->failures);
}

void metrics_print(struct metrics *metrics, struct app *app, struct buf *out)
{
	struct server_counts server = server_counts(app->server);
	struct db_counts db = db_counts(app->db);

	print_requests(metrics, out);
	print_value(out, "webplus_http_connections", "gauge", "Open connections.",
		    server.connections);
	print_value(out, "webplus_http_connections_total", "counter", "Connections accepted.",
		    server.accepted);
	print_value(out, "webplus_websockets", "gauge", "Open WebSockets.",
		    connection_manager_count(app->sockets));
	print_value(out, "webplus_db_reads_total", "counter", "Statements that read.", db.reads);
	print_value(out, "webplus_db_transactions_total", "counter", "Transactions that write.",
		    db.transactions);
	print_value(out, "webplus_db_commits_total", "counter",
		    "Durable commits; transactions share them.", db.commits);
	print_value(out, "webplus_db_rollbacks_total", "counter", "Transactions rolled back.",
		    db.rollbacks);
	print_value(out, "webplus_db_retries_total", "counter",
		    "Transactions run again, since they met another one.", db.retries);
	print_pool(&db.pool, out);
	print_value(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
		    resident_bytes());
}
