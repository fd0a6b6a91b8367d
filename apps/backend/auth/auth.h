/*
 * Accounts and sessions: who there is, how they sign in, how long that lasts.
 *
 * Signing in opens a session, which has a line of refresh tokens, each good once, and short-lived access tokens. A used
 * refresh token that comes again ends the session. Ending a session takes its access tokens and sockets with it.
 */
#ifndef WEBPLUS_AUTH_AUTH_H
#define WEBPLUS_AUTH_AUTH_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/route.h"
#include "schema/schema.h"
#include "security/authorize.h"
#include "security/jwt.h"

struct app;
struct setup;

extern const struct route auth_routes[];
extern const struct statement *const auth_statements[]; /* ended by NULL */

/*
 * The one-time set-up link. While there is no account, its token creates the first administrator. A new one is drawn at
 * each start; it is never stored.
 */
struct setup *setup_create(struct app *app);
void setup_destroy(struct setup *setup);
/* NULL when the installation has an account. */
const char *setup_token(const struct setup *setup);

/* A new account; worker or command. ERR_CONFLICT: the name or the address is taken, *ret_reason says which. */
enum err account_create(struct app *app, const char *username, const char *email,
			const char *password, enum role role, struct arena *arena,
			const char **ret_reason) WARN_UNUSED;

/* The authentication middleware's look at the database. */
enum err session_load(struct app *app, const struct claims *claims,
		      struct principal *ret_principal) WARN_UNUSED;

#endif
