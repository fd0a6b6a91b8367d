/*
 * What sign_in_guard.h counts, counted by all servers of an installation together, where there is a Redis: one script, one
 * round trip. When Redis does not answer in time, what this server counted for itself stands.
 *
 * Names and places stand there as keyed hashes: somebody may have typed a password where the name belongs.
 *
 * Workers.
 */
#ifndef WEBPLUS_AUTH_SIGN_IN_SHARED_H
#define WEBPLUS_AUTH_SIGN_IN_SHARED_H

#include <stdbool.h>
#include <stdint.h>

struct request;

enum sign_in_wait_of { WAIT_OF_PLACE, WAIT_OF_ACCOUNT };

/*
 * As sign_in_guard_begin. The wait of the account as a whole holds only where the place is not `known`; *ret_of says which
 * wait it is.
 */
int64_t sign_in_shared_begin(struct request *request, const char *username, const char *place,
			     bool known, enum sign_in_wait_of *ret_of);
void sign_in_shared_succeed(struct request *request, const char *username, const char *place);

#endif
