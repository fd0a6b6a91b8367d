#include "config_check.h"

#include "base/id.h"
#include "http/certificates.h"
#include "http/parse.h"
#include "middleware/cors.h"

/* What is checked, and what comes of it. */
struct check {
	const struct config *config;
	struct arena *arena;
	struct config_forms forms;
	const char *reason;
};

static enum err check_public_url(struct check *check)
{
	const char *url = check->config->public_url;

	if (!url || cors_is_origin(url))
		return ERR_OK;
	check->reason =
		"must be http:// or https:// with a host and, where it needs one, a port, in "
		"lower case and without a path: https://chat.example.org";
	return ERR_INVALID;
}

static enum err check_proxies(struct check *check)
{
	check->forms.proxies.header = (enum proxy_header)check->config->proxy_header;
	return networks_parse(check->config->trusted_proxies, check->arena,
			      &check->forms.proxies.trusted, &check->reason);
}

static enum err check_exempt_addresses(struct check *check)
{
	return networks_parse(check->config->rate_exempt_addresses, check->arena,
			      &check->forms.exempt, &check->reason);
}

static enum err check_exempt_accounts(struct check *check)
{
	const char *list = check->config->rate_exempt_accounts, *item;
	size_t length;

	while (list && list_next(&list, &item, &length)) {
		const char *id = arena_strndup(check->arena, item, length);

		if (id_valid(id))
			continue;
		check->reason =
			arena_printf(check->arena, "holds %s, which is no account's id", id);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err check_origins(struct check *check)
{
	return cors_check(check->config->cors_origins, check->arena, &check->reason);
}

static enum err check_certificates(struct check *check)
{
	return certificates_check(check->config->upstream_ca_file, &check->reason);
}

static const struct {
	const char *setting;
	enum err (*run)(struct check *check);
} checks[] = {
	{ "WEBPLUS_PUBLIC_URL", check_public_url },
	{ "WEBPLUS_TRUSTED_PROXIES", check_proxies },
	{ "WEBPLUS_RATE_EXEMPT_ADDRESSES", check_exempt_addresses },
	{ "WEBPLUS_RATE_EXEMPT_ACCOUNTS", check_exempt_accounts },
	{ "WEBPLUS_CORS_ORIGINS", check_origins },
	{ "WEBPLUS_UPSTREAM_CA_FILE", check_certificates },
};

enum err config_check(const struct config *config, struct arena *arena,
		      struct config_forms *ret_forms, const char **ret_reason)
{
	struct check check = { .config = config, .arena = arena };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		enum err err = checks[i].run(&check);

		if (err == ERR_OK)
			continue;
		*ret_reason = arena_printf(arena, "%s %s", checks[i].setting, check.reason);
		return err;
	}
	*ret_forms = check.forms;
	return ERR_OK;
}
