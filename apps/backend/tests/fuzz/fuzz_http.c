/*
 * A whole connection: a real server on a loop, a client's socket, and the bytes of the case in
 * splits of three kinds. The replies must be the same, but for what names the moment (Date and
 * X-Request-Id) and for "100 Continue", which is sent only to who waits for it.
 *
 * All routes run on the loop, so that nothing but the splits could make a difference.
 */
#include "http/server.h"
#include "http/sse.h"

#include "split.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop loop;
static struct server *server;

/* What the parser made of the request, in the reply. */
static enum err show(struct request *request, const void *in, void *out)
{
	struct buf text;

	(void)in;
	(void)out;
	buf_init(&text, 1 << 20);
	buf_printf(&text, "%s %s %s", request->method, request->target, request->path);
	for (const struct text_pair *pair = request->path_values; pair->name != NULL; pair++)
		buf_printf(&text, " {%s}=%s", pair->name, pair->value);
	for (const struct text_pair *pair = request->query; pair->name != NULL; pair++)
		buf_printf(&text, " ?%s=%s", pair->name, pair->value);
	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++)
		buf_printf(&text, " %s: %s", pair->name, pair->value);
	buf_append(&text, request->body.data, request->body.length);
	reply_text(request, 200, "text/plain", text.data, text.length);
	buf_finish(&text);
	return ERR_OK;
}

static struct transport *taken;

static void echo(void *context, const uint8_t *data, size_t length)
{
	struct payload *payload = payload_create(data, length);

	(void)context;
	transport_write(taken, payload);
	payload_unref(payload);
}

static void forget(void *context)
{
	(void)context;
	taken = NULL;
}

static const struct transport_owner owner = { .read = echo, .closed = forget, .drain = forget };

static enum err upgrade(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	taken = transport_take(request, 101, &owner, NULL);
	return ERR_PENDING;
}

struct note {
	const char *text;
};
static const struct field note_fields[] = {
	FIELD(struct note, text, .optional = true, .max = 100, .doc = "Text."),
	{ 0 },
};
static const struct schema note_schema = SCHEMA(struct note, note_fields, .name = "Note");

static enum err copy(struct request *request, const void *in, void *out)
{
	(void)request;
	*(struct note *)out = *(const struct note *)in;
	return ERR_OK;
}

static const struct route routes[] = {
	{ "GET", "/", ACCESS_PUBLIC, .on_loop = true, .internal = true, .handle = show },
	{ "GET", "/a/{id}/{rest...}", ACCESS_PUBLIC, .on_loop = true, .internal = true,
	  .handle = show },
	{ "POST", "/", ACCESS_PUBLIC, .on_loop = true, .internal = true, .handle = show },
	{ "POST", "/n", ACCESS_PUBLIC, .on_loop = true, .in = &note_schema, .out = &note_schema,
	  .handle = copy },
	{ "GET", "/u", ACCESS_PUBLIC, .on_loop = true, .handle = upgrade },
	{ 0 },
};

static void start(void)
{
	static const struct route *const tables[] = { routes, NULL };
	static const struct middleware *const middlewares[] = { NULL };
	struct server_options options = { .loop = &loop,
					  .routes = tables,
					  .middlewares = middlewares,
					  .limits = server_limits_default };
	const char *reason;

	options.limits.head_bytes =
		1024; /* so that the limits are within the reach of short cases */
	options.limits.headers_max = 16;
	signal(SIGPIPE, SIG_IGN);
	loop_init(&loop);
	if (server_create(&options, &server, &reason) != ERR_OK ||
	    server_listen(server, "127.0.0.1:0", &reason) != ERR_OK)
		abort();
}

static int connect_client(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)server_port(server)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		abort();
	return fd;
}

/* Reads what there is; false once the server has closed. */
static bool read_replies(int fd, struct buf *out)
{
	static char bytes[65536];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_append(out, bytes, (size_t)got);
	return got < 0 && errno == EAGAIN;
}

static void blank_header(struct buf *text, const char *name, size_t value_length)
{
	char *at = text->data;

	while (at != NULL &&
	       (at = memmem(at, text->length - (size_t)(at - text->data), name, strlen(name)))) {
		at += strlen(name);
		if ((size_t)(text->data + text->length - at) >= value_length)
			memset(at, '.', value_length);
	}
}

static void drop_continue(struct buf *text)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const size_t size = sizeof(interim) - 1;
	char *at;

	while (text->length > 0 && (at = memmem(text->data, text->length, interim, size)) != NULL) {
		text->length -= size;
		memmove(at, at + size, text->length - (size_t)(at - text->data));
	}
}

static void run(const char *data, size_t length, const size_t sizes[static 3], struct buf *out)
{
	int fd = connect_client();

	for (size_t i = 0; length > 0; i++) {
		size_t size = sizes[i % 3] < length ? sizes[i % 3] : length;
		ssize_t sent = send(fd, data, size, 0);

		if (sent < 0 && errno != EAGAIN)
			break; /* the server has closed: what it read decided */
		data += sent > 0 ? sent : 0;
		length -= sent > 0 ? (size_t)sent : 0;
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		read_replies(fd, out);
	}
	shutdown(fd, SHUT_WR);
	while (read_replies(fd, out))
		uv_run(&loop.uv, UV_RUN_NOWAIT);
	close(fd);
	while (server_counts(server).connections > 0)
		uv_run(&loop.uv, UV_RUN_NOWAIT);
	drop_continue(out);
	blank_header(out, "\r\nDate: ", 29);
	blank_header(out, "\r\nX-Request-Id: ", 36);
	blank_header(out, "\"request_id\":\"", 36);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (server == NULL)
		start();
	check_splits(run, data, size);
	return 0;
}
