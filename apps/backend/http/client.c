#include "http/client.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/multi.h"
#include "http/reach.h"
#include "http/turns.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECT_MS = 5000,
	FIRST_BYTE_MS = 60000,
	STALL_MS = 60000,
	REPLY_MAX = 16 << 20,
	/* What libcurl reads at a time, and so what a stream that is under way holds. */
	READ_SIZE = 8 * 1024,
	/* Connections that are kept for the next fetch beside as many as may be busy, which libcurl counts, too. */
	SPARE_CONNECTIONS = 64,
	KEEPALIVE_S = 30,
};

static const int64_t never = INT64_MAX;

const struct client_limits client_limits_default = {
	.per_host = 1024,
	.total = 2048,
	.queue_ms = 10 * 1000,
	.idle_ms = 60 * 1000,
	.life_ms = 10 * 60 * 1000,
};

struct client {
	struct loop *loop;
	struct multi *multi;
	struct client_limits limits;
	char *ca_file; /* or NULL */
	struct turns turns;
	struct client_counts counts;
	uv_timer_t patience; /* when the first fetch may run out of time */
	int64_t patience_at; /* loop time; `never` while it is not set */
	struct list fetches; /* under way, or waiting for their turn */
	/* What owners asked for while libcurl ran, when it may not be called. */
	struct list waiting, dropped; /* to be started, to be freed */
};

struct fetch {
	struct client *client;
	CURL *easy;
	struct curl_slist *headers;
	const struct fetch_events *events;
	void *context;
	struct list node;
	struct turn turn;
	enum reach reach;
	int64_t begun_us;
	int64_t first_byte_ms, stall_ms;
	int64_t since; /* loop time of the start, of its turn, then of the latest byte of the body */
	int64_t end_at; /* loop time by which all must be over */
	size_t left;    /* bytes of the body that may still come */
	int status;
	bool head_seen, body_seen;
	bool out_of_reach;
	bool cancelled;
	enum fetch_end judged; /* why its own callback stopped it; FETCH_OK: it did not */
};

/*
 * Patience. One timer for all: it is set for the first deadline, and bytes that arrive only move
 * their fetch's own.
 */

static int64_t now(const struct client *client)
{
	return (int64_t)uv_now(&client->loop->uv);
}

static int64_t deadline(const struct fetch *fetch)
{
	int64_t patience = !fetch->turn.goes  ? fetch->client->limits.queue_ms
			   : fetch->body_seen ? fetch->stall_ms
					      : fetch->first_byte_ms;
	int64_t at = fetch->since + patience;

	return at < fetch->end_at ? at : fetch->end_at;
}

static void on_patience(uv_timer_t *timer);

static void be_patient_until(struct client *client, int64_t at)
{
	int64_t wait = at - now(client);

	if (at >= client->patience_at)
		return;
	client->patience_at = at;
	uv_timer_start(&client->patience, on_patience, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void go_on(struct client *client);

static void fetch_free(struct fetch *fetch)
{
	struct client *client = fetch->client;

	list_remove(&fetch->node);
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	turns_leave(&client->turns, &fetch->turn);
	free(fetch);
	go_on(client);
}

/* Before libcurl forgets. */
static void count_end(struct fetch *fetch, enum fetch_end end)
{
	struct client_counts *counts = &fetch->client->counts;
	long opened = 0;

	counts->ends[end]++;
	if (!fetch->turn.goes)
		return;
	histogram_add(&counts->durations, clock_monotonic_us() - fetch->begun_us);
	curl_easy_getinfo(fetch->easy, CURLINFO_NUM_CONNECTS, &opened);
	if (opened > 0)
		counts->opened++;
	else if (end == FETCH_OK || fetch->head_seen)
		counts->reused++;
}

/* Tells the owner, who may start and cancel others meanwhile, but not this one. */
static void fetch_finish(struct fetch *fetch, enum fetch_end end)
{
	list_remove(&fetch->node);
	count_end(fetch, end);
	curl_multi_remove_handle(fetch->client->multi->curl, fetch->easy);
	if (!fetch->cancelled) {
		fetch->cancelled = true;
		fetch->events->end(fetch->context, end, fetch->status);
	}
	fetch_free(fetch);
}

static enum fetch_end why_expired(const struct fetch *fetch, int64_t time)
{
	if (time >= fetch->end_at)
		return FETCH_TIMEOUT;
	if (!fetch->turn.goes)
		return FETCH_BUSY;
	return fetch->body_seen ? FETCH_STALLED : FETCH_TIMEOUT;
}

static void on_patience(uv_timer_t *timer)
{
	struct client *client = timer->data;
	int64_t next = never, time = now(client);
	struct list expired;

	client->patience_at = never;
	list_init(&expired);
	LIST_EACH_SAFE(fetch, &client->fetches, struct fetch, node) {
		int64_t at = deadline(fetch);

		if (at <= time) {
			list_remove(&fetch->node);
			list_append(&expired, &fetch->node);
		} else if (at < next) {
			next = at;
		}
	}
	if (next != never)
		be_patient_until(client, next);
	/* One at a time from the front, as each owner may cancel another. */
	while (!list_empty(&expired)) {
		struct fetch *fetch = CONTAINER_OF(expired.next, struct fetch, node);

		fetch_finish(fetch, why_expired(fetch, time));
	}
}

/* What libcurl calls while a fetch is under way. */

static size_t stop(struct fetch *fetch, enum fetch_end why)
{
	fetch->judged = why;
	return CURL_WRITEFUNC_ERROR;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct fetch *fetch = context;
	size_t length = size * count;
	long status = 0;

	/* The empty line; that of a 1xx reply and that behind trailers say nothing. */
	if (fetch->head_seen || length == 0 || (line[0] != '\r' && line[0] != '\n'))
		return length;
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return length;
	fetch->head_seen = true;
	fetch->status = (int)status;
	if (!fetch->cancelled && fetch->events->head != NULL)
		fetch->events->head(fetch->context, fetch->status);
	return fetch->cancelled ? CURL_WRITEFUNC_ERROR : length;
}

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct fetch *fetch = context;
	size_t length = size * count;

	if (fetch->cancelled)
		return CURL_WRITEFUNC_ERROR;
	if (length > fetch->left)
		return stop(fetch, FETCH_TOO_LARGE);
	fetch->left -= length;
	fetch->since = now(fetch->client);
	if (!fetch->body_seen) {
		fetch->body_seen = true;
		be_patient_until(fetch->client, deadline(fetch));
	}
	if (fetch->events->data != NULL)
		fetch->events->data(fetch->context, data, length);
	return fetch->cancelled ? CURL_WRITEFUNC_ERROR : length;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
				    struct curl_sockaddr *address)
{
	struct fetch *fetch = context;
	int fd;

	(void)purpose;
	if (fetch->reach == REACH_PUBLIC && !reach_is_public(&address->addr)) {
		fetch->out_of_reach = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd >= 0)
		fetch->client->counts.connections++;
	return fd;
}

/* The connection may have outlived the fetch that opened it. */
static int on_close_socket(void *context, curl_socket_t fd)
{
	struct client *client = context;

	client->counts.connections--;
	return close(fd);
}

/*
 * A connection of the pool was opened by a fetch that perhaps might reach further, so its address
 * is looked at again.
 */
static int on_before_request(void *context, char *peer, char *local, int peer_port, int local_port)
{
	struct fetch *fetch = context;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	bool allowed = false;

	(void)local, (void)peer_port, (void)local_port;
	if (inet_pton(AF_INET, peer, &v4.sin_addr) == 1)
		allowed = reach_is_public((const struct sockaddr *)&v4);
	else if (inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1)
		allowed = reach_is_public((const struct sockaddr *)&v6);
	if (allowed)
		return CURL_PREREQFUNC_OK;
	fetch->out_of_reach = true;
	return CURL_PREREQFUNC_ABORT;
}

/* How it ended. */

static enum fetch_end end_by_code(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return FETCH_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT: /* the only time that libcurl keeps is that of connecting */
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return FETCH_REFUSED;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return FETCH_TRUNCATED;
	default:
		return FETCH_FAILED;
	}
}

static void collect_ends(struct client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi->curl, &left)) != NULL) {
		CURLcode code = message->data.result; /* `message` is gone with its handle */
		struct fetch *fetch = NULL;
		enum fetch_end end = end_by_code(code);

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		if (fetch->judged != FETCH_OK)
			end = fetch->judged;
		else if (code != CURLE_OK && fetch->out_of_reach)
			end = FETCH_FORBIDDEN;
		fetch_finish(fetch, end);
	}
}

static void enter(struct fetch *fetch)
{
	struct client *client = fetch->client;

	list_remove(&fetch->node);
	list_append(&client->fetches, &fetch->node);
	fetch->since = now(client);
	fetch->begun_us = clock_monotonic_us();
	be_patient_until(client, deadline(fetch));
	/* It only fails on misuse. It starts with a timer, so nothing is called back from here. */
	if (curl_multi_add_handle(client->multi->curl, fetch->easy) != CURLM_OK)
		memory_exhausted();
}

/* It is its turn; libcurl may be at work just now. */
static void begin(struct fetch *fetch)
{
	if (!fetch->client->multi->inside) {
		enter(fetch);
		return;
	}
	list_remove(&fetch->node);
	list_append(&fetch->client->waiting, &fetch->node);
}

/* Somebody is done: it may be the turn of others. */
static void go_on(struct client *client)
{
	struct turn *turn;

	while ((turn = turns_next(&client->turns)) != NULL) {
		struct fetch *fetch = CONTAINER_OF(turn, struct fetch, turn);

		histogram_add(&client->counts.waits, clock_monotonic_us() - fetch->begun_us);
		begin(fetch);
	}
}

static void wait_for_turn(struct fetch *fetch)
{
	struct client *client = fetch->client;

	fetch->begun_us = clock_monotonic_us();
	list_append(&client->fetches, &fetch->node);
	be_patient_until(client, deadline(fetch));
}

static void drop(struct fetch *fetch)
{
	curl_multi_remove_handle(fetch->client->multi->curl, fetch->easy);
	fetch_free(fetch);
}

/* libcurl has worked: now is done what could not be while it did. */
static void on_worked(void *context)
{
	struct client *client = context;

	while (!list_empty(&client->dropped))
		drop(CONTAINER_OF(client->dropped.next, struct fetch, node));
	collect_ends(client);
	while (!list_empty(&client->waiting)) {
		struct fetch *fetch = CONTAINER_OF(client->waiting.next, struct fetch, node);

		list_remove(&fetch->node);
		enter(fetch);
	}
}

/* What the others call. */

static int64_t or_preset(int64_t value, int64_t preset)
{
	return value > 0 ? value : preset;
}

static void set_headers(struct fetch *fetch, const char *const *headers)
{
	/* No waiting for "100 Continue" before a large body. */
	fetch->headers = curl_slist_append(NULL, "Expect:");
	for (; headers != NULL && *headers != NULL; headers++)
		fetch->headers = curl_slist_append(fetch->headers, *headers);
	curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
}

static void set_request(struct fetch *fetch, const struct fetch_options *options)
{
	CURL *easy = fetch->easy;

	curl_easy_setopt(easy, CURLOPT_URL, options->url);
	if (options->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)options->body_length);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body);
	}
	if (strcmp(options->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
	set_headers(fetch, options->headers);
}

static long seconds(int64_t ms)
{
	return (long)((ms + 999) / 1000);
}

/*
 * HTTP/2 where TLS negotiates it, many fetches on a connection, for which those wait that begin while it is opened; without
 * TLS they would wait for another's answer, and not share it. How long one may be used again. A file of certificates takes
 * the place of the system's file, and their folder is read too.
 */
static void set_connection_rules(struct fetch *fetch, const char *url)
{
	const struct client_limits *limits = &fetch->client->limits;
	bool is_tls = strncasecmp(url, "https:", strlen("https:")) == 0;

	curl_easy_setopt(fetch->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(fetch->easy, CURLOPT_PIPEWAIT, (long)is_tls);
	if (fetch->client->ca_file)
		curl_easy_setopt(fetch->easy, CURLOPT_CAINFO, fetch->client->ca_file);
	curl_easy_setopt(fetch->easy, CURLOPT_MAXAGE_CONN, seconds(limits->idle_ms));
	curl_easy_setopt(fetch->easy, CURLOPT_MAXLIFETIME_CONN, seconds(limits->life_ms));
}

static void set_rules(struct fetch *fetch, const struct fetch_options *options)
{
	CURL *easy = fetch->easy;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* Not even that of the environment: it would hide the address. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/*
	 * A cancel does not wait for a thread that resolves a name: it is detached, and frees its
	 * own.
	 */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)or_preset(options->connect_ms, CONNECT_MS));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_SIZE);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, fetch->client);
	set_connection_rules(fetch, options->url);
	if (fetch->reach == REACH_PUBLIC) {
		curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
		curl_easy_setopt(easy, CURLOPT_PREREQDATA, fetch);
	}
}

static void set_callbacks(struct fetch *fetch)
{
	CURL *easy = fetch->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
}

struct fetch *fetch_start(struct client *client, const struct fetch_options *options,
			  const struct fetch_events *events, void *context)
{
	struct fetch *fetch = MEMORY_NEW(struct fetch);

	loop_assert(client->loop);
	fetch->client = client;
	fetch->events = events;
	fetch->context = context;
	fetch->reach = options->reach;
	fetch->since = now(client);
	fetch->first_byte_ms = or_preset(options->first_byte_ms, FIRST_BYTE_MS);
	fetch->stall_ms = or_preset(options->stall_ms, STALL_MS);
	fetch->end_at = options->total_ms > 0 ? fetch->since + options->total_ms : never;
	fetch->left = options->reply_max > 0 ? options->reply_max : REPLY_MAX;
	list_init(&fetch->node);
	fetch->easy = curl_easy_init();
	if (fetch->easy == NULL)
		memory_exhausted();
	set_request(fetch, options);
	set_rules(fetch, options);
	set_callbacks(fetch);
	if (turns_enter(&client->turns, &fetch->turn, options->url))
		begin(fetch);
	else
		wait_for_turn(fetch);
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	struct client *client = fetch->client;

	loop_assert(client->loop);
	assert(!fetch->cancelled);
	fetch->cancelled = true;
	list_remove(&fetch->node);
	if (!fetch->turn.goes)
		turns_leave(&client->turns, &fetch->turn); /* before it comes */
	if (client->multi->inside)
		list_append(&client->dropped, &fetch->node);
	else
		drop(fetch);
}

void fetch_set_stall(struct fetch *fetch, int64_t stall_ms)
{
	fetch->stall_ms = stall_ms;
	be_patient_until(fetch->client, deadline(fetch));
}

static void on_patience_closed(uv_handle_t *timer)
{
	free(timer->data);
}

static const char *const end_names[FETCH_ENDS] = {
	[FETCH_OK] = "ok",
	[FETCH_REFUSED] = "refused",
	[FETCH_FORBIDDEN] = "forbidden",
	[FETCH_TIMEOUT] = "timeout",
	[FETCH_STALLED] = "stalled",
	[FETCH_TRUNCATED] = "truncated",
	[FETCH_TOO_LARGE] = "too_large",
	[FETCH_FAILED] = "failed",
	[FETCH_BUSY] = "busy",
};

const char *fetch_end_name(enum fetch_end end)
{
	return end_names[end];
}

const struct client_counts *client_counts(struct client *client)
{
	client->counts.under_way = client->turns.under_way;
	client->counts.waiting = client->turns.waiting;
	return &client->counts;
}

struct client *client_create(struct loop *loop, const struct client_limits *limits,
			     const char *ca_file)
{
	struct client *client = MEMORY_NEW(struct client);

	client->loop = loop;
	client->limits = *limits;
	client->ca_file = memory_strdup(ca_file);
	turns_init(&client->turns, limits->per_host, limits->total);
	client->patience_at = never;
	list_init(&client->fetches);
	list_init(&client->waiting);
	list_init(&client->dropped);
	uv_timer_init(&loop->uv, &client->patience);
	client->patience.data = client;
	client->multi = multi_create(loop, on_worked, client);
	curl_multi_setopt(client->multi->curl, CURLMOPT_MAXCONNECTS,
			  (long)(limits->total + SPARE_CONNECTIONS));
	curl_multi_setopt(client->multi->curl, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	return client;
}

void client_destroy(struct client *client)
{
	while (!list_empty(&client->fetches))
		fetch_cancel(CONTAINER_OF(client->fetches.next, struct fetch, node));
	turns_finish(&client->turns);
	multi_destroy(client->multi);
	free(client->ca_file);
	uv_close((uv_handle_t *)&client->patience, on_patience_closed);
}
