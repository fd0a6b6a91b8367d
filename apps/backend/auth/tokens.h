/* Private to auth/: opening, renewing and ending sessions. Workers. */
#ifndef WEBPLUS_AUTH_TOKENS_H
#define WEBPLUS_AUTH_TOKENS_H

#include "auth/auth_store.h"
#include "http/request.h"

/* What signing in answers. */
struct session_reply {
	const char *access_token;
	const char *token_type;
	int64_t expires_in;
	struct account user;
};

extern const struct schema session_reply_schema;

/* Opens a session for the account, and sets the refresh cookie. */
enum err session_open(struct request *request, const struct account *account,
		      struct session_reply *reply) WARN_UNUSED;
/* Exchanges the request's refresh cookie. */
enum err session_renew(struct request *request, struct session_reply *reply) WARN_UNUSED;
/* Ends the session of the request's cookie or access token, if there is one, and clears the cookie. */
enum err session_close(struct request *request) WARN_UNUSED;

#endif
