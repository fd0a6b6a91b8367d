/*
 * Private to auth/: which attempts to sign in are let through to the password. Workers.
 */
#ifndef WEBPLUS_AUTH_SIGN_IN_H
#define WEBPLUS_AUTH_SIGN_IN_H

#include "auth/auth.h"

/*
 * Before the password is looked at, which costs more than the guess. `name` is what was typed, a user name or an e-mail
 * address, in lower case; `account` is empty where there is none of it.
 * ERR_TOO_MANY: the reply says how long to wait. *ret_place, in the arena or NULL, is for sign_in_succeeded.
 */
enum err sign_in_admit(struct request *request, const struct account *account, const char *name,
		       const char **ret_place) WARN_UNUSED;
/* The same of somebody who is signed in, or has a key, and is asked for the password again. */
enum err sign_in_admit_again(struct request *request, const struct account *account,
			     const char **ret_place) WARN_UNUSED;
/* The password was right. */
void sign_in_succeeded(struct request *request, const char *name, const char *place);

#endif
