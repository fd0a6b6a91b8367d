/*
 * The settings: one table gives the flags (--listen), the environment (WEBPLUS_LISTEN), the file webplus.env, their
 * checks, and the reference that `webplus config` prints.
 *
 * A flag goes before the environment, that before the file, and that before the preset. Read once at start; constant
 * afterwards and readable from any thread.
 */
#ifndef WEBPLUS_CONFIG_H
#define WEBPLUS_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
	const char *listen;
	const char *data;
	const char *database_url;
	int64_t database_connections;
	int64_t database_checkout_ms;
	int64_t database_life_minutes;
	const char *public_url;
	const char *master_key;
	unsigned log_level;
	bool access_log;
	int64_t workers;
	int64_t access_token_minutes;
	int64_t session_days;
	const char *openai_url;
	const char *openai_api_key;
	const char *ollama_url;
	bool discover;
	int64_t upstream_connect_ms;
	int64_t upstream_first_byte_ms;
	int64_t upstream_stall_ms;
	int64_t guide_words_per_second;
	int64_t drain_seconds;
};

/*
 * Reads the settings; `args` are the flags, `--name value` or `--name=value`, ended by NULL. What is left over, which
 * the sub-command takes, is put into *ret_rest. ERR_INVALID: *ret_reason names the setting and the rule.
 */
enum err config_read(char *const *args, struct arena *arena, struct config *ret_config,
		     const char *const **ret_rest, const char **ret_reason) WARN_UNUSED;

/* The reference, as a Markdown table. */
void config_print_reference(struct buf *out);

#endif
