/*
 * A device from which an account was signed in before: a cookie says so, which outlives the session and its end. It opens
 * nothing; attempts to sign in to that account from there are counted for themselves, so that whoever guesses at it, from
 * the same address too, does not keep its owner out.
 *
 * The cookie holds the account's id, a random name of the device, and a keyed hash of both: nothing is stored. A device has
 * one, of the account that was signed in there last. Any thread.
 */
#ifndef WEBPLUS_MIDDLEWARE_KNOWN_DEVICE_H
#define WEBPLUS_MIDDLEWARE_KNOWN_DEVICE_H

#include "base/id.h"

#include <stdbool.h>

struct request;

enum { DEVICE_NAME_SIZE = 33 };

struct known_device {
	char account_id[ID_SIZE];
	char name[DEVICE_NAME_SIZE];
};

/* Whether the request comes from one, that this account knows; NULL: that any does. */
bool known_device_read(struct request *request, const char *account_id,
		       struct known_device *ret_device);
/* The reply makes it one, or goes on with what it is. */
void known_device_set(struct request *request, const char *account_id);
/* The reply ends that, as when the account is deleted. */
void known_device_clear(struct request *request);

#endif
