/*
 * Settings whose texts have a form of their own, beyond what their rows say: origins, networks, ids, files.
 */
#ifndef WEBPLUS_CONFIG_CHECK_H
#define WEBPLUS_CONFIG_CHECK_H

#include "base/arena.h"
#include "config.h"
#include "http/forwarded.h"

/* What such texts mean, read once. */
struct config_forms {
	struct proxies proxies;
	struct networks exempt; /* addresses without limits */
};

/* ERR_INVALID: *ret_reason names the setting and what is wrong with it, in the arena. */
enum err config_check(const struct config *config, struct arena *arena,
		      struct config_forms *ret_forms, const char **ret_reason) WARN_UNUSED;

#endif
