/*
 * Where the master key of an installation comes from: one of a setting, a command, and a file, and how the file is changed
 * for another one so that no moment is without the right key on the disk. For the thread that starts a server or a command: it
 * waits for the disk, and for what the command says.
 */
#ifndef WEBPLUS_MASTER_KEY_H
#define WEBPLUS_MASTER_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "config.h"
#include "security/keyring.h"

/* The file that the settings name, or master.key in the data folder. NULL: the key comes from elsewhere. */
const char *master_key_path(const struct config *config, struct arena *arena);

/* Asks where the settings say. A file is made where there is none. */
enum err master_key_open(const struct config *config, struct arena *arena,
			 struct keyring **ret_keyring, const char **ret_reason) WARN_UNUSED;

/* The key that waits beside the file to take its place; made where there is none. */
enum err master_key_open_next(const struct config *config, struct arena *arena,
			      struct keyring **ret_keyring, const char **ret_reason) WARN_UNUSED;
/*
 * Gives the waiting key the place of the file, if it has this fingerprint. The one before stays beside it under the name of
 * `old`. False: there is none, or another, or it cannot be done.
 */
bool master_key_promote(const struct config *config, const char *fingerprint,
			const struct keyring *old, struct arena *arena);

#endif
