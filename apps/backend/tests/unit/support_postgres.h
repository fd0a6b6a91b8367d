/*
 * The same for a test on PostgreSQL: databases of its own on the server that tools/with-postgres runs. Without one the
 * test program ends as skipped.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_POSTGRES_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_POSTGRES_H

#include "support.h"

/* An empty database, which home->options.url then names; home_remove drops it. */
void home_make_postgres(struct home *home, const char *encoding);
void home_drop_postgres(struct home *home);

/* The first cell of the first row as text, to be freed; NULL when there is none. */
char *postgres_sql(const char *url, const char *sql);
bool postgres_holds_bytes(struct home *home, const char *bytes);

#endif
