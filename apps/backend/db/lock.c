#include "db/lock.h"

#include "db/engine.h"
#include "db/sqlite_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLDER_SIZE = 24 };

/* "data/webplus.db" to "data/webplus.lock" */
static const char *lock_path(const struct db_options *options, struct arena *arena)
{
	static const char ending[] = ".db";
	char database[SQLITE_PATH_SIZE];
	size_t length;

	sqlite_path(options, database);
	length = strlen(database);
	if (length >= sizeof(ending) && strcmp(database + length - 3, ending) == 0)
		length -= 3;
	return arena_printf(arena, "%.*s.lock", (int)length, database);
}

/* For people who look for who holds it; what counts is the lock itself. */
static void write_holder(int lock)
{
	char holder[HOLDER_SIZE];
	int length = snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());

	if (ftruncate(lock, 0) == 0)
		(void)!pwrite(lock, holder, (size_t)length, 0);
}

static enum err refuse_held(int lock, const char *path, struct arena *arena,
			    const char **ret_reason)
{
	char holder[HOLDER_SIZE] = "";

	if (pread(lock, holder, sizeof(holder) - 1, 0) < 0)
		holder[0] = '\0';
	holder[strspn(holder, "0123456789")] = '\0';
	*ret_reason = arena_printf(arena,
				   "%s%s is at work here (it holds %s). Stop it, or choose "
				   "another data folder.",
				   *holder ? "process " : "another process", holder, path);
	return ERR_CONFLICT;
}

enum err db_lock_take(const struct db_options *options, struct arena *arena, int *ret_lock,
		      const char **ret_reason)
{
	const char *path;
	enum err err;
	int lock;

	*ret_lock = DB_LOCK_NONE;
	if (is_postgres(options))
		return ERR_OK;
	path = lock_path(options, arena);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
		write_holder(lock);
		*ret_lock = lock;
		return ERR_OK;
	}
	if (lock >= 0 && errno == EWOULDBLOCK) {
		err = refuse_held(lock, path, arena, ret_reason);
	} else {
		*ret_reason = arena_printf(arena, "%s cannot be locked: %s", path, strerror(errno));
		err = ERR_UNAVAILABLE;
	}
	db_lock_release(lock);
	return err;
}

void db_lock_release(int lock)
{
	if (lock >= 0)
		close(lock);
}
