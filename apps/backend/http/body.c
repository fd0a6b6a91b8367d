#include "http/shares.h"
#include "http/spill.h"
#include "http/state.h"

enum { ADDRESS_PARTS = 4 /* of what all bodies may have, one for an address */ };

/* A file operation is over: the connection goes on where the body left it. */
static void on_spill_progress(void *context)
{
	struct exchange *exchange = context;

	if (conn_usable(exchange->request.conn))
		conn_resume(exchange->request.conn);
}

static void choose_sink(struct exchange *exchange)
{
	const struct route *route = exchange->endpoint != NULL ? exchange->endpoint->route : NULL;
	struct body *body = &exchange->body;

	if (exchange->early != ERR_OK || route == NULL) {
		body->sink = SINK_DISCARD;
		body->max = DISCARD_BYTES_MAX;
	} else if (route->body == BODY_STREAM) {
		body->sink = SINK_SPILL;
		body->max = (int64_t)exchange->endpoint->body_max;
		body->spill = spill_create(&exchange->server->loop->uv,
					   exchange->server->options.spill_folder,
					   on_spill_progress, exchange);
	} else {
		body->sink = SINK_MEMORY;
		body->max = (int64_t)exchange->endpoint->body_max;
	}
}

void body_expect(struct exchange *exchange, const struct head *head)
{
	struct body *body = &exchange->body;

	body->is_chunked = head->chunked;
	body->left = head->content_length > 0 ? head->content_length : 0;
	choose_sink(exchange);
}

bool body_expected(const struct body *body)
{
	return body->is_chunked || body->left > 0 || body->sink == SINK_SPILL;
}

static void count_held(struct exchange *exchange, size_t held)
{
	struct body *body = &exchange->body;
	struct server_counts *counts = &exchange->server->counts;

	if (body->share == NULL)
		body->share = share_take(&exchange->server->shares, exchange->request.peer);
	body->share->body_bytes += held - body->held;
	counts->body_bytes += held - body->held;
	body->held = held;
}

static void let_go(struct exchange *exchange)
{
	if (exchange->body.share == NULL)
		return;
	count_held(exchange, 0);
	share_give(&exchange->server->shares, exchange->body.share);
	exchange->body.share = NULL;
}

/*
 * What this one may bring all bodies to, of so much. Strangers leave room for people who are known, everywhere and at their
 * own address, and those of them who send much for who signs in.
 */
static size_t part_of(const struct exchange *exchange, size_t max)
{
	if (exchange->request.principal != NULL)
		return max;
	return exchange->body.received <= SMALL_BODY_MAX ? max / 4 * 3 : max / 2;
}

static enum err check_room(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	size_t max = exchange->server->limits.body_bytes_max;

	if (exchange->body.share->body_bytes > part_of(exchange, max / ADDRESS_PARTS)) {
		request->reply.retry_after_s = 1;
		return request_fail(request, ERR_TOO_MANY,
				    "Too much is sent from your address at once. Try again.");
	}
	if (exchange->server->counts.body_bytes > part_of(exchange, max))
		return request_fail(request, ERR_UNAVAILABLE,
				    "Too much is sent to the server at once. Try again.");
	return ERR_OK;
}

/* What is allocated counts, as it grows with what arrives. */
static enum err keep(struct exchange *exchange, const char *data, size_t length)
{
	struct buf *bytes = &exchange->request.body;
	size_t before = bytes->capacity;
	enum err err = ERR_OK;

	buf_append(bytes, data, length);
	if (bytes->capacity > before) {
		count_held(exchange, bytes->capacity);
		err = check_room(exchange);
	}
	if (err != ERR_OK) {
		buf_release(bytes);
		let_go(exchange);
	}
	return err;
}

enum err body_refuse_large(struct exchange *exchange)
{
	return request_fail(&exchange->request, ERR_TOO_LARGE,
			    "The body may have at most %lld bytes here.",
			    (long long)exchange->body.max);
}

static enum err take(struct exchange *exchange, const char *data, size_t length)
{
	struct body *body = &exchange->body;

	if (length == 0)
		return ERR_OK;
	body->received += (int64_t)length;
	if (body->received > body->max)
		return body_refuse_large(exchange);
	if (body->sink == SINK_MEMORY)
		return keep(exchange, data, length);
	if (body->sink == SINK_SPILL)
		spill_append(body->spill, data, length);
	return ERR_OK;
}

static enum err feed_counted(struct exchange *exchange, const char *data, size_t length,
			     size_t *ret_used)
{
	struct body *body = &exchange->body;

	if ((int64_t)length > body->left)
		length = (size_t)body->left;
	body->left -= (int64_t)length;
	*ret_used = length;
	return take(exchange, data, length);
}

static enum err feed_chunked(struct exchange *exchange, const char *data, size_t length,
			     size_t *ret_used)
{
	struct chunked *chunked = &exchange->body.chunked;
	enum err err = ERR_OK;
	size_t used = 0;

	while (err == ERR_OK && used < length && chunked->state < CHUNKED_DONE) {
		const char *piece = NULL;
		size_t piece_length;

		used += chunked_read(chunked, data + used, length - used, &piece, &piece_length);
		if (piece_length > 0)
			err = take(exchange, piece, piece_length);
	}
	*ret_used = used;
	return err == ERR_OK && chunked->state == CHUNKED_BAD ? ERR_MALFORMED : err;
}

enum err body_feed(struct exchange *exchange, const char *data, size_t length, size_t *ret_used)
{
	struct body *body = &exchange->body;
	enum err err;

	*ret_used = 0;
	if (body_blocked(body))
		return ERR_OK;
	if (body->spill != NULL && spill_error(body->spill) != ERR_OK)
		return spill_error(body->spill);
	if (body->left > body->max) /* refused by its length, before it is read */
		return body_refuse_large(exchange);
	if (body->is_chunked)
		err = feed_chunked(exchange, data, length, ret_used);
	else
		err = feed_counted(exchange, data, length, ret_used);
	if (err == ERR_OK && body->spill != NULL)
		spill_flush(body->spill);
	return err;
}

bool body_complete(const struct body *body)
{
	if (body->spill != NULL && (spill_busy(body->spill) || spill_error(body->spill) != ERR_OK))
		return false;
	return body->is_chunked ? body->chunked.state == CHUNKED_DONE : body->left == 0;
}

bool body_blocked(const struct body *body)
{
	return body->spill != NULL && spill_busy(body->spill);
}

void body_finish(struct exchange *exchange)
{
	buf_finish(&exchange->request.body);
	let_go(exchange);
	spill_destroy(exchange->body.spill);
	exchange->body.spill = NULL;
}
