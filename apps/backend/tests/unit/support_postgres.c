#include "support_postgres.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 /* as meson wants it */ };

static const char *administrator(void)
{
	const char *url = getenv("WEBPLUS_TEST_POSTGRES");

	if (!url)
		exit(SKIPPED);
	return url;
}

char *postgres_sql(const char *url, const char *sql)
{
	PGconn *handle = PQconnectdb(url);
	PGresult *result = PQexec(handle, sql);
	ExecStatusType status = PQresultStatus(result);
	char *first = NULL;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", PQerrorMessage(handle), sql);
	if (PQntuples(result) > 0)
		first = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(handle);
	return first;
}

/* By the random end of the folder's name. */
static const char *name_of(struct home *home)
{
	return arena_printf(&home->arena, "webplus_%s", strrchr(home->folder, '-') + 1);
}

void home_make_postgres(struct home *home, const char *encoding)
{
	const char *url = administrator(), *options = strchr(url, '?');
	const char *slash = strchr(url + strlen("postgresql://"), '/');

	assert_non_null(slash);
	home->options.url = arena_printf(&home->arena, "%.*s/%s%s", (int)(slash - url), url,
					 name_of(home), options ? options : "");
	free(postgres_sql(url, arena_printf(&home->arena,
					    "CREATE DATABASE \"%s\" TEMPLATE template0 "
					    "ENCODING '%s' LOCALE 'C' LOCALE_PROVIDER libc",
					    name_of(home), encoding)));
}

void home_drop_postgres(struct home *home)
{
	free(postgres_sql(
		administrator(),
		arena_printf(&home->arena, "DROP DATABASE \"%s\" WITH (FORCE)", name_of(home))));
}

/* Every row of every table as text, in which blobs stand as hexadecimal digits. */
bool postgres_holds_bytes(struct home *home, const char *bytes)
{
	char *tables = postgres_sql(home->options.url, "SELECT string_agg(tablename, ' ') FROM "
						       "pg_tables WHERE schemaname = 'public'");
	size_t length = strlen(bytes);
	char *hex = sodium_bin2hex(arena_alloc(&home->arena, length * 2 + 1), length * 2 + 1,
				   (const unsigned char *)bytes, length);
	bool held = false;
	char *place = NULL;

	assert_non_null(tables);
	for (char *name = strtok_r(tables, " ", &place); name; name = strtok_r(NULL, " ", &place)) {
		char *rows = postgres_sql(home->options.url,
					  arena_printf(&home->arena,
						       "SELECT string_agg(t::text, ' ') FROM %s t",
						       name));

		held = held || (rows && (strstr(rows, bytes) || strstr(rows, hex)));
		free(rows);
	}
	free(tables);
	return held;
}
