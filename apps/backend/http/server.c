#include "http/server.h"

#include "base/memory.h"
#include "http/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 4096 };

const struct server_limits server_limits_default = {
	.head_bytes = 16 * 1024,
	.head_ms = 10 * 1000,
	.body_ms = 60 * 1000,
	.body_bytes_per_s = 1024,
	.idle_ms = 75 * 1000,
	.write_ms = 30 * 1000,
	.request_ms = 60 * 1000,
	.body_bytes_max = 64 * 1024 * 1024,
	.connections_max = 20000,
	.connections_per_address = 1000,
	.headers_max = 100,
};

struct listener {
	uv_tcp_t tcp;
	struct server *server;
	struct list node;
};

enum err server_create(const struct server_options *options, struct server **ret_server,
		       const char **ret_reason)
{
	struct router *router;
	struct server *server;
	enum err err = router_create(options->routes, &router, ret_reason);

	if (err != ERR_OK)
		return err;
	server = MEMORY_NEW(struct server);
	server->options = *options;
	server->limits = options->limits;
	server->loop = options->loop;
	server->router = router;
	for (const struct middleware *const *m = options->middlewares; *m != NULL; m++)
		server->prepares |= (*m)->prepare != NULL;
	list_init(&server->listeners);
	list_init(&server->conns);
	list_init(&server->exchanges);
	for (int i = 0; i < DEADLINES; i++)
		list_init(&server->waiting[i]);
	map_init(&server->shares);
	buf_init(&server->head, REPLY_HEADERS_MAX + 4096);
	*ret_server = server;
	return ERR_OK;
}

void server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	assert(server->handles == 0 && list_empty(&server->conns) &&
	       list_empty(&server->exchanges));
	assert(server->shares.count == 0 && server->counts.body_bytes == 0);
	map_finish(&server->shares);
	router_destroy(server->router);
	buf_finish(&server->head);
	free(server);
}

static int64_t limit_ms(const struct server *server, enum deadline deadline)
{
	switch (deadline) {
	case DEADLINE_IDLE:
		return server->limits.idle_ms;
	case DEADLINE_HEAD:
		return server->limits.head_ms;
	case DEADLINE_REQUEST:
		return server->limits.request_ms;
	default:
		return LINGER_MS;
	}
}

/*
 * All that wait for the same thing have the same time for it, so the first in the list is the first
 * to expire.
 */
static void expire_oldest(struct server *server, enum deadline deadline, int64_t now_ms)
{
	struct list *waiting = &server->waiting[deadline];

	while (!list_empty(waiting)) {
		struct conn *conn = CONTAINER_OF(waiting->next, struct conn, waiting);

		if (now_ms - conn->since_ms < limit_ms(server, deadline))
			return;
		list_remove(
			&conn->waiting); /* else one that is not done with would be the first again */
		conn_expire(conn);
	}
}

static void expire_slow(struct server *server, enum deadline deadline, int64_t now_ms)
{
	LIST_EACH_SAFE(conn, &server->waiting[deadline], struct conn, waiting)
		if (conn_is_slow(conn, now_ms))
			conn_expire(conn);
}

static void on_tick(uv_timer_t *tick)
{
	struct server *server = CONTAINER_OF(tick, struct server, tick);
	int64_t now_ms = (int64_t)uv_now(&server->loop->uv);

	loop_woke(server->loop);
	expire_oldest(server, DEADLINE_IDLE, now_ms);
	expire_oldest(server, DEADLINE_HEAD, now_ms);
	expire_oldest(server, DEADLINE_REQUEST, now_ms);
	expire_oldest(server, DEADLINE_LINGER, now_ms);
	expire_slow(server, DEADLINE_BODY, now_ms);
	expire_slow(server, DEADLINE_WRITE, now_ms);
}

static void start_ticking(struct server *server)
{
	if (!list_empty(&server->listeners))
		return;
	uv_timer_init(&server->loop->uv, &server->tick);
	uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
	server->handles++;
}

/* "1.2.3.4:80" or "[::1]:80" */
static bool parse_address(const char *text, struct sockaddr_storage *ret_address)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	size_t length = colon != NULL ? (size_t)(colon - text) : 0;
	bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
	char *end;
	long port;

	if (length == 0 || length >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? length - 2 : length),
		 text + bracketed);
	if (bracketed)
		return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)ret_address) == 0;
	return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret_address) == 0;
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *listener = CONTAINER_OF(stream, struct listener, tcp);

	loop_woke(listener->server->loop);
	/*
	 * Without file descriptors libuv itself accepts and closes, from one that it keeps in
	 * reserve.
	 */
	if (status == 0)
		conn_accept(listener->server, stream);
}

static int bound_port(const struct listener *listener)
{
	struct sockaddr_storage address = { 0 };
	int length = sizeof(address);

	uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &length);
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void on_listener_failed(uv_handle_t *handle)
{
	free(CONTAINER_OF(handle, struct listener, tcp));
}

enum err server_listen(struct server *server, const char *address, const char **ret_reason)
{
	struct sockaddr_storage parsed;
	struct listener *listener;
	int result;

	if (!parse_address(address, &parsed)) {
		*ret_reason = "the address must be like 127.0.0.1:8080 or [::1]:8080";
		return ERR_INVALID;
	}
	listener = MEMORY_NEW(struct listener);
	listener->server = server;
	uv_tcp_init(&server->loop->uv, &listener->tcp);
	result = uv_tcp_bind(&listener->tcp, (struct sockaddr *)&parsed, 0);
	if (result == 0)
		result = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
	if (result != 0) {
		*ret_reason = uv_strerror(result);
		uv_close((uv_handle_t *)&listener->tcp, on_listener_failed);
		return ERR_INVALID;
	}
	start_ticking(server);
	server->handles++;
	list_append(&server->listeners, &listener->node);
	if (server->port == 0)
		server->port = bound_port(listener);
	return ERR_OK;
}

int server_port(const struct server *server)
{
	return server->port;
}

struct server_counts server_counts(const struct server *server)
{
	return server->counts;
}

static void report_drained(struct server *server)
{
	void (*drained)(void *context) = server->drained;

	server->drained = NULL;
	if (drained != NULL)
		drained(server->drained_context);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *listener = CONTAINER_OF(handle, struct listener, tcp);
	struct server *server = listener->server;

	free(listener);
	server->handles--;
	server_check_drained(server);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct server *server = handle->data;

	server->handles--;
	if (server->handles == 0)
		report_drained(server);
}

/* The timers go last: until then the deadlines hold. */
void server_check_drained(struct server *server)
{
	if (!server->draining || server->handles > 2 || !list_empty(&server->conns) ||
	    !list_empty(&server->exchanges) || uv_is_closing((uv_handle_t *)&server->grace))
		return;
	uv_close((uv_handle_t *)&server->grace, on_timer_closed);
	uv_close((uv_handle_t *)&server->tick, on_timer_closed);
}

static void on_grace_over(uv_timer_t *timer)
{
	struct server *server = CONTAINER_OF(timer, struct server, grace);

	LIST_EACH(conn, &server->conns, struct conn, node)
		conn_close(conn);
}

/*
 * Each connection once, though what a transport's owner does may close others: those stay in the
 * list until later.
 */
static void drain_connections(struct server *server)
{
	LIST_EACH(conn, &server->conns, struct conn, node) {
		if (conn->state == CONN_HEAD)
			conn_resume(conn);
		else if (conn->state == CONN_TRANSPORT)
			transport_drain(conn->transport);
	}
}

void server_drain(struct server *server, int64_t grace_ms, void (*drained)(void *context),
		  void *context)
{
	assert(!server->draining && !list_empty(&server->listeners));
	server->draining = true;
	server->drained = drained;
	server->drained_context = context;
	server->tick.data = server->grace.data = server;
	uv_timer_init(&server->loop->uv, &server->grace);
	server->grace.data = server;
	uv_timer_start(&server->grace, on_grace_over, (uint64_t)grace_ms, 0);
	server->handles++;
	LIST_EACH_SAFE(listener, &server->listeners, struct listener, node) {
		list_remove(&listener->node);
		uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
	}
	drain_connections(server);
}
