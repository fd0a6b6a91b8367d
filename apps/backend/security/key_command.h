/*
 * A key that a command prints, as `vault kv get -field=key secret/webplus` does.
 *
 * Its words are separated by spaces, and there is no shell: nothing in them is expanded, quoted or piped. It gets the
 * environment, no input, and our standard error for what it has to say. What it prints is never shown or logged. At start,
 * before there are other threads.
 */
#ifndef WEBPLUS_SECURITY_KEY_COMMAND_H
#define WEBPLUS_SECURITY_KEY_COMMAND_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { KEY_COMMAND_WORDS_MAX = 64 };

/*
 * `text` gets one line without its end. One that takes longer than `limit_ms`, prints more than fits or more than a line,
 * or ends with anything but 0, is refused and killed with all that it started; *ret_reason, in the arena, names its program.
 */
enum err key_command_run(const char *command, int64_t limit_ms, char *text, size_t size,
			 struct arena *arena, const char **ret_reason) WARN_UNUSED;

#endif
