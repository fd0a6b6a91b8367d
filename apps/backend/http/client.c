#include "http/client.h"

#include "base/memory.h"
#include "http/multi.h"
#include "http/reach.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_MS = 5000,
	FIRST_BYTE_MS = 60000,
	STALL_MS = 60000,
	REPLY_MAX = 16 << 20,
	/* What libcurl reads at a time, and so what a stream that is under way holds. */
	READ_SIZE = 8 * 1024,
	/* Connections that are kept for the next fetch. */
	IDLE_CONNECTIONS_MAX = 64,
	KEEPALIVE_S = 30,
};

static const int64_t never = INT64_MAX;

struct client {
	struct loop *loop;
	struct multi *multi;
	uv_timer_t patience; /* when the first fetch may run out of time */
	int64_t patience_at; /* loop time; `never` while it is not set */
	struct list fetches; /* under way */
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
	enum reach reach;
	int64_t first_byte_ms, stall_ms;
	int64_t since;  /* loop time of the start, then of the latest byte of the body */
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
	int64_t at = fetch->since + (fetch->body_seen ? fetch->stall_ms : fetch->first_byte_ms);

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

static void fetch_free(struct fetch *fetch)
{
	list_remove(&fetch->node);
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	free(fetch);
}

/* Tells the owner, who may start and cancel others meanwhile, but not this one. */
static void fetch_finish(struct fetch *fetch, enum fetch_end end)
{
	list_remove(&fetch->node);
	curl_multi_remove_handle(fetch->client->multi->curl, fetch->easy);
	if (!fetch->cancelled) {
		fetch->cancelled = true;
		fetch->events->end(fetch->context, end, fetch->status);
	}
	fetch_free(fetch);
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

		fetch_finish(fetch, fetch->body_seen && time < fetch->end_at ? FETCH_STALLED
									     : FETCH_TIMEOUT);
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

	(void)purpose;
	if (fetch->reach == REACH_PUBLIC && !reach_is_public(&address->addr)) {
		fetch->out_of_reach = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
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

	list_append(&client->fetches, &fetch->node);
	be_patient_until(client, deadline(fetch));
	/* It only fails on misuse. It starts with a timer, so nothing is called back from here. */
	if (curl_multi_add_handle(client->multi->curl, fetch->easy) != CURLM_OK)
		memory_exhausted();
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
	if (client->multi->inside)
		list_append(&client->waiting, &fetch->node);
	else
		enter(fetch);
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	struct client *client = fetch->client;

	loop_assert(client->loop);
	assert(!fetch->cancelled);
	fetch->cancelled = true;
	list_remove(&fetch->node);
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

const char *fetch_header(const struct fetch *fetch, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(fetch->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

static void on_patience_closed(uv_handle_t *timer)
{
	free(timer->data);
}

struct client *client_create(struct loop *loop)
{
	struct client *client = MEMORY_NEW(struct client);

	client->loop = loop;
	client->patience_at = never;
	list_init(&client->fetches);
	list_init(&client->waiting);
	list_init(&client->dropped);
	uv_timer_init(&loop->uv, &client->patience);
	client->patience.data = client;
	client->multi = multi_create(loop, on_worked, client);
	curl_multi_setopt(client->multi->curl, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
	return client;
}

void client_destroy(struct client *client)
{
	while (!list_empty(&client->fetches))
		fetch_cancel(CONTAINER_OF(client->fetches.next, struct fetch, node));
	multi_destroy(client->multi);
	uv_close((uv_handle_t *)&client->patience, on_patience_closed);
}
