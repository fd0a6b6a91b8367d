/*
 * When somebody's rights change or end: every server forgets what it knew, and closes that one's sockets and streams,
 * which come back with the rights of now. At once on this server, within half a second on the others, which read the table
 * of changes.
 */
#ifndef WEBPLUS_AUTH_RIGHTS_H
#define WEBPLUS_AUTH_RIGHTS_H

#include "base/err.h"
#include "db/database.h"

struct app;
struct rights;

/* In the transaction of the change. `account_id` NULL: everybody; `session_id` NULL: all of the account. */
enum err rights_changed(struct db *tx, const char *account_id, const char *session_id) WARN_UNUSED;
/* After its commit; any thread. Without it, the next look at the table finds the change. */
void rights_apply(struct app *app, const char *account_id, const char *session_id);

struct rights *rights_create(struct app *app);
/* On the loop: looks at the table twice a second from now on. */
void rights_start(struct rights *rights);
/* On the loop: no more looks; calls `stopped` when none is under way. */
void rights_stop(struct rights *rights, void (*stopped)(void *context), void *context);
void rights_destroy(struct rights *rights);

extern const struct statement *const rights_statements[]; /* ended by NULL */

#endif
