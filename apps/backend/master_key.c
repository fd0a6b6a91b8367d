#include "master_key.h"

#include "security/key_command.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMAND_LIMIT_MS = 10 * 1000, LINE_SIZE = 256 };

const char *master_key_path(const struct config *config, struct arena *arena)
{
	if (config->master_key || config->master_key_command)
		return NULL;
	if (config->master_key_file)
		return config->master_key_file;
	return arena_printf(arena, "%s/master.key", config->data);
}

/* It waits here until the database was written under it. */
static const char *next_path(const struct config *config, struct arena *arena)
{
	return arena_printf(arena, "%s.new", master_key_path(config, arena));
}

static enum err open_command(const struct config *config, struct arena *arena,
			     struct keyring **ret_keyring, const char **ret_reason)
{
	char line[LINE_SIZE];
	enum err err = key_command_run(config->master_key_command, COMMAND_LIMIT_MS, line,
				       sizeof(line), arena, ret_reason);

	if (err == ERR_OK)
		err = keyring_open(line, NULL, ret_keyring, ret_reason);
	sodium_memzero(line, sizeof(line));
	return err;
}

enum err master_key_open(const struct config *config, struct arena *arena,
			 struct keyring **ret_keyring, const char **ret_reason)
{
	int sources = (config->master_key != NULL) + (config->master_key_file != NULL) +
		      (config->master_key_command != NULL);

	if (sources > 1) {
		*ret_reason = "the master key comes from one place: set WEBPLUS_MASTER_KEY, "
			      "WEBPLUS_MASTER_KEY_FILE or WEBPLUS_MASTER_KEY_COMMAND, not two of "
			      "them";
		return ERR_INVALID;
	}
	if (config->master_key_command)
		return open_command(config, arena, ret_keyring, ret_reason);
	return keyring_open(config->master_key, master_key_path(config, arena), ret_keyring,
			    ret_reason);
}

enum err master_key_open_next(const struct config *config, struct arena *arena,
			      struct keyring **ret_keyring, const char **ret_reason)
{
	return keyring_open(NULL, next_path(config, arena), ret_keyring, ret_reason);
}

static bool is_next(const char *path, const char *fingerprint)
{
	char text[KEY_FINGERPRINT_SIZE] = "";
	struct keyring *next;
	const char *reason;

	if (access(path, F_OK) != 0 || keyring_open(NULL, path, &next, &reason) != ERR_OK)
		return false;
	keyring_fingerprint(next, text);
	keyring_destroy(next);
	return strcmp(text, fingerprint) == 0;
}

bool master_key_promote(const struct config *config, const char *fingerprint,
			const struct keyring *old, struct arena *arena)
{
	const char *path = master_key_path(config, arena), *next;
	char text[KEY_FINGERPRINT_SIZE];

	if (!path)
		return false;
	next = next_path(config, arena);
	if (!is_next(next, fingerprint))
		return false;
	keyring_fingerprint(old, text);
	if (link(path, arena_printf(arena, "%s.%s", path, text)) != 0 && errno != EEXIST)
		return false;
	/* What the folder forgets in a power cut is done again at the next start. */
	return rename(next, path) == 0;
}
