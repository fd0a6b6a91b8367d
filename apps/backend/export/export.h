/*
 * A file with all that belongs to one account: a JSON object with a member for each part, made piece by piece while it is
 * sent. Each feature hands over its parts, one line each in routes.c; none needs to know of another.
 *
 * The file takes as long as the client does to read it, and what belongs to the account may change meanwhile: a part goes
 * through its records in the order of a key that never changes, so that none is left out that was there all the time.
 */
#ifndef WEBPLUS_EXPORT_EXPORT_H
#define WEBPLUS_EXPORT_EXPORT_H

#include "http/request.h"
#include "security/authorize.h"

/* What a part works with: `state`, zeroed when the part begins, is its own. */
struct export
{
	struct app *app;
	struct principal principal; /* whose file it is */
	void *state;
	bool any;        /* the list has a record already */
	struct buf *out; /* what was made and is not sent yet */
};

/* How many bytes and records a part adds at once, so that the file is never in memory as a whole. */
enum { EXPORT_BYTES = 1024 * 1024, EXPORT_ROWS = 100 };

struct export_part {
	const char *name; /* of the member */
	bool list;        /* the value is an array, of what export_record adds */
	size_t state_size;
	/* Worker: adds what comes next to the value; *ret_end: that was all. The arena lives for the call. */
	enum err (*next)(struct export *export, struct arena *arena, bool *ret_end);
};

/* Adds a record to the value of a part. */
void export_record(struct export *export, const struct schema *schema, const void *record);
/* Adds several to a list. */
void export_records(struct export *export, const struct schema *schema,
		    const struct array *records);

/* Worker: replies with the file of the request's principal. `parts` is constant and ends with NULL. */
void export_reply(struct request *request, const struct export_part *const *parts);

#endif
