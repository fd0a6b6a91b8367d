/* Private to auth/: making accounts, and what is asked of their names, addresses and passwords. Workers. */
#ifndef WEBPLUS_AUTH_ACCOUNTS_H
#define WEBPLUS_AUTH_ACCOUNTS_H

#include "auth/auth_store.h"
#include "security/password.h"

/* In lower case, in the arena. */
char *lower_case(struct arena *arena, const char *text);
/* The keyed hash by which an address is found. */
struct blob email_hash(struct app *app, const char *email, struct arena *arena);

/* Everything that is typed when an account is made. */
struct account_input {
	const char *username;
	const char *email;
	const char *password;
};

/* Hashes the password, which must have been accepted. */
enum err account_make(struct app *app, const struct account_input *input, const char *role,
		      struct arena *arena, struct account *ret_account) WARN_UNUSED;

/*
 * ERR_OK: what was typed is the password of this hash; ERR_UNAUTHENTICATED: not. An accent may be typed either way: the
 * form that passwords are hashed in is tried, then what was typed, since older hashes are of that. `hash` NULL: the same
 * work, and refused.
 */
enum err password_compare(struct arena *arena, const char *typed, const char *hash) WARN_UNUSED;

#endif
