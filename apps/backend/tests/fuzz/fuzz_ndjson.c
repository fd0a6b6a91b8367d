#include "providers/ndjson_parser.h"

#include "split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_document(void *context, const char *data, size_t length)
{
	buf_printf(context, "[%zu ", length);
	buf_append(context, data, length);
	buf_append_char(context, ']');
	return true;
}

static void run(const char *data, size_t length, const size_t sizes[static 3], struct buf *out)
{
	struct ndjson_parser parser;
	enum err err = ERR_OK;

	ndjson_parser_init(&parser, write_document, out);
	for (size_t i = 0; err == ERR_OK && length > 0; i++) {
		size_t size = sizes[i % 3] < length ? sizes[i % 3] : length;
		char *piece = copy_piece(data, size);

		err = ndjson_parser_feed(&parser, piece, size);
		free(piece);
		data += size;
		length -= size;
	}
	if (err == ERR_OK)
		err = ndjson_parser_end(&parser);
	buf_append_text(out, err_code(err));
	ndjson_parser_finish(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_splits(run, data, size);
	return 0;
}
