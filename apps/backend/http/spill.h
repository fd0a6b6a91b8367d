/*
 * A file without a name that takes the body of a large request, written off the loop.
 *
 * One operation is under way at a time; after each, `progress` is called on the loop. Loop thread
 * only.
 */
#ifndef WEBPLUS_HTTP_SPILL_H
#define WEBPLUS_HTTP_SPILL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct spill;

/* Begins to open the file: busy until `progress`. */
struct spill *spill_create(uv_loop_t *loop, const char *folder, void (*progress)(void *context),
			   void *context);
/* Closes the file, after the operation that is under way; `progress` is not called any more. */
void spill_destroy(struct spill *spill);

/* Copies the bytes behind those that wait for spill_flush. Not while busy, nor after an error. */
void spill_append(struct spill *spill, const void *data, size_t length);
/* Begins to write what was appended, if anything was: busy until `progress`. */
void spill_flush(struct spill *spill);
bool spill_busy(const struct spill *spill);
/* ERR_DISK_FULL, ERR_INTERNAL, or ERR_OK so far. */
enum err spill_error(const struct spill *spill);
/* Its position is the start of the file. The spill goes on owning it. */
int spill_fd(const struct spill *spill);

#endif
