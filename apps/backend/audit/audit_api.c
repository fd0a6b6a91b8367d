#include "audit/audit.h"

#include "app.h"
#include "audit/audit_store.h"
#include "base/memory.h"
#include "db/page.h"
#include "export/export.h"
#include "security/authorize.h"

#include <stdlib.h>
#include <string.h>

struct audit_list {
	struct presence presence;
	int64_t limit;
	int64_t cursor;
	const char *actor_id;
	const char *object_id;
	enum audit_action action;
	struct timestamp since;
	struct timestamp until;
};

static const struct field audit_list_fields[] = {
	FIELD(struct audit_list, limit, .from = FROM_QUERY, .preset = "50", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct audit_list, cursor, .from = FROM_QUERY, .optional = true, .min = 1,
	      .max = INTEGER_MAX, .doc = "`next_cursor` of the page before."),
	FIELD(struct audit_list, actor_id, .from = FROM_QUERY, .optional = true,
	      .format = FORMAT_ID, .doc = "What this account did."),
	FIELD(struct audit_list, object_id, .from = FROM_QUERY, .optional = true, .max = 100,
	      .min = 1, .format = FORMAT_TOKEN, .doc = "What was done to this."),
	FIELD(struct audit_list, action, .from = FROM_QUERY, .optional = true,
	      .names = audit_action_words, .doc = "What was done in this way."),
	FIELD(struct audit_list, since, .from = FROM_QUERY, .optional = true,
	      .doc = "From this time on."),
	FIELD(struct audit_list, until, .from = FROM_QUERY, .optional = true,
	      .doc = "Before this time."),
	{ 0 },
};

static const struct schema audit_list_schema =
	SCHEMA(struct audit_list, audit_list_fields, .name = "AuditList", .presence = true);

PAGE_SCHEMA(audit_page_schema, audit_row_schema, "AuditPage");

static struct audit_filter filter_of(const struct audit_list *input)
{
	return (struct audit_filter){
		.before = input->cursor ? input->cursor : INT64_MAX,
		.since = input->since,
		.until = input->until,
		.actor_id = input->actor_id,
		.object_id = input->object_id,
		.action = schema_given(&audit_list_schema, input, "action")
				  ? audit_action_words[input->action]
				  : NULL,
		.limit = input->limit + 1,
	};
}

static enum err audit_list(struct request *request, const void *in, void *out)
{
	const struct audit_list *input = in;
	struct audit_filter filter = filter_of(input);
	struct page *page = out;
	const struct audit_row *last;
	enum err err = audit_page(request->app->db, &filter, &request->arena, &page->items);

	last = err == ERR_OK ? page_cut(page, &audit_row_schema, input->limit) : NULL;
	if (last)
		page->next_cursor = arena_printf(&request->arena, "%lld", (long long)last->seq);
	return err;
}

/* ---- Export: one JSON object a line, from the first row to the tip ---- */

enum { EXPORT_PIECE = 32 * 1024 /* bytes after which a piece is long enough */ };

struct audit_exporting {
	struct producer producer;
	struct app *app;
	int64_t seq;
};

static enum err next_piece(struct producer *producer, struct buf *out, bool *ret_done)
{
	struct audit_exporting *exporting =
		CONTAINER_OF(producer, struct audit_exporting, producer);
	struct arena arena;
	enum err err = ERR_OK;

	while (err == ERR_OK && out->length < EXPORT_PIECE) {
		struct audit_row row;

		arena_init(&arena);
		err = audit_next(exporting->app->db, exporting->seq, &arena, &row);
		if (err == ERR_OK) {
			schema_encode(&audit_row_schema, &row, out);
			buf_append_char(out, '\n');
			exporting->seq = row.seq;
		}
		arena_finish(&arena);
	}
	*ret_done = err == ERR_NOT_FOUND;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void destroy_export(struct producer *producer)
{
	free(CONTAINER_OF(producer, struct audit_exporting, producer));
}

static enum err audit_export(struct request *request, const void *in, void *out)
{
	struct audit_entry entry = audit_entry_of(request, AUDIT_AUDIT_EXPORT, "audit", NULL);
	struct audit_exporting *exporting;
	enum err err = audit_write(request->app, &entry);

	(void)in;
	(void)out;
	if (err != ERR_OK)
		return err;
	exporting = MEMORY_NEW(struct audit_exporting);
	exporting->producer = (struct producer){ next_piece, destroy_export };
	exporting->app = request->app;
	reply_header(request, "Content-Disposition", "attachment; filename=\"audit.jsonl\"");
	reply_producer(request, 200, "application/jsonl", &exporting->producer);
	return ERR_OK;
}

/* ---- What one did oneself, for the file of one's data ---- */

static enum err next_own(struct export *export, struct arena *arena, bool *ret_end)
{
	int64_t *after = export->state;
	struct array found = { 0 };
	enum err err = audit_by_actor(export->app->db, export->principal.user_id, *after,
				      EXPORT_ROWS, arena, &found);

	*ret_end = found.count < EXPORT_ROWS;
	if (err != ERR_OK || found.count == 0)
		return err;
	export_records(export, &audit_row_schema, &found);
	*after = ((const struct audit_row *)found.items)[found.count - 1].seq;
	return ERR_OK;
}

const struct export_part audit_own_export = {
	.name = "audit", .list = true, .state_size = sizeof(int64_t), .next = next_own
};

const struct route audit_routes[] = {
	{ "GET", "/api/v1/audit", .access = "audit:read", .in = &audit_list_schema,
	  .out = &audit_page_schema, .handle = audit_list,
	  .doc = "The audit log, the newest row first." },
	{ "GET", "/api/v1/audit/export", .access = "audit:read", .rate = RATE_EXPENSIVE,
	  .media = "application/jsonl", .handle = audit_export,
	  .doc = "All of it, one JSON object a line, from the first row to the tip." },
	{ 0 },
};
