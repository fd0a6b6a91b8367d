#include "auth/sign_in.h"

#include "app.h"
#include "auth/auth_store.h"
#include "auth/sign_in_guard.h"
#include "auth/sign_in_shared.h"
#include "base/clock.h"
#include "config.h"
#include "db/page.h"
#include "http/networks.h"
#include "http/request.h"
#include "middleware/known_device.h"
#include "middleware/rate_limit.h"

#include <string.h>

/* The account of a name that is nobody's: the same is asked of the database for it. */
static const char nobody[] = "00000000-0000-0000-0000-000000000000";

static const char device_mark[] = "device:";

static const char *network_of(struct arena *arena, const char *peer)
{
	struct ip_address address;
	char text[INET6_ADDRSTRLEN];

	if (!ip_address_parse(peer, &address))
		return peer;
	ip_address_reduce(&address);
	ip_address_print(&address, text);
	return arena_strdup(arena, text);
}

/* Where an attempt comes from: a device that the account was signed in from, else an address. */
static const char *place_of(struct request *request, const struct account *account)
{
	struct known_device device;

	if (!known_device_read(request, account->id ? account->id : nobody, &device))
		return network_of(&request->arena, request->peer);
	return arena_printf(&request->arena, "%s%s", device_mark, device.name);
}

/* Whether the account was signed in from there: this server has seen it, or a session that is not over says so. */
static bool is_known_place(struct request *request, const struct account *account, const char *name,
			   const char *place)
{
	struct array sessions;

	if (strncmp(place, device_mark, sizeof(device_mark) - 1) == 0 ||
	    sign_in_guard_knows(request->app->sign_in_guard, name, place))
		return true;
	if (session_page(request->app->db, account->id ? account->id : nobody, clock_now(),
			 (struct timestamp){ INT64_MAX }, "~", PAGE_LIMIT_MAX, &request->arena,
			 &sessions) != ERR_OK)
		return false;
	for (size_t i = 0; i < sessions.count; i++) {
		const struct session *session = (const struct session *)sessions.items + i;

		if (session->address &&
		    strcmp(network_of(&request->arena, session->address), place) == 0)
			return true;
	}
	return false;
}

static const char *site_of(struct request *request)
{
	struct ip_address address;
	char text[INET6_ADDRSTRLEN];

	if (!ip_address_parse(request->peer, &address))
		return "site";
	ip_address_reduce_to_site(&address);
	ip_address_print(&address, text);
	return arena_printf(&request->arena, "site %s", text);
}

/* Whether the wait of the account as a whole is not for this attempt. */
static bool is_spared(struct request *request, const struct account *account, const char *name,
		      const char *place)
{
	return is_known_place(request, account, name, place) ||
	       sign_in_guard_first(request->app->sign_in_guard, name, site_of(request),
				   clock_monotonic_us());
}

static int64_t begin_shared(struct request *request, const struct account *account,
			    const char *name, const char *place, bool spared)
{
	enum sign_in_wait_of of;
	int64_t wait_us = sign_in_shared_begin(request, name, place, spared, &of);

	if (wait_us > 0 && of == WAIT_OF_ACCOUNT && is_spared(request, account, name, place))
		wait_us = sign_in_shared_begin(request, name, place, true, &of);
	return wait_us;
}

enum err sign_in_admit(struct request *request, const struct account *account, const char *name,
		       const char **ret_place)
{
	struct sign_in_guard *guard = request->app->sign_in_guard;
	int64_t now_us = clock_monotonic_us(), wait_us;
	const char *place;
	bool spared = false;

	*ret_place = NULL;
	if (!request->app->config->rate_limits)
		return ERR_OK;
	if (rate_limit_share(request, account->id) != ERR_OK)
		return ERR_TOO_MANY;
	place = *ret_place = place_of(request, account);
	wait_us = sign_in_guard_account_wait(guard, name, now_us);
	if (wait_us > 0) {
		spared = is_spared(request, account, name, place);
		wait_us = spared ? 0 : wait_us;
	}
	/* What all servers refuse is no attempt, and this one does not count it either. */
	if (wait_us == 0)
		wait_us = begin_shared(request, account, name, place, spared);
	if (wait_us == 0)
		wait_us = sign_in_guard_begin(guard, name, place, clock_monotonic_us());
	return wait_us > 0 ? rate_refuse(request, wait_us) : ERR_OK;
}

enum err sign_in_admit_again(struct request *request, const struct account *account,
			     const char **ret_place)
{
	int64_t wait_us;

	*ret_place = NULL;
	if (!request->app->config->rate_limits)
		return ERR_OK;
	*ret_place = arena_printf(&request->arena, "session:%s", request->principal->session_id);
	wait_us = begin_shared(request, account, account->username, *ret_place, true);
	if (wait_us == 0)
		wait_us = sign_in_guard_begin(request->app->sign_in_guard, account->username,
					      *ret_place, clock_monotonic_us());
	return wait_us > 0 ? rate_refuse(request, wait_us) : ERR_OK;
}

void sign_in_succeeded(struct request *request, const char *name, const char *place)
{
	if (!request->app->config->rate_limits)
		return;
	sign_in_guard_succeed(request->app->sign_in_guard, name, place);
	sign_in_shared_succeed(request, name, place);
}
