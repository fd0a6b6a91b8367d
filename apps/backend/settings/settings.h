/* What administrators set while the server runs. Read from the database when it is asked for. */
#ifndef WEBPLUS_SETTINGS_SETTINGS_H
#define WEBPLUS_SETTINGS_SETTINGS_H

#include "db/database.h"
#include "http/route.h"

enum registration { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED };

struct settings {
	enum registration registration; /* who may make an account; at first: closed */
};

extern const char *const registration_words[];

/* Any thread that may use the database, or in a transaction. */
enum err settings_read(struct db *db, struct settings *ret_settings) WARN_UNUSED;

extern const struct route settings_routes[];
extern const struct statement *const settings_statements[]; /* ended by NULL */

#endif
