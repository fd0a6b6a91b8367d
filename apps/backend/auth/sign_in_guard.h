/*
 * Guessing passwords costs time that grows: for who guesses one account from one place, and for one account as a whole.
 *
 * A place is an address (an IPv6 one by its /64), or a device that the account was signed in from. Each attempt counts as a
 * failure when it begins, so that a thousand at once are a thousand; one that succeeds is taken back. After some free ones,
 * each doubles the wait, up to a quarter of an hour; an hour without failures forgets them. The wait of an account as a
 * whole does not hold for places from which it was signed in before, nor for the first attempt of a site: nobody can lock
 * somebody else out. A name that is no account is counted the same. An account has two names, its user name and its e-mail
 * address, which are counted apart: else the waits of one would tell whose the other is.
 *
 * The table has a fixed size and is this server's own; sign_in_shared.h counts the same for all servers. Any thread.
 */
#ifndef WEBPLUS_AUTH_SIGN_IN_GUARD_H
#define WEBPLUS_AUTH_SIGN_IN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct sign_in_guard;

enum {
	PLACE_FREE_FAILURES = 5,
	ACCOUNT_FREE_FAILURES = 20,
	SIGN_IN_WAIT_MAX_S = 15 * 60,
	SIGN_IN_FORGET_S = 60 * 60
};

struct sign_in_guard *sign_in_guard_create(void);
void sign_in_guard_destroy(struct sign_in_guard *guard);

/*
 * Counts an attempt from this place and returns 0, or counts nothing and returns how long to wait, in microseconds. `now_us`
 * is monotonic.
 */
int64_t sign_in_guard_begin(struct sign_in_guard *guard, const char *username, const char *place,
			    int64_t now_us);
/* How long this account is to be left alone by places that it does not know. */
int64_t sign_in_guard_account_wait(struct sign_in_guard *guard, const char *username,
				   int64_t now_us);
/* Whether somebody succeeded from there since this server runs. */
bool sign_in_guard_knows(struct sign_in_guard *guard, const char *username, const char *place);
/* Whether nobody has tried from this site for an hour; from now on, somebody has. */
bool sign_in_guard_first(struct sign_in_guard *guard, const char *username, const char *site,
			 int64_t now_us);
/* The attempt was with the right password: the place starts anew. */
void sign_in_guard_succeed(struct sign_in_guard *guard, const char *username, const char *place);

#endif
