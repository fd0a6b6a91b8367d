#include "support_upstream.h"

#include "base/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_MAX = 4 << 20, WATCHDOG_MS = 20000 };

struct link {
	struct upstream *upstream;
	uv_tcp_t socket;
	uv_write_t write;
	struct buf in;
	const struct step *step; /* NULL: a request is read */
	size_t sent;             /* of this step */
	struct list node;
};

static void link_play(struct link *link);

static void on_link_closed(uv_handle_t *socket)
{
	struct link *link = socket->data;

	link->upstream->open--;
	buf_finish(&link->in);
	free(link);
}

static void link_close(struct link *link)
{
	list_remove(&link->node);
	if (!uv_is_closing((uv_handle_t *)&link->socket))
		uv_close((uv_handle_t *)&link->socket, on_link_closed);
}

static void on_reset_closed(uv_handle_t *socket)
{
	on_link_closed(socket);
}

static void on_written(uv_write_t *write, int status)
{
	struct link *link = write->data;

	if (status != 0 || uv_is_closing((uv_handle_t *)&link->socket))
		return;
	link_play(link);
}

static void link_write(struct link *link, const char *data, size_t length)
{
	uv_buf_t piece = uv_buf_init((char *)(uintptr_t)data, (unsigned)length);

	link->write.data = link;
	uv_write(&link->write, (uv_stream_t *)&link->socket, &piece, 1, on_written);
}

static void link_step_done(struct link *link)
{
	enum then then = link->step->then;

	link->sent = 0;
	link->step++;
	switch (then) {
	case THEN_NEXT:
		link_play(link);
		break;
	case THEN_CLOSE:
		link_close(link);
		break;
	case THEN_RESET:
		list_remove(&link->node);
		uv_tcp_close_reset(&link->socket, on_reset_closed);
		break;
	case THEN_SERVE:
		link->step = NULL;
		break;
	case THEN_HANG:
		break;
	}
}

static void link_play(struct link *link)
{
	const struct step *step = link->step;
	size_t length, piece;

	length = step->send == NULL ? 0 : step->length > 0 ? step->length : strlen(step->send);
	if (link->sent == length) {
		link_step_done(link);
		return;
	}
	piece = step->one_by_one ? 1 : length - link->sent;
	link->sent += piece;
	link_write(link, step->send + link->sent - piece, piece);
}

static bool request_complete(const struct buf *in)
{
	const char *head_end = in->length > 0 ? strstr(in->data, "\r\n\r\n") : NULL, *field;
	size_t body = 0;

	if (head_end == NULL)
		return false;
	field = strcasestr(in->data, "\r\nContent-Length:");
	if (field != NULL && field < head_end)
		body = strtoul(field + strlen("\r\nContent-Length:"), NULL, 10);
	return in->length >= (size_t)(head_end + 4 - in->data) + body;
}

static void link_read(struct link *link)
{
	struct upstream *upstream = link->upstream;

	if (link->step != NULL || !request_complete(&link->in))
		return;
	upstream->requests++;
	buf_clear(&upstream->request);
	buf_append(&upstream->request, link->in.data, link->in.length);
	buf_clear(&link->in);
	link->step = upstream->choose != NULL ? upstream->choose(upstream, upstream->request.data)
					      : upstream->steps;
	link_play(link);
}

static void on_link_alloc(uv_handle_t *socket, size_t suggested, uv_buf_t *buffer)
{
	struct link *link = socket->data;

	(void)suggested;
	*buffer = uv_buf_init(buf_reserve(&link->in, 65536), 65536);
}

static void on_link_read(uv_stream_t *socket, ssize_t length, const uv_buf_t *buffer)
{
	struct link *link = socket->data;

	(void)buffer;
	if (length < 0) {
		link_close(link);
		return;
	}
	buf_commit(&link->in, (size_t)length);
	link_read(link);
}

static void on_link(uv_stream_t *listener, int status)
{
	struct upstream *upstream = listener->data;
	struct link *link = MEMORY_NEW(struct link);

	assert_int_equal(status, 0);
	link->upstream = upstream;
	buf_init(&link->in, REQUEST_MAX);
	uv_tcp_init(&upstream->loop->uv, &link->socket);
	link->socket.data = link;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&link->socket), 0);
	uv_tcp_nodelay(&link->socket, 1);
	upstream->connections++;
	upstream->open++;
	list_append(&upstream->links, &link->node);
	uv_read_start((uv_stream_t *)&link->socket, on_link_alloc, on_link_read);
}

void upstream_listen(struct upstream *upstream, struct loop *loop)
{
	struct sockaddr_in address;
	int size = sizeof(address);

	*upstream = (struct upstream){ .loop = loop };
	list_init(&upstream->links);
	buf_init(&upstream->request, REQUEST_MAX);
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(&loop->uv, &upstream->listener);
	upstream->listener.data = upstream;
	uv_tcp_bind(&upstream->listener, (const struct sockaddr *)&address, 0);
	assert_int_equal(uv_listen((uv_stream_t *)&upstream->listener, 128, on_link), 0);
	uv_tcp_getsockname(&upstream->listener, (struct sockaddr *)&address, &size);
	upstream->port = ntohs(address.sin_port);
	snprintf(upstream->url, sizeof(upstream->url), "http://127.0.0.1:%d", upstream->port);
}

void upstream_close(struct upstream *upstream)
{
	while (!list_empty(&upstream->links))
		link_close(CONTAINER_OF(upstream->links.next, struct link, node));
	uv_close((uv_handle_t *)&upstream->listener, NULL);
	buf_finish(&upstream->request);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("nothing happened for too long");
}

struct awaited {
	uv_prepare_t prepare;
	const unsigned *value;
	unsigned at_least, at_most;
};

/* Before each sleep of the loop: what is waited for may have happened in a timer. */
static void stop_when_there(uv_prepare_t *prepare)
{
	const struct awaited *awaited = prepare->data;

	if (*awaited->value >= awaited->at_least && *awaited->value <= awaited->at_most)
		uv_stop(prepare->loop);
}

static void run_between(struct loop *loop, const unsigned *value, unsigned at_least,
			unsigned at_most)
{
	struct awaited awaited = { .value = value, .at_least = at_least, .at_most = at_most };
	uv_timer_t watchdog;

	uv_timer_init(&loop->uv, &watchdog);
	uv_timer_start(&watchdog, on_watchdog, WATCHDOG_MS, 0);
	uv_prepare_init(&loop->uv, &awaited.prepare);
	awaited.prepare.data = &awaited;
	uv_prepare_start(&awaited.prepare, stop_when_there);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&watchdog, NULL);
	uv_close((uv_handle_t *)&awaited.prepare, NULL);
	uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void run_until(struct loop *loop, const unsigned *value, unsigned least)
{
	run_between(loop, value, least, UINT_MAX);
}

void run_until_zero(struct loop *loop, const unsigned *value)
{
	run_between(loop, value, 0, 0);
}
