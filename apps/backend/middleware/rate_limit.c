#include "middleware/rate_limit.h"

#include "app.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "cache/redis_client.h"
#include "config.h"
#include "http/networks.h"
#include "middleware/authentication.h"
#include "middleware/gcra.h"
#include "middleware/known_device.h"
#include "security/authorize.h"
#include "security/keyring.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_MAX = 64,
	CHARGES_MAX = 3,        /* address, account, key */
	LOCAL_KEYS = 64 * 1024, /* 1 MiB */
	REDIS_TIMEOUT_MS = 50,
	US_PER_SECOND = 1000 * 1000,
	SECONDS = 60, /* the window of every class */
};

#define WINDOW_US (INT64_C(60) * US_PER_SECOND)

/* What is counted by address alone has no account yet, or costs so little that accounts do not matter. */
static const struct class
{
	const char *name;
	size_t quota; /* offset of the setting; 0: no limit */
	const char *setting;
	bool by_account; /* and by key; an address then has address_factor times as much */
	bool shared;     /* with other servers, by Redis */
	/* Of an account, on this server, and half as many of its keys beside them; 0: as many as there are. */
	unsigned at_once;
	const char *doc;
} classes[RATE_CLASSES] = {
	[RATE_READ] = { "read", offsetof(struct config, rate_read), "WEBPLUS_RATE_READ", true, true,
			0, "What only reads: the preset of every GET." },
	[RATE_WRITE] = { "write", offsetof(struct config, rate_write), "WEBPLUS_RATE_WRITE", true,
			 true, 0, "What changes something: the preset of all others." },
	[RATE_EXPENSIVE] = { "expensive", offsetof(struct config, rate_expensive),
			     "WEBPLUS_RATE_EXPENSIVE", true, true, 0,
			     "What starts an answer of a model, collects everything, or hashes a "
			     "password." },
	[RATE_SEARCH] = { "search", offsetof(struct config, rate_search), "WEBPLUS_RATE_SEARCH",
			  true, true, 2,
			  "Searching, which opens and reads many messages. Two of an account at once: the one that is typed on, and the next." },
	[RATE_SIGN_IN] = { "sign-in", offsetof(struct config, rate_sign_in), "WEBPLUS_RATE_SIGN_IN",
			   false, true, 0,
			   "Signing in, registering, setting up. Wrong passwords cost more: see "
			   "below." },
	[RATE_PAGE] = { "page", offsetof(struct config, rate_page), "WEBPLUS_RATE_PAGE", false,
			false, 0, "The page and its files. Each server counts for itself." },
	[RATE_NONE] = { "none", 0, NULL, false, false, 0, "What watches the server." },
};

/*
 * Each key: when it has all back, in microseconds. All of them are taken from, or none. One that has less than nothing is of
 * a clock that was ahead, as another Redis' in this one's place: it begins anew.
 */
static struct redis_script take_script = {
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000000 + t[2] "
	"local full, out = {}, {1} "
	"for i, key in ipairs(KEYS) do "
	"  full[i] = math.max(tonumber(redis.call('GET', key) or 0), now) "
	"  if full[i] > now + ARGV[2 * i] then full[i] = now end "
	"  if full[i] + ARGV[2 * i - 1] > now + ARGV[2 * i] then out[1] = 0 end "
	"end "
	"for i, key in ipairs(KEYS) do "
	"  if out[1] == 1 then "
	"    full[i] = full[i] + ARGV[2 * i - 1] "
	"    redis.call('SET', key, string.format('%.0f', full[i]), "
	"      'PX', math.ceil((full[i] - now) / 1000)) "
	"  end "
	"  out[i + 1] = full[i] - now "
	"end "
	"return out",
	"",
};

struct rate_limits {
	struct app *app;
	struct gcra *local;
	const struct networks *exempt;
	struct list running; /* states of requests whose class says how many there may be at once */
	struct rate_counts counts;
};

/* One key that a request is counted under. */
struct charge {
	char key[KEY_MAX];
	struct gcra_limit limit;
	struct gcra_state state;
};

/* What was counted for a request; in its arena. */
struct rate_state {
	enum rate_class rate;
	const char *address; /* as keys name it */
	struct charge charges[CHARGES_MAX];
	size_t count;
	struct list node;                  /* while it runs; otherwise empty */
	const struct principal *principal; /* while it runs */
	bool accounted; /* all is counted: for its account and key, too, if it has them */
	const char *
		sharer; /* whose known device has let it in, since its address has used up its own; or NULL */
};

struct rate_limits *rate_limits_create(struct app *app, const struct networks *exempt)
{
	struct rate_limits *limits = MEMORY_NEW(struct rate_limits);

	limits->app = app;
	limits->exempt = exempt;
	list_init(&limits->running);
	limits->local = gcra_create(LOCAL_KEYS);
	return limits;
}

void rate_limits_destroy(struct rate_limits *limits)
{
	if (!limits)
		return;
	gcra_destroy(limits->local);
	free(limits);
}

struct rate_counts rate_limits_counts(const struct rate_limits *limits)
{
	struct rate_counts counts = limits->counts;

	counts.evictions = gcra_evictions(limits->local);
	return counts;
}

const char *rate_class_name(enum rate_class rate)
{
	return classes[rate].name;
}

/* ---- Which limits hold ---- */

static enum rate_class class_of(const struct route *route)
{
	if (route->rate != RATE_PRESET)
		return route->rate;
	return strcmp(route->method, "GET") == 0 ? RATE_READ : RATE_WRITE;
}

static int64_t quota_of(const struct config *config, const struct class *class)
{
	return *(const int64_t *)(const void *)((const char *)config + class->quota);
}

/* "203.0.113.7"; of IPv6 the network that one customer has. NULL: it is not counted. */
static const char *address_of(struct request *request)
{
	struct ip_address address;
	char text[INET6_ADDRSTRLEN];

	if (!ip_address_parse(request->peer, &address) ||
	    networks_contain(request->app->limits->exempt, &address))
		return NULL;
	ip_address_reduce(&address);
	ip_address_print(&address, text);
	return arena_strdup(&request->arena, text);
}

static bool is_exempt_account(const struct request *request, const char *user_id)
{
	const char *list = request->app->config->rate_exempt_accounts;

	return list && strstr(list, user_id) != NULL;
}

/* ---- Counting ---- */

/*
 * `kind`: a, the address of who is known, or of a class that is counted by that alone; s, that of a stranger; u, the account; k,
 * the key; d, a known device; of a token that was made here and not looked up: t, its session; w, all of its account's.
 */
static bool charge(struct request *request, char kind, const char *who, int64_t quota)
{
	struct rate_state *state = request->limits;
	struct charge *charge = &state->charges[state->count++];

	snprintf(charge->key, KEY_MAX, "%c:%s:%s", kind, classes[state->rate].name, who);
	charge->limit = (struct gcra_limit){ quota < WINDOW_US ? quota : WINDOW_US, WINDOW_US };
	return gcra_take(request->app->limits->local, charge->key, &charge->limit,
			 clock_monotonic_us(), &charge->state);
}

enum err rate_refuse(struct request *request, int64_t wait_us)
{
	long long seconds = (wait_us + US_PER_SECOND - 1) / US_PER_SECOND;

	if (seconds < 1)
		seconds = 1;
	request->reply.retry_after_s = seconds;
	return request_fail(request, ERR_TOO_MANY, "Too many requests. Try again in %lld %s.",
			    seconds, seconds == 1 ? "second" : "seconds");
}

static enum err refuse(struct request *request)
{
	const struct rate_state *state = request->limits;
	int64_t wait_us = 0;

	for (size_t i = 0; i < state->count; i++)
		if (state->charges[i].state.retry_us > wait_us)
			wait_us = state->charges[i].state.retry_us;
	request->app->limits->counts.refused[state->rate]++;
	return rate_refuse(request, wait_us);
}

static bool charge_address(struct request *request, char kind)
{
	struct rate_state *state = request->limits;
	const struct config *config = request->app->config;
	const struct class *class = &classes[state->rate];
	int64_t quota = quota_of(config, class);

	if (class->by_account)
		quota *= config->rate_address_factor;
	return charge(request, kind, state->address, quota);
}

/*
 * The address has used up what it has: somebody else there may have. A device that is known has as much, by its account,
 * for signing in to that.
 */
static bool charge_share(struct request *request)
{
	struct rate_state *state = request->limits;
	struct known_device device;

	if (!request->route->share || state->sharer || !known_device_read(request, NULL, &device))
		return false;
	state->sharer = arena_strdup(&request->arena, device.account_id);
	state->count = 0;
	return charge(request, 'd', state->sharer,
		      quota_of(request->app->config, &classes[state->rate]));
}

enum err rate_limit_share(struct request *request, const char *account_id)
{
	const char *sharer = request->limits ? request->limits->sharer : NULL;

	if (!sharer || (account_id && strcmp(account_id, sharer) == 0))
		return ERR_OK;
	return rate_refuse(request, WINDOW_US / quota_of(request->app->config,
							 &classes[request->limits->rate]));
}

static enum err admit_address(struct request *request)
{
	enum rate_class rate = class_of(request->route);
	struct rate_state *state;
	const char *address;

	if (!request->app->config->rate_limits || !classes[rate].quota)
		return ERR_OK;
	address = address_of(request);
	if (!address)
		return ERR_OK;
	state = ARENA_NEW(&request->arena, struct rate_state);
	state->rate = rate;
	state->address = address;
	list_init(&state->node);
	request->limits = state;
	if (classes[rate].by_account)
		return ERR_OK; /* it depends on who asks */
	state->accounted = true;
	return charge_address(request, 'a') || charge_share(request) ? ERR_OK : refuse(request);
}

enum err rate_limit_stranger(struct request *request)
{
	if (!request->limits)
		return ERR_OK;
	return charge_address(request, 's') ? ERR_OK : refuse(request);
}

/*
 * A token or cookie that this installation made, whose session may be over: what it costs is that session's, so that neither
 * strangers of the address can use it up, nor whoever has an old one of somebody, and the account's, which can open many.
 */
static enum err count_claims(struct request *request, const struct claims *claims)
{
	const struct config *config = request->app->config;
	int64_t quota = quota_of(config, &classes[request->limits->rate]);

	if (is_exempt_account(request, claims->user_id)) {
		request->limits = NULL;
		return ERR_OK;
	}
	return charge(request, 't', claims->session_id, quota) &&
			       charge(request, 'w', claims->user_id,
				      quota * config->rate_address_factor)
		       ? ERR_OK
		       : refuse(request);
}

/*
 * A key has half of its account's, so that a program that runs wild leaves something to its owner: it is asked first, and
 * what it refuses costs the account nothing. Nor does what either refuses cost the address, which others share.
 */
static enum err count_account(struct request *request, const struct principal *principal)
{
	struct rate_state *state = request->limits;
	int64_t quota;

	state->accounted = true;
	state->count = 0; /* no stranger any more */
	if (is_exempt_account(request, principal->user_id)) {
		request->limits = NULL;
		return ERR_OK;
	}
	quota = quota_of(request->app->config, &classes[state->rate]);
	if (principal->by_key && !charge(request, 'k', principal->session_id, (quota + 1) / 2))
		return refuse(request);
	if (!charge(request, 'u', principal->user_id, quota))
		return refuse(request);
	return charge_address(request, 'a') ? ERR_OK : refuse(request);
}

/*
 * Nobody is asked for here: who shows nothing that is good is a stranger, or strangers would use up what those have who do.
 * The proof that a route knows comes before the token: who renews an access token has none, or an old one.
 */
static enum err count_public(struct request *request)
{
	const struct route *route = request->route;
	const struct principal *known;
	struct claims claims;

	request->limits->accounted = true;
	if (route->proves && route->proves(request, &claims))
		return count_claims(request, &claims);
	known = authentication_known(request);
	if (known)
		return count_account(request, known);
	if (authentication_claims(request, &claims))
		return count_claims(request, &claims);
	return rate_limit_stranger(request);
}

/* Before the body is read, and before a worker looks up whom the loop does not know. */
static enum err admit_account(struct request *request)
{
	struct claims claims;

	if (!request->limits || request->limits->accounted)
		return ERR_OK;
	if (strcmp(request->route->access, ACCESS_PUBLIC) == 0)
		return count_public(request);
	if (request->principal)
		return count_account(request, request->principal);
	if (authentication_claims(request, &claims))
		return count_claims(request, &claims);
	return rate_limit_stranger(request);
}

/* ---- What all servers have counted ---- */

static bool read_reply(struct rate_state *state, const struct redis_value *value, bool *ret_taken)
{
	if (!value || value->type != REDIS_ARRAY || value->count != state->count + 1)
		return false;
	for (size_t i = 0; i < value->count; i++)
		if (value->items[i].type != REDIS_INTEGER)
			return false;
	for (size_t i = 0; i < state->count; i++) {
		struct charge *charge = &state->charges[i];

		charge->state = gcra_state_of(&charge->limit, value->items[i + 1].integer);
	}
	*ret_taken = value->items[0].integer == 1;
	return true;
}

static enum err ask_redis(struct request *request);

static void on_counted(void *context, enum err err, const struct redis_value *value)
{
	struct request *request = context;
	bool taken = true;

	if (err != ERR_OK || !read_reply(request->limits, value, &taken))
		request->app->limits->counts.unshared++;
	if (!taken && charge_share(request)) {
		if (ask_redis(request) == ERR_PENDING)
			return;
		taken = true;
	}
	request_resume(request, taken ? ERR_OK : refuse(request));
}

enum { NAME_BYTES = 24, NAME_SIZE = 2 * NAME_BYTES + 1 };

/* A keyed hash, since the key holds an address, or the id of an account. */
static const char *name_in_redis(struct request *request, const char *key)
{
	const struct app *app = request->app;
	unsigned char bytes[NAME_BYTES];
	char name[NAME_SIZE];

	crypto_generichash(bytes, NAME_BYTES, (const unsigned char *)key, strlen(key),
			   keyring_key(app->keyring, KEY_RATE_LIMIT), KEY_SIZE);
	sodium_bin2hex(name, NAME_SIZE, bytes, NAME_BYTES);
	return arena_printf(&request->arena, "%srate:%s", redis_client_prefix(app->redis), name);
}

static enum err ask_redis(struct request *request)
{
	const struct rate_state *state = request->limits;
	struct redis_client *redis = request->app->redis;
	struct redis_text words[CHARGES_MAX * 3];
	size_t count = 0;

	if (!redis || !classes[state->rate].shared)
		return ERR_OK;
	for (size_t i = 0; i < state->count; i++)
		words[count++] = redis_text(name_in_redis(request, state->charges[i].key));
	for (size_t i = 0; i < state->count; i++) {
		const struct gcra_limit *limit = &state->charges[i].limit;

		words[count++] = redis_text(arena_printf(
			&request->arena, "%lld", (long long)(limit->window_us / limit->quota)));
		words[count++] = redis_text(
			arena_printf(&request->arena, "%lld", (long long)limit->window_us));
	}
	if (redis_eval(redis, &take_script, state->count, words, count, REDIS_TIMEOUT_MS,
		       on_counted, request) == ERR_OK)
		return ERR_PENDING;
	request->app->limits->counts.unshared++;
	return ERR_OK;
}

/* ---- How many at once ---- */

/* Programs leave their owner something. */
static bool is_same_kind(const struct rate_state *a, const struct rate_state *b)
{
	return a->principal->by_key == b->principal->by_key &&
	       strcmp(a->principal->user_id, b->principal->user_id) == 0;
}

static enum err begin(struct request *request)
{
	struct rate_limits *limits = request->app->limits;
	struct rate_state *state = request->limits;
	unsigned running = 0, at_once = classes[state->rate].at_once;

	if (at_once == 0 || !request->principal)
		return ERR_OK;
	state->principal = request->principal;
	if (state->principal->by_key)
		at_once = (at_once + 1) / 2;
	LIST_EACH(other, &limits->running, struct rate_state, node)
		running += other->rate == state->rate && is_same_kind(other, state);
	if (running >= at_once) {
		limits->counts.refused[state->rate]++;
		return rate_refuse(request, US_PER_SECOND);
	}
	list_append(&limits->running, &state->node);
	return ERR_OK;
}

static void done(struct request *request)
{
	if (request->limits)
		list_remove(&request->limits->node);
}

/* The others are known by now. */
static enum err answer(struct request *request)
{
	enum err err = ERR_OK;

	if (request->limits && !request->limits->accounted)
		err = count_account(request, request->principal);
	if (err == ERR_OK && request->limits)
		err = begin(request);
	return err == ERR_OK && request->limits ? ask_redis(request) : err;
}

/* ---- What the client is told ---- */

/* The limit that is nearest. */
static const struct charge *tightest(const struct rate_state *state)
{
	const struct charge *least = &state->charges[0];

	for (size_t i = 1; i < state->count; i++) {
		const struct charge *charge = &state->charges[i];

		if (charge->state.remaining * least->limit.quota <
		    least->state.remaining * charge->limit.quota)
			least = charge;
	}
	return least;
}

/* draft-ietf-httpapi-ratelimit-headers-10, and the names that were in use before it. */
static void decorate(struct request *request)
{
	const struct rate_state *state = request->limits;
	const struct charge *charge;
	long long quota, remaining, reset_s;
	const char *name;

	if (!state || state->count == 0)
		return;
	if (state->rate == RATE_PAGE && request->reply.status != err_status(ERR_TOO_MANY))
		return;
	charge = tightest(state);
	name = classes[state->rate].name;
	quota = charge->limit.quota;
	remaining = charge->state.remaining;
	reset_s = (charge->state.reset_us + US_PER_SECOND - 1) / US_PER_SECOND;
	buf_printf(&request->reply.headers,
		   "RateLimit-Policy: \"%s\";q=%lld;w=%d\r\n"
		   "RateLimit: \"%s\";r=%lld;t=%lld\r\n"
		   "X-RateLimit-Limit: %lld\r\n"
		   "X-RateLimit-Remaining: %lld\r\n"
		   "X-RateLimit-Reset: %lld\r\n",
		   name, quota, SECONDS, name, remaining, reset_s, quota, remaining, reset_s);
}

const struct middleware rate_limit_middleware = { .name = "rate_limit",
						  .admit = admit_address,
						  .decorate = decorate };
const struct middleware account_limit_middleware = {
	.name = "account_limit", .admit = admit_account, .answer = answer, .done = done
};

/* ---- The reference ---- */

static void print_routes(const struct route *const *tables, enum rate_class rate, struct buf *out)
{
	const char *separator = "";

	for (; *tables; tables++)
		for (const struct route *route = *tables; route->method; route++) {
			if (class_of(route) != rate)
				continue;
			buf_printf(out, "%s`%s %s`", separator, route->method, route->path);
			separator = ", ";
		}
}

void rate_limit_print_reference(const struct route *const *tables, struct buf *out)
{
	BUF_LITERAL(out, "| class | what | setting | by | routes |\n|---|---|---|---|---|\n");
	for (int rate = RATE_PRESET + 1; rate < RATE_CLASSES; rate++) {
		const struct class *class = &classes[rate];

		buf_printf(out, "| %s | %s | ", class->name, class->doc);
		if (class->setting)
			buf_printf(out, "`%s`", class->setting);
		buf_printf(out, " | %s | ",
			   class->by_account ? "account, key, address"
			   : class->quota    ? "address"
					     : "");
		if (rate > RATE_WRITE)
			print_routes(tables, (enum rate_class)rate, out);
		else
			buf_append_text(out, rate == RATE_READ ? "the other GETs" : "the others");
		BUF_LITERAL(out, " |\n");
	}
}
