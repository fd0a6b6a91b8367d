#include "db/migrate.h"

#include "base/clock.h"
#include "db/sqlite_connection.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CHECKSUM_BYTES = 16, CHECKSUM_SIZE = CHECKSUM_BYTES * 2 + 1 };

/* One run of this file. */
struct migrator {
	const struct db_options *options;
	struct arena *arena;
	const char **reason;
	struct sqlite_connection connection;
};

static enum err refuse(struct migrator *migrator, const char *format, ...) PRINTF_LIKE(2, 3);
static enum err refuse(struct migrator *migrator, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*migrator->reason = arena_vprintf(migrator->arena, format, args);
	va_end(args);
	return ERR_CORRUPT;
}

static enum err script(struct migrator *migrator, const char *sql)
{
	enum err err = sqlite_script(&migrator->connection, sql);

	if (err != ERR_OK)
		*migrator->reason =
			arena_printf(migrator->arena, "the database refused a migration: %s",
				     sqlite3_errmsg(migrator->connection.handle));
	return err;
}

static void checksum(const char *text, char hex[static CHECKSUM_SIZE])
{
	unsigned char hash[CHECKSUM_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
	sodium_bin2hex(hex, CHECKSUM_SIZE, hash, sizeof(hash));
}

/* ---- The record of steps ---- */

/* A step that was applied is the one we know under its number. */
static enum err check_step(struct migrator *migrator, int expected, sqlite3_stmt *row)
{
	int number = sqlite3_column_int(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *sum = (const char *)sqlite3_column_text(row, 2);
	char known[CHECKSUM_SIZE];

	if (number != expected)
		return refuse(migrator, "the database has step %d applied, but not step %d", number,
			      expected);
	if ((size_t)number > migrations_count)
		return refuse(migrator,
			      "the database was shaped by a newer version (step %d, %s); this one "
			      "knows %zu steps. "
			      "Install that version again, or restore a backup.",
			      number, name, migrations_count);
	checksum(migrations[number - 1].up, known);
	if (strcmp(name, migrations[number - 1].name) != 0 || strcmp(sum, known) != 0)
		return refuse(
			migrator,
			"step %d of the database (%s) is not the one that this version knows (%s)",
			number, name, migrations[number - 1].name);
	return ERR_OK;
}

static enum err read_applied(struct migrator *migrator, int *ret_applied)
{
	sqlite3_stmt *row;
	int applied = 0;
	enum err err = script(
		migrator, "CREATE TABLE IF NOT EXISTS schema_migration ("
			  "number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
			  "applied_at INTEGER NOT NULL)");

	if (err != ERR_OK)
		return err;
	if (sqlite3_prepare_v2(
		    migrator->connection.handle,
		    "SELECT number, name, checksum FROM schema_migration ORDER BY number", -1, &row,
		    NULL) != SQLITE_OK)
		return refuse(migrator, "the record of migrations is damaged: %s",
			      sqlite3_errmsg(migrator->connection.handle));
	while (err == ERR_OK && sqlite3_step(row) == SQLITE_ROW)
		err = check_step(migrator, ++applied, row);
	sqlite3_finalize(row);
	*ret_applied = applied;
	return err;
}

static enum err record_step(struct migrator *migrator, const struct migration *migration, bool up)
{
	const char *sql = up ? "INSERT INTO schema_migration VALUES (?1, ?2, ?3, ?4)"
			     : "DELETE FROM schema_migration WHERE number = ?1";
	char sum[CHECKSUM_SIZE];
	sqlite3_stmt *row;
	int code;

	checksum(migration->up, sum);
	if (sqlite3_prepare_v2(migrator->connection.handle, sql, -1, &row, NULL) != SQLITE_OK)
		return refuse(migrator, "the record of migrations cannot be written");
	sqlite3_bind_int(row, 1, migration->number);
	if (up) {
		sqlite3_bind_text(row, 2, migration->name, -1, SQLITE_STATIC);
		sqlite3_bind_text(row, 3, sum, -1, SQLITE_STATIC);
		sqlite3_bind_int64(row, 4, clock_now().ms);
	}
	code = sqlite3_step(row);
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? ERR_OK
				   : refuse(migrator, "the record of migrations cannot be written");
}

/* ---- Backup ---- */

static enum err verify_backup(struct migrator *migrator, const char *path)
{
	sqlite3 *backup;
	sqlite3_stmt *row = NULL;
	bool good =
		sqlite3_open_v2(path, &backup, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(backup, "PRAGMA quick_check(1)", -1, &row, NULL) == SQLITE_OK &&
		sqlite3_step(row) == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;

	sqlite3_finalize(row);
	sqlite3_close(backup);
	return good ? ERR_OK
		    : refuse(migrator, "the backup %s could not be verified; nothing was migrated",
			     path);
}

/* A copy as it was before step `applied` + 1, in the folder `backups`. */
static enum err back_up(struct migrator *migrator, int applied)
{
	const char *folder = arena_printf(migrator->arena, "%s/backups", migrator->options->folder);
	const char *path = arena_printf(migrator->arena, "%s/webplus-step-%04d-%lld.db", folder,
					applied, (long long)clock_now().ms);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	enum err err;

	if (!sql)
		return ERR_INTERNAL;
	(void)mkdir(folder, 0700); /* where it fails, VACUUM INTO does */
	err = script(migrator, sql);
	sqlite3_free(sql);
	return err == ERR_OK ? verify_backup(migrator, path) : err;
}

/* ---- Steps ---- */

static enum err run_step(struct migrator *migrator, const struct migration *migration, bool up)
{
	enum err err = script(migrator, up ? migration->up : migration->down);

	return err == ERR_OK ? record_step(migrator, migration, up) : err;
}

/* One step towards `target`, in one transaction, under SQLite's write lock; *ret_applied is where that leads. */
static enum err step_towards(struct migrator *migrator, int target, int *ret_applied)
{
	int applied;
	enum err err = script(migrator, "BEGIN IMMEDIATE");

	if (err != ERR_OK)
		return err;
	err = read_applied(migrator, &applied);
	if (err == ERR_OK && applied < target)
		err = run_step(migrator, &migrations[applied++], true);
	else if (err == ERR_OK && applied > target)
		err = run_step(migrator, &migrations[--applied], false);
	if (err == ERR_OK)
		err = script(migrator, "COMMIT");
	if (err != ERR_OK)
		(void)!sqlite_script(&migrator->connection, "ROLLBACK");
	*ret_applied = applied;
	return err;
}

static enum err migrate_connected(struct migrator *migrator, int target)
{
	int applied = 0;
	enum err err = read_applied(migrator, &applied);

	if (err == ERR_OK && applied > 0 && applied != target)
		err = back_up(migrator, applied);
	while (err == ERR_OK && applied != target)
		err = step_towards(migrator, target, &applied);
	return err;
}

static enum err print_steps(struct migrator *migrator, FILE *out)
{
	int applied = 0;
	enum err err = read_applied(migrator, &applied);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < migrations_count; i++)
		fprintf(out, "%04d  %-40s %s\n", migrations[i].number, migrations[i].name,
			(int)i < applied ? "applied" : "not applied");
	return ERR_OK;
}

/* ---- From outside ---- */

static enum err connect_migrator(struct migrator *migrator)
{
	*migrator->reason = "the database could not be migrated";
	return sqlite_connect(migrator->options, SQLITE_WRITER, &migrator->connection,
			      migrator->arena, migrator->reason);
}

enum err migrate_to(const struct db_options *options, int target, struct arena *arena,
		    const char **ret_reason)
{
	struct migrator migrator = { .options = options, .arena = arena, .reason = ret_reason };
	enum err err = connect_migrator(&migrator);

	if (err != ERR_OK)
		return err;
	if (target == MIGRATE_LATEST)
		target = (int)migrations_count;
	if (target < 0 || (size_t)target > migrations_count)
		err = refuse(&migrator, "there is no step %d", target);
	else
		err = migrate_connected(&migrator, target);
	sqlite_disconnect(&migrator.connection);
	return err;
}

enum err migrate_status(const struct db_options *options, FILE *out, struct arena *arena,
			const char **ret_reason)
{
	struct migrator migrator = { .options = options, .arena = arena, .reason = ret_reason };
	enum err err = connect_migrator(&migrator);

	if (err == ERR_OK) {
		err = print_steps(&migrator, out);
		sqlite_disconnect(&migrator.connection);
	}
	return err;
}
