/*
 * Private to db/: what PostgreSQL's error codes are to us.
 */
#ifndef WEBPLUS_DB_POSTGRES_FAULT_H
#define WEBPLUS_DB_POSTGRES_FAULT_H

#include "base/err.h"

/* What a failed call means for the transaction that it was in. */
enum postgres_fault {
	POSTGRES_FINE,
	POSTGRES_CONFLICT, /* with a key; perhaps the echo of a transaction beside this one */
	POSTGRES_RETRY,    /* with a transaction beside this one: run it again */
	POSTGRES_LOST, /* the connection is of no use any more, what was sent may or may not be done */
	POSTGRES_BROKEN, /* anything else */
};

struct postgres_fault_row {
	const char *state; /* what the SQLSTATE begins with */
	enum err err;
	enum postgres_fault fault;
};

/* Never NULL: what is not known is ERR_INTERNAL. */
const struct postgres_fault_row *postgres_find_fault(const char *state);

#endif
