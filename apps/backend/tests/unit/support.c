#include "support.h"

#include "support_postgres.h"

#include "auth/auth_store.h"
#include "db/migrate.h"
#include "db/sqlite_connection.h"

#include <errno.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_SECONDS = 20 };

void home_make(struct home *home)
{
	const char *reason = "", *engine = getenv("WEBPLUS_TEST_ENGINE");
	char key[128];

	*home = (struct home){ .folder = "/tmp/webplus-unit-XXXXXX" };
	assert_true(sodium_init() >= 0);
	assert_non_null(mkdtemp(home->folder));
	arena_init(&home->arena);
	snprintf(key, sizeof(key), "%s/master.key", home->folder);
	assert_int_equal(keyring_open(NULL, key, &home->keyring, &reason), ERR_OK);
	home->options = (struct db_options){ .folder = home->folder,
					     .readers = 3,
					     .keyring = home->keyring };
	if (engine && strcmp(engine, "postgres") == 0)
		home_make_postgres(home, "UTF8");
}

void home_open(struct home *home)
{
	const char *reason = "";

	if (migrate_to(&home->options, MIGRATE_LATEST, &home->arena, &reason) != ERR_OK ||
	    db_open(&home->options, &home->arena, &home->db, &reason) != ERR_OK)
		fail_msg("%s", reason);
}

void home_close(struct home *home)
{
	db_close(home->db);
	home->db = NULL;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

void home_remove(struct home *home)
{
	home_close(home);
	if (home->options.url)
		home_drop_postgres(home);
	keyring_destroy(home->keyring);
	arena_finish(&home->arena);
	nftw(home->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static sqlite3 *connect_beside(struct home *home)
{
	char path[SQLITE_PATH_SIZE];
	sqlite3 *handle;

	sqlite_path(&home->options, path);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, WAIT_SECONDS * 1000);
	return handle;
}

void home_sql(struct home *home, const char *sql)
{
	sqlite3 *handle;

	if (home->options.url) {
		free(postgres_sql(home->options.url, sql));
		return;
	}
	handle = connect_beside(home);
	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sqlite3_errmsg(handle), sql);
	sqlite3_close(handle);
}

int64_t home_number(struct home *home, const char *sql)
{
	sqlite3 *handle;
	sqlite3_stmt *row;
	int64_t number;

	if (home->options.url) {
		char *text = postgres_sql(home->options.url, sql);

		assert_non_null(text);
		number = strtoll(text, NULL, 10);
		free(text);
		return number;
	}
	handle = connect_beside(home);
	if (sqlite3_prepare_v2(handle, sql, -1, &row, NULL) != SQLITE_OK ||
	    sqlite3_step(row) != SQLITE_ROW)
		fail_msg("%s: %s", sqlite3_errmsg(handle), sql);
	number = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(handle);
	return number;
}

static bool file_holds(const char *path, const char *bytes)
{
	FILE *file = fopen(path, "rb");
	struct buf whole;
	char *room;
	bool held;

	if (!file)
		return false;
	buf_init(&whole, 64 << 20);
	while ((room = buf_reserve(&whole, 65536)) != NULL && !feof(file))
		buf_commit(&whole, fread(room, 1, 65536, file));
	held = whole.length > 0 && memmem(whole.data, whole.length, bytes, strlen(bytes)) != NULL;
	buf_finish(&whole);
	fclose(file);
	return held;
}

bool home_holds_bytes(struct home *home, const char *bytes)
{
	char path[SQLITE_PATH_SIZE], log[SQLITE_PATH_SIZE + 8];

	if (home->options.url)
		return postgres_holds_bytes(home, bytes);
	sqlite_path(&home->options, path);
	snprintf(log, sizeof(log), "%s-wal", path);
	return file_holds(path, bytes) || file_holds(log, bytes);
}

void wait_for(sem_t *semaphore)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_SECONDS;
	while (sem_timedwait(semaphore, &end) != 0)
		if (errno != EINTR)
			fail_msg("waited in vain");
}

struct principal home_account(struct home *home, const char *username)
{
	struct principal principal = { .role = ROLE_USER,
				       .permissions = builtin_role_find(ROLE_USER)->permissions };
	struct account account = { .id = principal.user_id,
				   .username = username,
				   .email = "somebody@example.org",
				   .email_hash = { username, strlen(username) },
				   .password_hash = "none",
				   .role = ROLE_USER,
				   .created_at = { 1 } };
	const char *taken;

	id_make(principal.user_id);
	id_make(principal.session_id);
	assert_int_equal(account_insert(home->db, &account, &taken), ERR_OK);
	return principal;
}

/* ---- A disk that fails ---- */

const char *const failing_vfs = "failing";
atomic_int failing_syncs, failing_opens;

static sqlite3_vfs vfs;
static sqlite3_io_methods log_methods;
static int (*real_sync)(sqlite3_file *file, int flags);

static int sync_or_fail(sqlite3_file *file, int flags)
{
	if (atomic_load(&failing_syncs) > 0) {
		atomic_fetch_sub(&failing_syncs, 1);
		return SQLITE_IOERR_FSYNC;
	}
	return real_sync(file, flags);
}

/* The log's methods are the default ones but for its sync. */
static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	sqlite3_vfs *real = self->pAppData;
	int code;

	if ((flags & SQLITE_OPEN_MAIN_DB) && atomic_load(&failing_opens) > 0) {
		atomic_fetch_sub(&failing_opens, 1);
		file->pMethods = NULL;
		return SQLITE_CANTOPEN;
	}
	code = real->xOpen(real, name, file, flags, ret_flags);
	if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
		log_methods = *file->pMethods;
		real_sync = log_methods.xSync;
		log_methods.xSync = sync_or_fail;
		file->pMethods = &log_methods;
	}
	return code;
}

void failing_vfs_register(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (vfs.zName)
		return;
	vfs = *real;
	vfs.zName = failing_vfs;
	vfs.pAppData = real;
	vfs.xOpen = open_file;
	assert_int_equal(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
}
