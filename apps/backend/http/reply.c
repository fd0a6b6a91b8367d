#include "http/assets.h"
#include "http/characters.h"
#include "http/state.h"

#include <assert.h>
#include <string.h>

/* A database that comes back is found within a second. */
enum { UNAVAILABLE_S = 1 };

void reply_init(struct reply *reply)
{
	buf_init(&reply->headers, REPLY_HEADERS_MAX);
	buf_init(&reply->body, REPLY_BODY_MAX);
}

static void drop_producer(struct reply *reply)
{
	if (reply->producer != NULL)
		reply->producer->destroy(reply->producer);
	reply->producer = NULL;
}

/* With the header that it stands for. */
static void drop_encoder(struct reply *reply)
{
	static const char name[] = "Content-Encoding: ";
	struct buf *headers = &reply->headers;
	char *line, *end;

	if (reply->encoder == NULL)
		return;
	reply->encoder->destroy(reply->encoder);
	reply->encoder = NULL;
	line = headers->data != NULL ? strstr(headers->data, name) : NULL;
	if (line == NULL)
		return;
	end = strstr(line, "\r\n") + 2;
	memmove(line, end, strlen(end) + 1);
	headers->length -= (size_t)(end - line);
}

void reply_finish(struct reply *reply)
{
	drop_producer(reply);
	drop_encoder(reply);
	buf_finish(&reply->headers);
	buf_finish(&reply->body);
}

bool status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (!is_class(*text, CHAR_VALUE))
			return false;
	return true;
}

void reply_header(struct request *request, const char *name, const char *value)
{
	struct buf *headers = &request->reply.headers;

	assert(is_printable(name) && is_printable(value));
	buf_append_text(headers, name);
	BUF_LITERAL(headers, ": ");
	buf_append_text(headers, value);
	BUF_LITERAL(headers, "\r\n");
	assert(!headers->overflow);
}

void reply_text(struct request *request, int status, const char *media, const char *text,
		size_t length)
{
	struct reply *reply = &request->reply;

	reply->status = status;
	reply->kind = REPLY_BODY;
	reply->media = media;
	buf_clear(&reply->body);
	buf_append(&reply->body, text, length);
}

void reply_fixed(struct request *request, int status, const char *media, const void *data,
		 size_t length)
{
	struct reply *reply = &request->reply;

	reply->status = status;
	reply->kind = REPLY_STATIC;
	reply->media = media;
	reply->fixed = data;
	reply->fixed_length = length;
}

void reply_producer(struct request *request, int status, const char *media,
		    struct producer *producer)
{
	struct reply *reply = &request->reply;

	reply->status = status;
	reply->kind = REPLY_PRODUCER;
	reply->media = media;
	reply->producer = producer;
	reply->body.max = REPLY_PIECE_MAX;
}

/* The coding that the client likes best; of equals the smallest. */
static enum coding choose_coding(const struct asset *asset, const char *accept)
{
	struct coding_weights weights = coding_weights(accept);
	enum coding best = CODING_IDENTITY;

	for (int i = CODING_IDENTITY + 1; i < CODINGS; i++) {
		int weight = weights.of[i];

		if (asset->data[i] == NULL || weight == 0 || weight < weights.of[best])
			continue;
		if (weight == weights.of[best] && asset->size[i] >= asset->size[best])
			continue;
		best = (enum coding)i;
	}
	return best;
}

/* Weakly, so that W/"x" and "x" are the same. */
bool etag_matches(const char *list, const char *etag)
{
	size_t length = strlen(etag);

	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (strncmp(list, etag, length) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static bool has_codings(const struct asset *asset)
{
	for (int i = CODING_IDENTITY + 1; i < CODINGS; i++)
		if (asset->data[i] != NULL)
			return true;
	return false;
}

void reply_asset(struct request *request, const struct asset *asset)
{
	enum coding coding = choose_coding(asset, request_header_list(request, "accept-encoding"));
	bool immutable = strncmp(asset->path, "/assets/", 8) == 0;

	/* Weak, because all codings of an asset share it. */
	reply_header(request, "ETag", arena_printf(&request->arena, "W/%s", asset->etag));
	request->reply.cache_control =
		immutable ? "public, max-age=31536000, immutable" : "no-cache";
	if (has_codings(asset))
		reply_header(request, "Vary", "Accept-Encoding");
	if (etag_matches(request_header_list(request, "if-none-match"), asset->etag)) {
		request->reply.status = 304;
		return;
	}
	if (coding != CODING_IDENTITY)
		reply_header(request, "Content-Encoding", coding_name(coding));
	reply_fixed(request, 200, asset->type, asset->data[coding], asset->size[coding]);
}

static void append_member(struct buf *body, const char *key, const char *value)
{
	BUF_LITERAL(body, ",\"");
	buf_append_text(body, key);
	BUF_LITERAL(body, "\":");
	json_append_string(body, value);
}

static void append_errors(struct buf *body, const struct field_errors *errors)
{
	BUF_LITERAL(body, ",\"errors\":[");
	for (size_t i = 0; errors != NULL && i < errors->count; i++) {
		buf_append_text(body, i > 0 ? ",{\"field\":" : "{\"field\":");
		json_append_string(body, errors->list[i].field);
		append_member(body, "message", errors->list[i].message);
		BUF_LITERAL(body, "}");
	}
	BUF_LITERAL(body, "]");
}

void reply_problem(struct request *request, enum err err)
{
	struct reply *reply = &request->reply;
	struct buf *body = &reply->body;

	drop_producer(reply);
	drop_encoder(reply);
	if (err_status(err) == 503 && reply->retry_after_s == 0)
		reply->retry_after_s = UNAVAILABLE_S;
	if (reply->retry_after_s > 0)
		reply_header(request, "Retry-After",
			     arena_printf(&request->arena, "%lld", reply->retry_after_s));
	reply->status = err_status(err);
	reply->kind = REPLY_BODY;
	reply->media = "application/problem+json";
	reply->cache_control = NULL;
	body->max = REPLY_BODY_MAX;
	buf_clear(body);
	BUF_LITERAL(body, "{\"type\":\"urn:webplus:problem:");
	buf_append_text(body, err_code(err));
	BUF_LITERAL(body, "\",\"title\":");
	json_append_string(body, err_title(err));
	BUF_LITERAL(body, ",\"status\":");
	buf_append_int(body, reply->status);
	append_member(body, "code", err_code(err));
	append_member(body, "detail", reply->detail != NULL ? reply->detail : err_title(err));
	append_errors(body, reply->errors);
	append_member(body, "request_id", request->id);
	BUF_LITERAL(body, "}");
}
