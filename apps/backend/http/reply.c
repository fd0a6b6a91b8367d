#include "http/assets.h"
#include "http/characters.h"
#include "http/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A database that comes back is found within a second. */
#define RETRY_AFTER_SECONDS "1"

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

void reply_finish(struct reply *reply)
{
	drop_producer(reply);
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

/*
 * RFC 9110, section 12.5.3: what the client says of a coding, in thousandths; -1 where it does not
 * name it.
 */
static int coding_weight(const char *accept, const char *coding)
{
	size_t length = strlen(coding);

	while (*accept != '\0') {
		size_t skip = strspn(accept, ", \t");
		const char *item = accept + skip;
		size_t size = strcspn(item, ",");
		size_t name = strcspn(item, "; \t,");
		const char *weight = item + name + strspn(item + name, "; \t");

		accept = item + size;
		if (name != length || strncasecmp(item, coding, length) != 0)
			continue;
		if (weight >= accept || strncasecmp(weight, "q=", 2) != 0)
			return 1000;
		return (int)(strtod(weight + 2, NULL) * 1000);
	}
	return -1;
}

/* The coding that the client likes best; of equals the smallest, which comes last in the list. */
static enum asset_encoding choose_encoding(const struct asset *asset, const char *accept)
{
	enum asset_encoding best = ASSET_IDENTITY;
	int best_weight, others;

	if (accept == NULL)
		return ASSET_IDENTITY;
	best_weight = coding_weight(accept, "identity");
	others = coding_weight(accept, "*");
	for (int i = ASSET_IDENTITY + 1; i < ASSET_ENCODINGS; i++) {
		int weight = coding_weight(accept, asset_encoding_name((enum asset_encoding)i));

		if (weight < 0)
			weight = others;
		if (asset->data[i] == NULL || weight <= 0 || weight < best_weight)
			continue;
		if (weight == best_weight && asset->size[i] >= asset->size[best])
			continue;
		best = (enum asset_encoding)i;
		best_weight = weight;
	}
	return best;
}

/* RFC 9110, section 13.1.2: weakly, so that W/"x" and "x" are the same. */
static bool etag_matches(const char *list, const char *etag)
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

static bool has_encodings(const struct asset *asset)
{
	for (int i = ASSET_IDENTITY + 1; i < ASSET_ENCODINGS; i++)
		if (asset->data[i] != NULL)
			return true;
	return false;
}

void reply_asset(struct request *request, const struct asset *asset)
{
	enum asset_encoding encoding =
		choose_encoding(asset, request_header(request, "accept-encoding"));
	bool immutable = strncmp(asset->path, "/assets/", 8) == 0;

	/* Weak, because all encodings of an asset share it. */
	reply_header(request, "ETag", arena_printf(&request->arena, "W/%s", asset->etag));
	reply_header(request, "Cache-Control",
		     immutable ? "public, max-age=31536000, immutable" : "no-cache");
	if (has_encodings(asset))
		reply_header(request, "Vary", "Accept-Encoding");
	if (etag_matches(request_header(request, "if-none-match"), asset->etag)) {
		request->reply.status = 304;
		return;
	}
	if (encoding != ASSET_IDENTITY)
		reply_header(request, "Content-Encoding", asset_encoding_name(encoding));
	reply_fixed(request, 200, asset->type, asset->data[encoding], asset->size[encoding]);
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
	if (err == ERR_UNAVAILABLE)
		reply_header(request, "Retry-After", RETRY_AFTER_SECONDS);
	reply->status = err_status(err);
	reply->kind = REPLY_BODY;
	reply->media = "application/problem+json";
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
