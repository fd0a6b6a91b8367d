#include "auth/sign_in_shared.h"

#include "app.h"
#include "auth/sign_in_guard.h"
#include "cache/redis_wait.h"
#include "http/request.h"
#include "security/keyring.h"

#include <sodium.h>
#include <string.h>

enum { REDIS_TIMEOUT_MS = 50, KEYS = 2, WORDS = KEYS + 5 };

/*
 * Keys: of the place, of the account. Arguments: whether the place is known, the failures that are free for each, the
 * longest wait and the time to forget, in seconds. The answer is the wait in microseconds, negative if it is the account's.
 * A wait that is longer than the longest is of a clock that was ahead.
 */
static struct redis_script begin_script = {
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000000 + t[2] "
	"local count, free = {}, {} "
	"for i, key in ipairs(KEYS) do "
	"  local record = redis.call('HMGET', key, 'count', 'free') "
	"  count[i], free[i] = tonumber(record[1] or 0), tonumber(record[2] or 0) "
	"  if count[i] <= 0 or free[i] > now + ARGV[4] * 1000000 then free[i] = 0 end "
	"end "
	"if ARGV[1] == '0' and free[2] > now then return now - free[2] end "
	"if free[1] > now then return free[1] - now end "
	"for i, key in ipairs(KEYS) do "
	"  local over, wait = count[i] + 1 - tonumber(ARGV[1 + i]), 0 "
	"  if over > 10 then wait = tonumber(ARGV[4]) "
	"  elseif over > 0 then wait = 2 ^ (over - 1) end "
	"  redis.call('HSET', key, 'count', count[i] + 1, "
	"    'free', string.format('%.0f', now + wait * 1000000)) "
	"  redis.call('EXPIRE', key, ARGV[5]) "
	"end "
	"return 0",
	"",
};

/* The same keys. */
static struct redis_script succeed_script = {
	"redis.call('DEL', KEYS[1]) "
	"if tonumber(redis.call('HGET', KEYS[2], 'count') or 0) > 0 then "
	"  redis.call('HINCRBY', KEYS[2], 'count', -1) "
	"end "
	"return 0",
	"",
};

enum { HASH_BYTES = 24, HASH_SIZE = 2 * HASH_BYTES + 1 };

/* Of a place of the account, or, "", of the account as a whole. */
static const char *name_of(struct request *request, const char *username, const char *place)
{
	const struct app *app = request->app;
	unsigned char bytes[HASH_BYTES];
	crypto_generichash_state state;
	char hash[HASH_SIZE];

	crypto_generichash_init(&state, keyring_key(app->keyring, KEY_SIGN_IN), KEY_SIZE,
				HASH_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)username, strlen(username) + 1);
	crypto_generichash_update(&state, (const unsigned char *)place, strlen(place));
	crypto_generichash_final(&state, bytes, HASH_BYTES);
	sodium_bin2hex(hash, HASH_SIZE, bytes, HASH_BYTES);
	return arena_printf(&request->arena, "%ssign-in:%s", redis_client_prefix(app->redis), hash);
}

static struct redis_text number(int value, struct arena *arena)
{
	return redis_text(arena_printf(arena, "%d", value));
}

int64_t sign_in_shared_begin(struct request *request, const char *username, const char *place,
			     bool known, enum sign_in_wait_of *ret_of)
{
	const struct app *app = request->app;
	struct arena *arena = &request->arena;
	struct redis_text words[WORDS];
	int64_t wait_us = 0;

	*ret_of = WAIT_OF_PLACE;
	if (!app->redis)
		return 0;
	words[0] = redis_text(name_of(request, username, place));
	words[1] = redis_text(name_of(request, username, ""));
	words[2] = number(known, arena);
	words[3] = number(PLACE_FREE_FAILURES, arena);
	words[4] = number(ACCOUNT_FREE_FAILURES, arena);
	words[5] = number(SIGN_IN_WAIT_MAX_S, arena);
	words[6] = number(SIGN_IN_FORGET_S, arena);
	if (redis_number(app->loop, app->redis, &begin_script, KEYS, words, WORDS, REDIS_TIMEOUT_MS,
			 &wait_us) != ERR_OK)
		return 0;
	if (wait_us < 0)
		*ret_of = WAIT_OF_ACCOUNT;
	return wait_us < 0 ? -wait_us : wait_us;
}

/* Without an answer the failures stand until they are forgotten. */
void sign_in_shared_succeed(struct request *request, const char *username, const char *place)
{
	const struct app *app = request->app;
	struct redis_text words[KEYS];
	int64_t nothing;

	if (!app->redis)
		return;
	words[0] = redis_text(name_of(request, username, place));
	words[1] = redis_text(name_of(request, username, ""));
	(void)!redis_number(app->loop, app->redis, &succeed_script, KEYS, words, KEYS,
			    REDIS_TIMEOUT_MS, &nothing);
}
