#include "db/postgres_fault.h"

#include <string.h>

/* SQLSTATE (appendix A of PostgreSQL's manual), the longest prefix first. */
static const struct postgres_fault_row rows[] = {
	{ "23", ERR_CONFLICT, POSTGRES_CONFLICT },
	{ "40001", ERR_UNAVAILABLE, POSTGRES_RETRY }, /* serialisation */
	{ "40P01", ERR_UNAVAILABLE, POSTGRES_RETRY }, /* deadlock */
	{ "53100", ERR_DISK_FULL, POSTGRES_BROKEN },
	{ "53", ERR_UNAVAILABLE, POSTGRES_BROKEN },    /* too many connections, no memory */
	{ "55P03", ERR_UNAVAILABLE, POSTGRES_BROKEN }, /* a lock that is not to be had */
	{ "57014", ERR_CANCELLED, POSTGRES_BROKEN },
	{ "57P", ERR_UNAVAILABLE, POSTGRES_LOST }, /* shutting down, starting, crashed */
	{ "08", ERR_UNAVAILABLE, POSTGRES_LOST },
	{ "25P03", ERR_UNAVAILABLE, POSTGRES_LOST }, /* idle too long in a transaction */
	{ "28", ERR_UNAVAILABLE, POSTGRES_LOST },    /* not let in any more */
	/* The tables changed under a prepared statement, or the server has become a standby. */
	{ "0A000", ERR_UNAVAILABLE, POSTGRES_LOST },
	{ "XX001", ERR_CORRUPT, POSTGRES_BROKEN },
	{ "XX002", ERR_CORRUPT, POSTGRES_BROKEN },
	{ "", ERR_INTERNAL, POSTGRES_BROKEN },
};

const struct postgres_fault_row *postgres_find_fault(const char *state)
{
	const struct postgres_fault_row *row = rows;

	while (strncmp(row->state, state, strlen(row->state)) != 0)
		row++;
	return row;
}
