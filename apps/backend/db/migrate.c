#include "db/migrate.h"

#include "base/clock.h"
#include "db/admin.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { CHECKSUM_BYTES = 16, CHECKSUM_SIZE = CHECKSUM_BYTES * 2 + 1 };

/* One run of this file. */
struct migrator {
	struct admin *admin;
	struct arena *arena;
	const char **reason;
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

static enum err refused(struct migrator *migrator, enum err err)
{
	if (err != ERR_OK)
		*migrator->reason =
			arena_printf(migrator->arena, "the database refused a migration: %s",
				     migrator->admin->engine->reason(migrator->admin));
	return err;
}

static enum err begin(struct migrator *migrator)
{
	return refused(migrator, migrator->admin->engine->begin(migrator->admin, ADMIN_ALONE));
}

static enum err script(struct migrator *migrator, const char *sql)
{
	return refused(migrator, migrator->admin->engine->script(migrator->admin, sql));
}

/* Ends what `begin` opened: for good, or as if it had never been. */
static enum err end(struct migrator *migrator, enum err err)
{
	if (err == ERR_OK)
		err = script(migrator, "COMMIT");
	if (err != ERR_OK)
		(void)!migrator->admin->engine->script(migrator->admin, "ROLLBACK");
	return err;
}

static void checksum(const char *text, char hex[static CHECKSUM_SIZE])
{
	unsigned char hash[CHECKSUM_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
	sodium_bin2hex(hex, CHECKSUM_SIZE, hash, sizeof(hash));
}

/* ---- The record of steps ---- */

struct applied {
	int number;
	const char *name;
	const char *checksum;
	struct timestamp applied_at;
};

static const struct field applied_fields[] = {
	FIELD(struct applied, number, .doc = "Of the step."),
	FIELD(struct applied, name, .doc = "Of the step."),
	FIELD(struct applied, checksum, .doc = "Of its way up, so that it is known again."),
	FIELD(struct applied, applied_at, .doc = "When."),
	{ 0 },
};

static const struct schema applied_schema =
	SCHEMA(struct applied, applied_fields, .name = "AppliedMigration",
	       .table = "schema_migration", .key = { "number" });

static const struct statement select_applied = {
	"SELECT {columns} FROM schema_migration ORDER BY number", &applied_schema
};
static const struct statement delete_applied = { "DELETE FROM schema_migration WHERE number = $1",
						 NULL };

/* A step that was applied is the one we know under its number. */
static enum err check_step(struct migrator *migrator, int expected, const struct applied *step)
{
	char known[CHECKSUM_SIZE];

	if (step->number != expected)
		return refuse(migrator, "the database has step %d applied, but not step %d",
			      step->number, expected);
	if ((size_t)step->number > migrations_count)
		return refuse(migrator,
			      "the database was shaped by a newer version (step %d, %s); this one "
			      "knows %zu steps. "
			      "Install that version again, or restore a backup.",
			      step->number, step->name, migrations_count);
	checksum(migrations[expected - 1].up, known);
	if (strcmp(step->name, migrations[expected - 1].name) != 0 ||
	    strcmp(step->checksum, known) != 0)
		return refuse(
			migrator,
			"step %d of the database (%s) is not the one that this version knows (%s)",
			step->number, step->name, migrations[expected - 1].name);
	return ERR_OK;
}

/* Within a transaction. */
static enum err read_applied(struct migrator *migrator, int *ret_applied)
{
	const struct applied *steps;
	struct array rows;
	enum err err = script(migrator, "CREATE TABLE IF NOT EXISTS schema_migration ("
					"number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
					"checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)");

	if (err != ERR_OK)
		return err;
	if (db_all(&migrator->admin->db, &select_applied, ARGS_NONE, migrator->arena, &rows) !=
	    ERR_OK)
		return refuse(migrator, "the record of migrations is damaged: %s",
			      migrator->admin->engine->reason(migrator->admin));
	steps = rows.items;
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++)
		err = check_step(migrator, (int)i + 1, &steps[i]);
	*ret_applied = (int)rows.count;
	return err;
}

/* The same in a transaction of its own. */
static enum err look_at_applied(struct migrator *migrator, int *ret_applied)
{
	enum err err = begin(migrator);

	return err == ERR_OK ? end(migrator, read_applied(migrator, ret_applied)) : err;
}

static enum err record_step(struct migrator *migrator, const struct migration *migration, bool up)
{
	struct db *db = &migrator->admin->db;
	char sum[CHECKSUM_SIZE];
	struct applied step = { .number = migration->number,
				.name = migration->name,
				.checksum = sum,
				.applied_at = clock_now() };
	enum err err;

	checksum(migration->up, sum);
	err = up ? db_insert(db, &applied_schema, &step)
		 : db_exec(db, &delete_applied, ARGS(migration->number), NULL);
	return err == ERR_OK ? ERR_OK
			     : refuse(migrator, "the record of migrations cannot be written");
}

/* ---- Steps ---- */

static enum err run_step(struct migrator *migrator, const struct migration *migration, bool up)
{
	enum err err = script(migrator, up ? migration->up : migration->down);

	return err == ERR_OK ? record_step(migrator, migration, up) : err;
}

/* One step towards `target`, in one transaction, while no other does; *ret_applied is where that leads. */
static enum err step_towards(struct migrator *migrator, int target, int *ret_applied)
{
	int applied = 0;
	enum err err = begin(migrator);

	if (err != ERR_OK)
		return err;
	err = read_applied(migrator, &applied);
	if (err == ERR_OK && applied < target)
		err = run_step(migrator, &migrations[applied++], true);
	else if (err == ERR_OK && applied > target)
		err = run_step(migrator, &migrations[--applied], false);
	*ret_applied = applied;
	return end(migrator, err);
}

static enum err migrate_connected(struct migrator *migrator, int target)
{
	struct admin *admin = migrator->admin;
	int applied = 0;
	enum err err = look_at_applied(migrator, &applied);

	if (err == ERR_OK && applied > 0 && applied != target && admin->engine->back_up)
		err = admin->engine->back_up(admin, applied, migrator->arena, migrator->reason);
	while (err == ERR_OK && applied != target)
		err = step_towards(migrator, target, &applied);
	return err;
}

static enum err print_steps(struct migrator *migrator, FILE *out)
{
	int applied = 0;
	enum err err = look_at_applied(migrator, &applied);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < migrations_count; i++)
		fprintf(out, "%04d  %-40s %s\n", migrations[i].number, migrations[i].name,
			(int)i < applied ? "applied" : "not applied");
	return ERR_OK;
}

/* ---- From outside ---- */

enum err admin_open(const struct db_options *options, struct arena *arena, struct admin **ret_admin,
		    const char **ret_reason)
{
	return is_postgres(options) ? postgres_admin_open(options, arena, ret_admin, ret_reason)
				    : sqlite_admin_open(options, arena, ret_admin, ret_reason);
}

enum err migrate_to(const struct db_options *options, int target, struct arena *arena,
		    const char **ret_reason)
{
	struct migrator migrator = { .arena = arena, .reason = ret_reason };
	enum err err = admin_open(options, arena, &migrator.admin, ret_reason);

	if (err != ERR_OK)
		return err;
	if (target == MIGRATE_LATEST)
		target = (int)migrations_count;
	if (target < 0 || (size_t)target > migrations_count)
		err = refuse(&migrator, "there is no step %d", target);
	else
		err = migrate_connected(&migrator, target);
	migrator.admin->engine->close(migrator.admin);
	return err;
}

enum err migrate_applied(const struct db_options *options, struct arena *arena, int *ret_applied,
			 const char **ret_reason)
{
	struct migrator migrator = { .arena = arena, .reason = ret_reason };
	int applied = 0;
	enum err err;

	*ret_applied = 0;
	if (!is_postgres(options) && !sqlite_exists(options))
		return ERR_OK;
	err = admin_open(options, arena, &migrator.admin, ret_reason);
	if (err != ERR_OK)
		return err;
	err = begin(&migrator);
	if (err == ERR_OK) {
		err = read_applied(&migrator, &applied);
		(void)!migrator.admin->engine->script(migrator.admin, "ROLLBACK");
	}
	migrator.admin->engine->close(migrator.admin);
	*ret_applied = applied;
	return err;
}

enum err migrate_check(const struct db_options *options, struct arena *arena,
		       const char **ret_reason)
{
	int applied;
	enum err err = migrate_applied(options, arena, &applied, ret_reason);

	if (err != ERR_OK || (size_t)applied == migrations_count)
		return err;
	*ret_reason =
		applied ? arena_printf(
				  arena,
				  "the database stands at step %d of %zu: run `webplus migrate up`",
				  applied, migrations_count)
			: "there is no database to read, or it is empty";
	return ERR_CORRUPT;
}

enum err migrate_status(const struct db_options *options, FILE *out, struct arena *arena,
			const char **ret_reason)
{
	struct migrator migrator = { .arena = arena, .reason = ret_reason };
	enum err err = admin_open(options, arena, &migrator.admin, ret_reason);

	if (err == ERR_OK) {
		err = print_steps(&migrator, out);
		migrator.admin->engine->close(migrator.admin);
	}
	return err;
}
