#include "security/key_command.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_STEP_MS = 10 };

/* One run of the command. */
struct run {
	char *words[KEY_COMMAND_WORDS_MAX + 1];
	pid_t pid;
	int output; /* what it prints; -1: closed */
	int64_t end_ms;
	struct arena *arena;
	const char **reason;
};

static enum err refuse(const struct run *run, const char *what)
{
	*run->reason = arena_printf(run->arena, "the command of the master key, %s, %s",
				    run->words[0] ? run->words[0] : "which is empty", what);
	return ERR_UNAVAILABLE;
}

static enum err split(struct run *run, const char *command)
{
	char *rest = arena_strdup(run->arena, command), *word;
	size_t count = 0;

	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		if (count == KEY_COMMAND_WORDS_MAX)
			return refuse(run, "has too many words");
		run->words[count++] = word;
	}
	return count > 0 ? ERR_OK : refuse(run, "names no program");
}

/* In a process group of its own, so that what it starts ends with it. */
static int spawn_with(struct run *run, const posix_spawn_file_actions_t *actions)
{
	posix_spawnattr_t attributes;
	sigset_t all;
	int code;

	posix_spawnattr_init(&attributes);
	sigfillset(&all); /* we ignore SIGPIPE, it shall not */
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	code = posix_spawnp(&run->pid, run->words[0], actions, &attributes, run->words, environ);
	posix_spawnattr_destroy(&attributes);
	return code;
}

static enum err start(struct run *run)
{
	posix_spawn_file_actions_t actions;
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return refuse(run, "cannot be started");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	code = spawn_with(run, &actions);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	run->output = ends[0];
	if (code == 0)
		return ERR_OK;
	run->pid = 0;
	return refuse(run, arena_printf(run->arena, "cannot be started: %s", strerror(code)));
}

/* Until it closes its output. *ret_length stops at `size`, which is one too many. */
static enum err read_all(struct run *run, char *text, size_t size, size_t *ret_length)
{
	struct pollfd wait = { .fd = run->output, .events = POLLIN };
	size_t length = 0;

	while (length < size) {
		int64_t left_ms = run->end_ms - clock_monotonic_ms();
		ssize_t got;

		if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
			return refuse(run, "takes too long");
		got = read(run->output, text + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse(run, "cannot be read");
		if (got == 0)
			break;
		length += (size_t)got;
	}
	*ret_length = length;
	return ERR_OK;
}

/* It may go on after it has closed its output. */
static enum err wait_end(struct run *run)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(run->pid, &status, WNOHANG)) == 0) {
		if (clock_monotonic_ms() > run->end_ms)
			return refuse(run, "takes too long");
		(void)nanosleep(&step, NULL);
	}
	run->pid = 0;
	if (ended < 0 || !WIFEXITED(status))
		return refuse(run, "was killed");
	if (WEXITSTATUS(status) != 0)
		return refuse(run, arena_printf(run->arena, "failed with status %d",
						WEXITSTATUS(status)));
	return ERR_OK;
}

static void clear_away(struct run *run)
{
	if (run->pid > 0) {
		kill(-run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (run->output >= 0)
		close(run->output);
}

/* One line; the end of it is optional. */
static enum err take_line(const struct run *run, char *text, size_t length, size_t size)
{
	if (length == size)
		return refuse(run, "prints more than a key");
	text[length] = '\0';
	if (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	if (strlen(text) != length || strchr(text, '\n'))
		return refuse(run, "prints more than a line");
	return length > 0 ? ERR_OK : refuse(run, "prints nothing");
}

enum err key_command_run(const char *command, int64_t limit_ms, char *text, size_t size,
			 struct arena *arena, const char **ret_reason)
{
	struct run run = { .output = -1, .arena = arena, .reason = ret_reason };
	size_t length = 0;
	enum err err = split(&run, command);

	run.end_ms = clock_monotonic_ms() + limit_ms;
	if (err == ERR_OK)
		err = start(&run);
	if (err == ERR_OK)
		err = read_all(&run, text, size, &length);
	if (err == ERR_OK && length < size)
		err = wait_end(&run);
	clear_away(&run);
	if (err == ERR_OK)
		err = take_line(&run, text, length, size);
	if (err != ERR_OK)
		sodium_memzero(text, size);
	return err;
}
