#include "websockets/reference.h"

#include "websockets/frames.h"
#include "websockets/rate_limiter.h"

void websockets_print_limits(struct buf *out)
{
	BUF_LITERAL(
		out,
		"| what | at once, per socket | then, per minute | at once, per user | then, per "
		"minute | |\n|---|---|---|---|---|---|\n");
	for (int type = 0; type < RATE_TYPES; type++) {
		const struct rate_limit *limit = &rate_limits[type];

		buf_printf(out, "| `%s` | %d | %d | %d | %d | %s |\n", limit->word, limit->burst,
			   limit->per_minute, limit->burst * RATE_USER_SOCKETS,
			   limit->per_minute * RATE_USER_SOCKETS, limit->doc);
	}
}

void websockets_print_closes(struct buf *out)
{
	BUF_LITERAL(out, "| code | why |\n|---|---|\n");
	for (int row = 0; row < CLOSE_ROWS; row++)
		buf_printf(out, "| %d | %s |\n", (int)close_rows[row].code, close_rows[row].doc);
}
