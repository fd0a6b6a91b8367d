#include "export/export.h"

#include "base/list.h"
#include "base/memory.h"

#include <stdlib.h>

/* A record of 4 MiB, each byte of which takes six, and what came before it. */
enum { READY_MAX = 64 * 1024 * 1024 };

struct exporting {
	struct producer producer;
	struct export export;
	const struct export_part *const *parts;
	size_t at; /* the part that is being written */
	bool part_begun;
	struct buf ready; /* a record may be larger than a piece of the reply */
	size_t given;     /* bytes of `ready` that were handed out */
	bool finished;
};

void export_record(struct export *export, const struct schema *schema, const void *record)
{
	if (export->any)
		BUF_LITERAL(export->out, ",\n");
	export->any = true;
	schema_encode(schema, record, export->out);
}

void export_records(struct export *export, const struct schema *schema, const struct array *records)
{
	for (size_t i = 0; i < records->count; i++)
		export_record(export, schema, (const char *)records->items + i * schema->size);
}

static void begin_part(struct exporting *exporting, const struct export_part *part)
{
	buf_printf(&exporting->ready, "%s\"%s\":%s", exporting->at > 0 ? ",\n" : "{", part->name,
		   part->list ? "[" : "");
	exporting->export.state = memory_alloc(part->state_size);
	exporting->export.any = false;
	exporting->part_begun = true;
}

static void end_part(struct exporting *exporting, const struct export_part *part)
{
	if (part->list)
		buf_append_char(&exporting->ready, ']');
	free(exporting->export.state);
	exporting->export.state = NULL;
	exporting->part_begun = false;
	exporting->at++;
}

static enum err make_more(struct exporting *exporting)
{
	const struct export_part *part = exporting->parts[exporting->at];
	struct arena arena;
	bool end = false;
	enum err err;

	buf_clear(&exporting->ready);
	exporting->given = 0;
	if (!part) {
		BUF_LITERAL(&exporting->ready, "}\n");
		exporting->finished = true;
		return ERR_OK;
	}
	if (!exporting->part_begun)
		begin_part(exporting, part);
	arena_init(&arena);
	err = part->next(&exporting->export, &arena, &end);
	arena_finish(&arena);
	if (err == ERR_OK && end)
		end_part(exporting, part);
	return err == ERR_OK && exporting->ready.overflow ? ERR_INTERNAL : err;
}

static enum err next_piece(struct producer *producer, struct buf *out, bool *ret_done)
{
	struct exporting *exporting = CONTAINER_OF(producer, struct exporting, producer);
	size_t length;
	enum err err = ERR_OK;

	while (err == ERR_OK && exporting->given == exporting->ready.length && !exporting->finished)
		err = make_more(exporting);
	if (err != ERR_OK)
		return err;
	length = exporting->ready.length - exporting->given;
	if (length > REPLY_PIECE_MAX)
		length = REPLY_PIECE_MAX;
	buf_append(out, exporting->ready.data + exporting->given, length);
	exporting->given += length;
	*ret_done = exporting->finished && exporting->given == exporting->ready.length;
	return ERR_OK;
}

static void destroy(struct producer *producer)
{
	struct exporting *exporting = CONTAINER_OF(producer, struct exporting, producer);

	buf_finish(&exporting->ready);
	free(exporting->export.state);
	free(exporting);
}

void export_reply(struct request *request, const struct export_part *const *parts)
{
	struct exporting *exporting = MEMORY_NEW(struct exporting);

	exporting->producer = (struct producer){ next_piece, destroy };
	exporting->export.app = request->app;
	exporting->export.principal = *request->principal;
	exporting->export.out = &exporting->ready;
	exporting->parts = parts;
	buf_init(&exporting->ready, READY_MAX);
	reply_header(request, "Content-Disposition",
		     "attachment; filename=\"webplus-export.json\"");
	reply_producer(request, 200, "application/json", &exporting->producer);
}
