/*
 * API keys: for programs. Named, limited to some of their owner's permissions, shown once, stored hashed, revocable. A key
 * is `wp_` and 256 random bits; it comes as `Authorization: Bearer` or as `X-API-Key`.
 */
#ifndef WEBPLUS_KEYS_KEYS_H
#define WEBPLUS_KEYS_KEYS_H

#include "base/clock.h"
#include "base/err.h"
#include "db/database.h"
#include "http/route.h"
#include "security/authorize.h"

struct app;
struct export_part;

extern const struct export_part keys_export;
extern const struct route keys_routes[];
extern const struct statement *const keys_statements[]; /* ended by NULL */

/* The authentication middleware's look at the database; worker. ERR_UNAUTHENTICATED: unknown, over, or revoked. */
enum err key_load(struct app *app, const char *key, struct principal *ret_principal) WARN_UNUSED;
/* In a transaction: drops keys that were revoked or ended 90 days ago. */
enum err keys_purge(struct db *tx, struct timestamp now) WARN_UNUSED;

#endif
