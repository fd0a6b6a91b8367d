#include "middleware/metric_tables.h"

#include "base/pool.h"
#include "cache/model_cache.h"
#include "cache/redis_client.h"
#include "cache/response_cache.h"
#include "db/database.h"
#include "http/client.h"
#include "http/server.h"
#include "middleware/rate_limit.h"
#include "websockets/bus.h"
#include "websockets/connection_manager.h"

static const char *class_label(size_t class)
{
	static const char *const labels[STATUS_CLASSES] = {
		NULL, "1xx", "2xx", "3xx", "4xx", "5xx"
	};

	return labels[class];
}

static const char *rate_label(size_t rate)
{
	bool counted = rate != RATE_PRESET && rate != RATE_NONE;

	return counted ? rate_class_name((enum rate_class)rate) : NULL;
}

static const char *coding_label(size_t coding)
{
	return coding_name((enum coding)coding);
}

static const char *end_label(size_t end)
{
	return fetch_end_name((enum fetch_end)end);
}

static const char *kind_label(size_t kind)
{
	return cache_kind_name((enum cache_kind)kind);
}

static const char *refusal_label(size_t refusal)
{
	static const char *const labels[REFUSALS] = {
		[REFUSED_TOTAL] = "total", [REFUSED_ADDRESS] = "address", [REFUSED_USER] = "user"
	};

	return labels[refusal];
}

static const char *close_label(size_t row)
{
	static const char *const labels[CLOSE_ROWS] = {
#define CLOSE_LABEL(name, code, doc) #code,
		CLOSE_LIST(CLOSE_LABEL)
#undef CLOSE_LABEL
	};

	return labels[row];
}

static const char *message_label(size_t type)
{
	return rate_limits[type].word;
}

#define ROW(kind, member, name, help) METRIC(kind, RECORD, member, name, help)
#define EACH(kind, member, name, label, value, help)                                               \
	METRIC_EACH(kind, RECORD, member, name, label, value, help)

#define RECORD struct http_counts
const struct metric http_metrics[] = {
	EACH(COUNTER, by_class, "webplus_http_requests_total", "status", class_label,
	     "Requests answered, by class of status."),
	ROW(HISTOGRAM, durations, "webplus_http_request_duration_seconds",
	    "From the first byte to the last."),
	{ 0 },
};
#undef RECORD

#define RECORD struct server_counts
const struct metric server_metrics[] = {
	ROW(GAUGE, connections, "webplus_http_connections", "Open connections."),
	ROW(COUNTER, accepted, "webplus_http_connections_total", "Connections accepted."),
	ROW(GAUGE, body_bytes, "webplus_http_body_bytes",
	    "Memory of the bodies of requests that are not answered yet."),
	{ 0 },
};
#undef RECORD

#define RECORD struct websocket_counts
const struct metric socket_metrics[] = {
	ROW(GAUGE, open, "webplus_websockets", "Open WebSockets."),
	ROW(GAUGE, known, "webplus_websockets_known",
	    "Open WebSockets of which it is known who they are."),
	ROW(GAUGE, subscriptions, "webplus_websocket_subscriptions", "Topics listened to."),
	ROW(COUNTER, opened, "webplus_websockets_total", "WebSockets opened."),
	EACH(COUNTER, refused, "webplus_websockets_refused_total", "limit", refusal_label,
	     "WebSockets above a limit."),
	EACH(COUNTER, closed, "webplus_websockets_closed_total", "code", close_label,
	     "WebSockets closed, by close code."),
	ROW(COUNTER, silent, "webplus_websockets_silent_total",
	    "WebSockets cut, since they did not answer a ping."),
	ROW(COUNTER, lost, "webplus_websockets_lost_total", "WebSockets that went without a word."),
	EACH(COUNTER, received, "webplus_websocket_messages_total", "type", message_label,
	     "Messages from clients, by type."),
	ROW(COUNTER, warned, "webplus_websocket_warnings_total",
	    "Clients told that they send too much."),
	ROW(COUNTER, events, "webplus_websocket_events_total", "Events sent."),
	ROW(COUNTER, event_bytes, "webplus_websocket_event_bytes_total",
	    "Bytes of the events sent."),
	{ 0 },
};
#undef RECORD

#define RECORD struct bus_counts
const struct metric bus_metrics[] = {
	ROW(COUNTER, announced, "webplus_bus_announced_total",
	    "Events that other nodes were told of."),
	ROW(COUNTER, lost, "webplus_bus_lost_total", "Of those, which may not have arrived."),
	ROW(COUNTER, heard, "webplus_bus_heard_total", "Events of other nodes."),
	ROW(COUNTER, missed, "webplus_bus_missed_total",
	    "Times that another node said it could not tell."),
	ROW(GAUGE, channels, "webplus_bus_channels", "Topics heard of from other nodes."),
	{ 0 },
};
#undef RECORD

#define RECORD struct db_counts
const struct metric db_metrics[] = {
	ROW(COUNTER, statements, "webplus_db_statements_total", "Statements run."),
	ROW(COUNTER, reads, "webplus_db_reads_total", "Statements that read."),
	ROW(COUNTER, transactions, "webplus_db_transactions_total", "Transactions that write."),
	ROW(COUNTER, commits, "webplus_db_commits_total",
	    "Durable commits; transactions share them."),
	ROW(COUNTER, rollbacks, "webplus_db_rollbacks_total", "Transactions rolled back."),
	ROW(COUNTER, retries, "webplus_db_retries_total",
	    "Transactions run again, since they met another one."),
	ROW(GAUGE, write_places, "webplus_db_write_places",
	    "Transactions that may run at once on PostgreSQL; 0 on SQLite."),
	ROW(GAUGE, pool.size, "webplus_db_pool_size", "Database connections at most."),
	ROW(GAUGE, pool.open, "webplus_db_pool_open", "Database connections."),
	ROW(GAUGE, pool.in_use, "webplus_db_pool_in_use", "Database connections at work."),
	ROW(GAUGE, pool.waiting, "webplus_db_pool_waiting",
	    "Threads that wait for a database connection."),
	ROW(COUNTER, pool.checkouts, "webplus_db_pool_checkouts_total",
	    "Times a database connection was asked for."),
	ROW(COUNTER, pool.timeouts, "webplus_db_pool_timeouts_total",
	    "Times none came free in time."),
	ROW(COUNTER, pool.failures, "webplus_db_pool_failures_total",
	    "Database connections that could not be opened."),
	{ 0 },
};
#undef RECORD

#define RECORD struct rate_counts
const struct metric limit_metrics[] = {
	EACH(COUNTER, refused, "webplus_rate_limited_total", "class", rate_label,
	     "Requests refused by a limit, by class."),
	ROW(COUNTER, unshared, "webplus_rate_limit_unshared_total",
	    "Requests counted by this server alone, since Redis did not answer."),
	ROW(COUNTER, evictions, "webplus_rate_limit_evictions_total",
	    "Keys forgotten early, since the table was full."),
	{ 0 },
};
#undef RECORD

#define RECORD struct redis_counts
const struct metric redis_metrics[] = {
	ROW(GAUGE, up, "webplus_redis_up", "Whether Redis answers."),
	ROW(GAUGE, under_way, "webplus_redis_commands_under_way", "Commands without an answer."),
	ROW(COUNTER, commands, "webplus_redis_commands_total", "Commands sent."),
	ROW(COUNTER, failures, "webplus_redis_failures_total", "Commands that failed."),
	ROW(COUNTER, timeouts, "webplus_redis_timeouts_total",
	    "Commands that got no answer in time."),
	ROW(COUNTER, refused, "webplus_redis_refused_total",
	    "Commands that failed at once, Redis being away."),
	ROW(COUNTER, connections, "webplus_redis_connections_total",
	    "Times that a connection came up."),
	ROW(COUNTER, answered_seconds, "webplus_redis_answered_seconds_total",
	    "From commands to their answers, in all."),
	ROW(COUNTER, published, "webplus_redis_published_total", "Messages published."),
	ROW(COUNTER, heard, "webplus_redis_heard_total", "Messages heard."),
	ROW(GAUGE, channels, "webplus_redis_channels", "Channels that are listened to."),
	{ 0 },
};
#undef RECORD

#define RECORD struct compression_totals
const struct metric compression_metrics[] = {
	EACH(COUNTER, replies, "webplus_compression_replies_total", "coding", coding_label,
	     "Replies compressed, by coding."),
	EACH(COUNTER, bytes_in, "webplus_compression_input_bytes_total", "coding", coding_label,
	     "Bytes of bodies before compression."),
	EACH(COUNTER, bytes_out, "webplus_compression_output_bytes_total", "coding", coding_label,
	     "Bytes of bodies after compression."),
	EACH(COUNTER, seconds, "webplus_compression_seconds_total", "coding", coding_label,
	     "Time spent compressing."),
	{ 0 },
};
#undef RECORD

#define RECORD struct client_counts
const struct metric client_metrics[] = {
	ROW(GAUGE, under_way, "webplus_upstream_requests",
	    "Requests to other servers that are under way."),
	ROW(GAUGE, waiting, "webplus_upstream_requests_waiting",
	    "Requests that wait for their turn."),
	ROW(GAUGE, connections, "webplus_upstream_connections",
	    "Connections to other servers, in use or kept."),
	ROW(COUNTER, opened, "webplus_upstream_opened_total",
	    "Requests for which a connection was opened."),
	ROW(COUNTER, reused, "webplus_upstream_reused_total",
	    "Requests over a connection that was there."),
	EACH(COUNTER, ends, "webplus_upstream_ends_total", "end", end_label,
	     "Requests that ended, by how; cancelled ones are not counted."),
	ROW(HISTOGRAM, durations, "webplus_upstream_duration_seconds",
	    "From the beginning of a request to its end."),
	ROW(HISTOGRAM, waits, "webplus_upstream_wait_seconds",
	    "That requests waited for their turn, those that had to."),
	{ 0 },
};
#undef RECORD

#define RECORD struct pool_counts
const struct metric worker_metrics[] = {
	ROW(GAUGE, threads, "webplus_worker_threads", "Worker threads."),
	ROW(GAUGE, busy, "webplus_worker_threads_busy", "Worker threads at work."),
	ROW(GAUGE, queued, "webplus_worker_tasks_waiting", "Tasks that wait for a worker thread."),
	ROW(COUNTER, submitted, "webplus_worker_tasks_total", "Tasks given to workers."),
	{ 0 },
};
#undef RECORD

#define RECORD struct model_cache_counts
const struct metric model_metrics[] = {
	ROW(GAUGE, entries, "webplus_models", "Models that are known, available or not."),
	ROW(GAUGE, bytes, "webplus_models_bytes", "Memory that their list takes."),
	ROW(COUNTER, hits, "webplus_models_found_total", "Times a model was looked for and known."),
	ROW(COUNTER, misses, "webplus_models_not_found_total",
	    "Times a model was looked for that is not known."),
	{ 0 },
};
#undef RECORD

#define RECORD struct cache_totals
const struct metric cache_metrics[] = {
	EACH(COUNTER, hits, "webplus_cache_hits_total", "kind", kind_label, "Replies from memory."),
	EACH(COUNTER, misses, "webplus_cache_misses_total", "kind", kind_label,
	     "Replies that were not there."),
	EACH(COUNTER, evictions, "webplus_cache_evictions_total", "kind", kind_label,
	     "Replies given up for others."),
	EACH(GAUGE, bytes, "webplus_cache_bytes", "kind", kind_label, "Memory that replies take."),
	EACH(GAUGE, entries, "webplus_cache_entries", "kind", kind_label, "Replies in memory."),
	ROW(GAUGE, unsettled, "webplus_cache_unsettled_writes",
	    "Writes whose commit was not answered, and may still be seen; one again of the same counts once."),
	{ 0 },
};
#undef RECORD

#define RECORD struct response_counts
const struct metric response_metrics[] = {
	ROW(COUNTER, bypasses, "webplus_cache_bypasses_total",
	    "Replies that were read past the cache."),
	ROW(COUNTER, waits, "webplus_cache_waits_total",
	    "Requests that waited for another's reply."),
	{ 0 },
};
#undef RECORD

#define RECORD struct process_counts
const struct metric process_metrics[] = {
	ROW(HISTOGRAM, loop_delays, "webplus_loop_delay_seconds",
	    "How late a timer of the event loop came: what others wait too."),
	ROW(GAUGE, resident_bytes, "process_resident_memory_bytes", "Resident memory."),
	ROW(GAUGE, open_files, "process_open_fds", "Open file descriptors."),
	ROW(GAUGE, max_files, "process_max_fds", "File descriptors that may be open."),
	ROW(COUNTER, cpu_seconds, "process_cpu_seconds_total", "Processor time used."),
	{ 0 },
};
#undef RECORD

const struct metric *const metric_tables[] = {
	http_metrics,        server_metrics, process_metrics, worker_metrics,   socket_metrics,
	bus_metrics,         limit_metrics,  cache_metrics,   response_metrics, model_metrics,
	compression_metrics, client_metrics, db_metrics,      redis_metrics,    NULL,
};
