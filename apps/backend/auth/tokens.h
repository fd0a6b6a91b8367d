/* Private to auth/: opening, renewing and ending sessions. Workers. */
#ifndef WEBPLUS_AUTH_TOKENS_H
#define WEBPLUS_AUTH_TOKENS_H

#include "audit/audit.h"
#include "auth/auth_store.h"
#include "http/request.h"

/*
 * Behind https the cookie has a name that browsers take from this very host alone, by https (RFC 6265bis, "__Host-"): no
 * other host of the site can set one beside it.
 */
#define REFRESH_HOST_COOKIE "__Host-webplus_refresh"
#define REFRESH_COOKIE "webplus_refresh"
#define REFRESH_PATH "/api/v1/auth"

/* What signing in answers. */
struct session_reply {
	const char *access_token;
	const char *token_type;
	int64_t expires_in;
	struct account user;
	struct texts permissions;
};

extern const struct schema session_reply_schema;

/* A session that is about to be opened: made first, written in the transaction of what it goes with, then answered. */
struct session_opening {
	struct session session;
	char id[ID_SIZE], token[SECRET_TOKEN_SIZE], hash[SECRET_HASH_SIZE];
};

void session_opening_make(struct request *request, const char *account_id,
			  struct session_opening *opening);
/* In a transaction; with a row of the audit log. */
enum err session_opening_write(struct request *request, struct db *tx,
			       const struct session_opening *opening,
			       enum audit_action action) WARN_UNUSED;
/* Sets the refresh cookie and fills the reply. */
enum err session_opening_answer(struct request *request, const struct session_opening *opening,
				const struct account *account,
				struct session_reply *reply) WARN_UNUSED;

/* Exchanges the request's refresh cookie. */
enum err session_renew(struct request *request, struct session_reply *reply) WARN_UNUSED;
/* Ends the session of the request's cookie or access token, if there is one, and clears the cookie. */
enum err session_close(struct request *request) WARN_UNUSED;
void refresh_cookie_clear(struct request *request);
bool refresh_cookie_is_there(struct request *request);
/* Whose session it is that the request's refresh cookie was made for, here; it may be over. */
bool refresh_cookie_proves(struct request *request, struct claims *ret_claims);

#endif
