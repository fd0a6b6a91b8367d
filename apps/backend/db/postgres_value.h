/*
 * Private to db/: values on their way to PostgreSQL and back, in its binary format.
 *
 * The server says which type it takes for a parameter and gives for a column; a value that does not fit is a mistake
 * of the statement. Any thread, of what belongs to it.
 */
#ifndef WEBPLUS_DB_POSTGRES_VALUE_H
#define WEBPLUS_DB_POSTGRES_VALUE_H

#include "db/engine.h"

#include <libpq-fe.h>

enum { POSTGRES_PARAMETERS_MAX = COLUMNS_MAX };

/* As libpq wants them; what they point at are the values themselves, or `scalars`. */
struct postgres_parameters {
	const char *values[POSTGRES_PARAMETERS_MAX];
	int lengths[POSTGRES_PARAMETERS_MAX];
	int formats[POSTGRES_PARAMETERS_MAX];
	unsigned char scalars[POSTGRES_PARAMETERS_MAX][8];
};

/* ERR_INTERNAL: parameter `index` takes no such value. */
enum err postgres_encode(struct postgres_parameters *parameters, int index, Oid type,
			 const struct db_value *value) WARN_UNUSED;

/* Whether cells of the type can be decoded. */
bool postgres_type_known(Oid type);
/* A cell of a result in binary format; texts and blobs live as long as it does. */
struct db_value postgres_decode(const PGresult *result, int row, int column, Oid type);

#endif
