#include "search/search.h"

#include "app.h"
#include "base/log.h"
#include "config.h"
#include "http/request.h"
#include "search/excerpt.h"
#include "search/finder.h"
#include "security/authorize.h"

enum { SEARCH_LIMIT_MAX = 50, SEARCH_TEXT_MAX = 200 };

struct search_input {
	const char *q;
	enum find_kind kind;
	int64_t limit;
	const char *cursor;
};

static const char *const kind_words[] = { "all", "messages", "titles", NULL };

static const struct field search_input_fields[] = {
	FIELD(struct search_input, q, .from = FROM_QUERY, .min = 1, .max = SEARCH_TEXT_MAX,
	      .format = FORMAT_LINE,
	      .doc = "Words, all of which are looked for; \"words in quotes\" follow each other. Case "
		     "and accents do not matter. In titles, the beginnings of words are enough."),
	FIELD(struct search_input, kind, .from = FROM_QUERY, .names = kind_words, .preset = "all",
	      .doc = "Where to look."),
	FIELD(struct search_input, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = SEARCH_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct search_input, cursor, .from = FROM_QUERY, .optional = true, .max = CURSOR_MAX,
	      .format = FORMAT_TOKEN, .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema search_input_schema =
	SCHEMA(struct search_input, search_input_fields, .name = "Search");

static const char *const found_words[] = { "title", "user", "assistant", NULL };

static const struct field found_fields[] = {
	FIELD(struct found, conversation_id, .format = FORMAT_ID,
	      .doc = "In which conversation it is."),
	FIELD(struct found, conversation_title, .doc = "The title of that."),
	FIELD(struct found, message_id, .nullable = true, .format = FORMAT_ID,
	      .doc = "Which message; null where the title has what was asked for. It may stand in a "
		     "branch that is not shown."),
	FIELD(struct found, found_in, .names = found_words,
	      .doc = "In the title, in what the user said, or in an answer."),
	FIELD(struct found, created_at, .doc = "When the message, or the conversation, was made."),
	FIELD(struct found, excerpt, .schema = &excerpt_segment_schema,
	      .doc = "The text around the first place that has it, in pieces."),
	{ 0 },
};

static const struct schema found_schema =
	SCHEMA(struct found, found_fields, .name = "SearchResult", .doc = "What was found.");

struct search_page {
	struct array items;
	const char *next_cursor;
	bool complete;
};

static const struct field search_page_fields[] = {
	FIELD(struct search_page, items, .schema = &found_schema,
	      .doc = "One page, what was made last first."),
	FIELD(struct search_page, next_cursor, .nullable = true,
	      .doc = "Pass it as `cursor` for the next page; null on the last."),
	FIELD(struct search_page, complete,
	      .doc = "False: the page ends before it is full, since a request looks at so much and "
		     "no more: go on with `next_cursor`. Or, where that is null, the index is still "
		     "being made, and what is older is not found yet."),
	{ 0 },
};

static const struct schema search_page_schema =
	SCHEMA(struct search_page, search_page_fields, .name = "SearchPage");

static enum err search(struct request *request, const void *in, void *out)
{
	const struct search_input *input = in;
	struct search_page *page = out;
	struct finding finding = { .db = request->app->db,
				   .owner_id = request->principal->user_id,
				   .kind = input->kind,
				   .before = { { MOMENT_MAX }, "g" },
				   .limit = (size_t)input->limit };
	struct found_page found;
	const char *reason;
	enum err err;

	if (!request->app->config->search)
		return request_fail(request, ERR_NOT_FOUND, "Searching is switched off here.");
	if (query_parse(input->q, &request->arena, &finding.query, &reason) != ERR_OK)
		return request_invalid(request, "q", "%s", reason);
	if (input->cursor &&
	    (place_decode(input->cursor, &request->arena, &finding.before) != ERR_OK ||
	     finding.before.time.ms < 0 || finding.before.time.ms > MOMENT_MAX))
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = find(&finding, &request->arena, &found);
	if (err == ERR_CORRUPT)
		log_error("damaged search index", "account", finding.owner_id, NULL);
	if (err != ERR_OK)
		return err;
	page->items = found.items;
	page->complete = found.complete;
	page->next_cursor = found.next.id ? place_encode(found.next, &request->arena) : NULL;
	return ERR_OK;
}

const struct route search_routes[] = {
	{ "GET", "/api/v1/search", .access = "chat:read", .rate = RATE_SEARCH,
	  .in = &search_input_schema, .out = &search_page_schema, .handle = search,
	  .doc = "One's messages and titles that have all of some words, the latest first." },
	{ 0 },
};
