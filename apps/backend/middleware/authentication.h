/*
 * Who asks: turns the access token of a request into its principal, and holds the request to its route's `access`.
 *
 * A token is verified once, on a worker: its signature, and its session in the database. After that it is known by its
 * hash and answered from memory, on the loop, until it expires, its session ends, or there are too many.
 * Every function may be called from any thread.
 */
#ifndef WEBPLUS_MIDDLEWARE_AUTHENTICATION_H
#define WEBPLUS_MIDDLEWARE_AUTHENTICATION_H

#include "http/server.h"
#include "security/authorize.h"
#include "security/jwt.h"

struct authentication;

/* Worker: fills in what the session and its account say. ERR_UNAUTHENTICATED if the session is over. */
typedef enum err (*session_loader)(struct app *app, const struct claims *claims,
				   struct principal *ret_principal);
/* Worker: the same for an API key, with `expires_ms`. */
typedef enum err (*key_loader)(struct app *app, const char *key, struct principal *ret_principal);

/* API keys begin with this, and JWTs do not. */
#define API_KEY_PREFIX "wp_"

struct authentication *authentication_create(struct app *app, session_loader load_session,
					     key_loader load_key);
void authentication_destroy(struct authentication *authentication);

/*
 * The one credential of a request, from whichever header it comes (Authorization, X-API-Key, or a sub-protocol
 * "bearer.TOKEN" of a WebSocket, since a browser cannot set headers there), so that whatever holds for one way holds for the
 * other: NULL: it has none; "", which nobody holds: it has two different ones. In the request's memory. Never from the URL.
 */
const char *authentication_credential(struct request *request);
/* On the loop: whose credential it is, where that was looked up before; NULL: it was not. In the request's memory. */
const struct principal *authentication_known(struct request *request);
/* What its access token says, if this installation signed it and it has not expired; its session may be over. */
bool authentication_claims(struct request *request, struct claims *ret_claims);
/* On a worker: who holds this token? ERR_UNAUTHENTICATED for nobody. */
enum err authentication_check(struct authentication *authentication, const char *token,
			      struct principal *ret_principal) WARN_UNUSED;
/* Whether the request's principal may still do what it might when it was admitted. */
bool authentication_stands(struct request *request);
/* On a worker, on a public route: sets the principal if the request has a good token, and does nothing otherwise. */
void authentication_identify(struct request *request);
/* ERR_FORBIDDEN, and the reply says why, where the principal is an API key: for what would outlive it. Any thread. */
enum err authentication_require_person(struct request *request) WARN_UNUSED;
/*
 * What is known of this account's credentials (NULL: of everybody's), or of this session or API key of it (NULL: of all of
 * them), is not true any more: they are looked at anew.
 */
void authentication_forget(struct authentication *authentication, const char *account_id,
			   const char *session_id);

extern const struct middleware authentication_middleware;

#endif
