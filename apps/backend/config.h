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
	int64_t database_answer_ms;
	int64_t database_life_minutes;
	const char *redis_url;
	bool cache;
	int64_t cache_mb;
	bool search;
	const char *public_url;
	const char *trusted_proxies;
	unsigned proxy_header;
	int64_t hsts_days;
	bool hsts_subdomains;
	bool rate_limits;
	int64_t rate_read;
	int64_t rate_write;
	int64_t rate_expensive;
	int64_t rate_search;
	int64_t rate_sign_in;
	int64_t rate_page;
	int64_t rate_address_factor;
	const char *rate_exempt_addresses;
	const char *rate_exempt_accounts;
	const char *cors_origins;
	bool cors_credentials;
	const char *master_key;
	const char *master_key_file;
	const char *master_key_command;
	unsigned log_level;
	bool access_log;
	int64_t workers;
	bool compression;
	int64_t access_token_minutes;
	int64_t session_days;
	const char *openai_url;
	const char *openai_api_key;
	const char *ollama_url;
	bool discover;
	int64_t models_refresh_seconds;
	int64_t upstream_connect_ms;
	int64_t upstream_first_byte_ms;
	int64_t upstream_stall_ms;
	int64_t upstream_per_host;
	int64_t upstream_total;
	int64_t upstream_queue_ms;
	int64_t upstream_idle_seconds;
	int64_t upstream_life_seconds;
	const char *upstream_ca_file;
	int64_t guide_words_per_second;
	int64_t drain_seconds;
	int64_t connections_per_address;
	int64_t websockets_per_user;
	int64_t websockets_per_address;
	int64_t websockets_total;
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
