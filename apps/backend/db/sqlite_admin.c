#include "base/clock.h"
#include "base/files.h"
#include "base/memory.h"
#include "db/admin.h"
#include "db/sqlite_connection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct sqlite_admin {
	struct admin admin; /* first */
	struct sqlite_connection connection;
	char path[SQLITE_PATH_SIZE];
};

static struct sqlite_admin *own(struct admin *admin)
{
	return CONTAINER_OF(admin, struct sqlite_admin, admin);
}

static enum err run(struct db *db, const struct query *query, struct rows *rows)
{
	struct admin *admin = CONTAINER_OF(db, struct admin, db);

	return sqlite_run(&own(admin)->connection, NULL, query, rows);
}

static const struct engine statements = { .run = run };

static enum err begin(struct admin *admin, enum admin_mode mode)
{
	return sqlite_script(&own(admin)->connection,
			     mode == ADMIN_ALONE ? "BEGIN IMMEDIATE" : "BEGIN");
}

static enum err script(struct admin *admin, const char *sql)
{
	return sqlite_script(&own(admin)->connection, sql);
}

static const char *reason(const struct admin *admin)
{
	return sqlite3_errmsg(
		CONTAINER_OF(admin, const struct sqlite_admin, admin)->connection.handle);
}

/* ---- Backup ---- */

static bool is_sound(const char *path)
{
	sqlite3 *backup;
	sqlite3_stmt *row = NULL;
	bool sound =
		sqlite3_open_v2(path, &backup, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(backup, "PRAGMA quick_check(1)", -1, &row, NULL) == SQLITE_OK &&
		sqlite3_step(row) == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;

	sqlite3_finalize(row);
	sqlite3_close(backup);
	return sound;
}

static enum err vacuum_into(struct admin *admin, const char *path)
{
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	enum err err;

	if (!sql)
		memory_exhausted();
	err = script(admin, sql);
	sqlite3_free(sql);
	return err;
}

static const char partial_mark[] = ".partial-", partial_random[] = "XXXXXX";

/*
 * Empty, which VACUUM INTO takes, and locked for as long as it is open, or somebody would hold it for left behind; where
 * there are no locks, nobody does.
 */
static int make_partial(const char *name, struct arena *arena, char **ret_path)
{
	for (;;) {
		char *path = arena_printf(arena, "%s%s%s", name, partial_mark, partial_random);
		int file = mkostemp(path, O_CLOEXEC);
		struct stat status;

		*ret_path = path;
		if (file < 0)
			return -1;
		if (flock(file, LOCK_EX | LOCK_NB) != 0
			    ? errno != EWOULDBLOCK
			    : fstat(file, &status) == 0 && status.st_nlink > 0)
			return file;
		close(file);
	}
}

static void remove_left_behind(const char *path, struct arena *arena)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return;
	if (flock(file, LOCK_EX | LOCK_NB) == 0) {
		(void)unlink(arena_printf(arena, "%s-journal", path));
		(void)unlink(path);
	}
	close(file);
}

/* Copies that were cut off: a start that is ended again and again in the middle of one would fill the disk. */
static void remove_all_left_behind(const char *folder, struct arena *arena)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		const char *mark = strstr(entry->d_name, partial_mark);

		if (mark && strlen(mark) == strlen(partial_mark) + strlen(partial_random))
			remove_left_behind(arena_printf(arena, "%s/%s", folder, entry->d_name),
					   arena);
	}
	if (entries)
		closedir(entries);
}

/*
 * The copy gets its name when it is whole: two made in the same millisecond are two files until then, and one that was
 * cut off does not pass for a backup. NULL, or why there is none.
 */
static const char *copy_to(struct admin *admin, const char *name, struct arena *arena)
{
	char *partial;
	int file = make_partial(name, arena, &partial);
	const char *problem = NULL;

	if (file < 0)
		return strerror(errno);
	if (vacuum_into(admin, partial) != ERR_OK)
		problem = arena_printf(arena, "%s", reason(admin));
	else if (!is_sound(partial))
		problem = "the copy could not be verified";
	else if (rename(partial, name) != 0)
		problem = strerror(errno);
	if (problem)
		(void)unlink(partial);
	else
		(void)sync_folder_of(name); /* not every file system can */
	close(file);
	return problem;
}

/* In the folder `backups` beside the database. */
static enum err back_up(struct admin *admin, int step, struct arena *arena, const char **ret_reason)
{
	const char *path = own(admin)->path, *slash = strrchr(path, '/');
	const char *folder = arena_printf(arena, "%.*s/backups", slash ? (int)(slash - path) : 1,
					  slash ? path : ".");
	const char *name = arena_printf(arena, "%s/webplus-step-%04d-%lld.db", folder, step,
					(long long)clock_now().ms);
	const char *problem;

	(void)mkdir(folder, 0700); /* where it fails, the copy does */
	remove_all_left_behind(folder, arena);
	problem = copy_to(admin, name, arena);
	if (!problem)
		return ERR_OK;
	*ret_reason =
		arena_printf(arena, "the backup %s could not be made, so nothing was migrated: %s",
			     name, problem);
	return ERR_UNAVAILABLE;
}

static void close_admin(struct admin *admin)
{
	sqlite_disconnect(&own(admin)->connection);
	free(own(admin));
}

static const struct admin_engine engine = {
	.begin = begin,
	.script = script,
	.reason = reason,
	.back_up = back_up,
	.close = close_admin,
};

bool sqlite_exists(const struct db_options *options)
{
	char path[SQLITE_PATH_SIZE];
	struct stat status;

	sqlite_path(options, path);
	return stat(path, &status) == 0 && status.st_size > 0;
}

enum err sqlite_admin_open(const struct db_options *options, struct arena *arena,
			   struct admin **ret_admin, const char **ret_reason)
{
	struct sqlite_admin *admin = MEMORY_NEW(struct sqlite_admin);
	enum err err =
		sqlite_connect(options, SQLITE_WRITER, &admin->connection, arena, ret_reason);

	if (err != ERR_OK) {
		free(admin);
		return err;
	}
	sqlite_path(options, admin->path);
	admin->admin = (struct admin){ .db.engine = &statements, .engine = &engine };
	*ret_admin = &admin->admin;
	return ERR_OK;
}
