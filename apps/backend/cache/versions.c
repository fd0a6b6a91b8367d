#include "cache/versions.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cache/redis_client.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 64 * 1024, /* of counters; tags that share one only miss more often */
	TAKE_MS = 25,
	RAISE_MS = 100,
	LIFE_MS = 3600 * 1000, /* of a tag's version in Redis: longer than what has one is kept */
	TRUST_MS = 900,        /* of the lease, so that clocks may differ and looks take time */
	DISTRUST_MS = 4000,    /* after each word of another server */
	DECLARE_MS = 1000,     /* how often this one says it */
	DECLARED_MS =
		2500, /* for so long it surely counts: with a lease it is shorter than DISTRUST_MS */
	TICK_MS = 50,
	AWAY_MS = 500, /* until the others are told without a write that waits */
	NAME_SIZE = 64 + TAG_SIZE,
	VALUE_SIZE = 24,
	REASON_SIZE = 200,
};

static const char *const everything = "*";

struct versions {
	struct versions_options options;
	uv_timer_t timer;
	atomic_uint_least64_t slots[SLOTS];
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
	struct list raises, held_back;
	int64_t looked_ms;   /* monotonic, as all of these */
	int64_t distrust_ms; /* until then */
	bool missing;        /* raises of ours are, since */
	bool declaring;      /* a declaration is under way */
	bool mending, closed;
	bool refused;                                /* Redis answers, and does not take them */
	bool released;                               /* nothing waits any more */
	int64_t first_declared_ms, last_declared_ms; /* committed at, of this time; 0: not yet */
	int64_t last_try_ms;
	int64_t last_up_ms;
	uint64_t unraised;  /* writes whose raises are missing, in all */
	uint64_t clean_era; /* in which everything was raised after the last of them */
	uint64_t distrusts;
};

static int64_t now(const struct versions *versions)
{
	return versions->options.now_ms();
}

/* ---- Alone ---- */

static size_t slot_of(const struct versions *versions, const char *name)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, (const unsigned char *)name, strlen(name), versions->hash_key);
	memcpy(&number, hash, sizeof(number));
	return number % SLOTS;
}

void versions_mark(struct versions *versions, const char *name)
{
	atomic_fetch_add(&versions->slots[slot_of(versions, name)], 1);
}

uint64_t versions_mark_count(const struct versions *versions, const char *name)
{
	return atomic_load(&versions->slots[slot_of(versions, name)]);
}

bool versions_local(const struct versions *versions)
{
	return !versions->options.shared;
}

void versions_take_local(const struct versions *versions, const struct tags *tags,
			 struct held_versions *ret_held)
{
	*ret_held = (struct held_versions){ .era = 0 };
	for (size_t i = 0; i < tags->count; i++)
		ret_held->values[i] = versions_mark_count(versions, tags->names[i]);
}

bool versions_same(const struct versions *versions, const struct tags *tags,
		   const struct held_versions *a, const struct held_versions *b)
{
	size_t count = tags->count + (versions_local(versions) ? 0 : 1);

	return a->era == b->era && memcmp(a->values, b->values, count * sizeof(a->values[0])) == 0;
}

/* ---- Together ---- */

static bool is_up(const struct versions *versions)
{
	return versions->options.redis && redis_client_up(versions->options.redis);
}

static uint64_t era_of(const struct versions *versions)
{
	return redis_client_counts(versions->options.redis).connections +
	       (versions->distrusts << 32);
}

bool versions_trusted(const struct versions *versions)
{
	int64_t now_ms;

	if (!versions->options.shared)
		return true;
	if (!is_up(versions) || versions->missing)
		return false;
	now_ms = now(versions);
	return now_ms - versions->looked_ms < TRUST_MS && now_ms > versions->distrust_ms;
}

static struct redis_text key_of(const struct versions *versions, const char *tag,
				char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%sv:%s", redis_client_prefix(versions->options.redis), tag);
	return redis_text(name);
}

/* The tags' keys, and that of everything. */
struct keys {
	char names[TAGS_MAX + 1][NAME_SIZE];
	struct redis_text words[TAGS_MAX + 1];
	size_t count;
};

static void make_keys(const struct versions *versions, const struct tags *tags, struct keys *keys)
{
	keys->count = 0;
	for (size_t i = 0; i < tags->count; i++, keys->count++)
		keys->words[i] = key_of(versions, tags->names[i], keys->names[i]);
	keys->words[keys->count] = key_of(versions, everything, keys->names[keys->count]);
	keys->count++;
}

/*
 * Each version, drawn anew where there is none. That of everything, the last, is one key, which stays: when it goes, so does
 * all that is kept, by everybody.
 */
static struct redis_script take_script = {
	.source = "local found = redis.call('MGET', unpack(KEYS)) "
		  "for i, key in ipairs(KEYS) do if not found[i] then found[i] = ARGV[i] "
		  "if i < #KEYS then redis.call('SET', key, ARGV[i], 'PX', ARGV[#KEYS + 1]) "
		  "else redis.call('SET', key, ARGV[i]) end end end return found",
};

struct take {
	struct versions *versions;
	versions_known known;
	void *context;
	size_t count;
	uint64_t era;
};

static bool read_version(const struct redis_value *value, uint64_t *ret_version)
{
	uint64_t version = 0;

	if (value->type != REDIS_STRING || value->length == 0 || value->length >= VALUE_SIZE)
		return false;
	for (size_t i = 0; i < value->length; i++) {
		if (value->text[i] < '0' || value->text[i] > '9')
			return false;
		version = version * 10 + (uint64_t)(value->text[i] - '0');
	}
	*ret_version = version;
	return true;
}

static enum err read_versions(const struct take *take, const struct redis_value *value,
			      struct held_versions *held)
{
	if (value->type != REDIS_ARRAY || value->count != take->count)
		return ERR_UPSTREAM;
	for (size_t i = 0; i < take->count; i++)
		if (!read_version(&value->items[i], &held->values[i]))
			return ERR_UPSTREAM;
	return ERR_OK;
}

static void on_taken(void *context, enum err err, const struct redis_value *value)
{
	struct take *take = context;
	struct held_versions held = { .era = take->era };

	if (err == ERR_OK)
		err = read_versions(take, value, &held);
	if (err == ERR_OK && !versions_trusted(take->versions))
		err = ERR_UNAVAILABLE;
	take->known(take->context, err, &held);
	free(take);
}

static struct take *make_take(struct versions *versions, const struct keys *keys,
			      versions_known known, void *context)
{
	struct take *take = MEMORY_NEW(struct take);

	take->versions = versions;
	take->known = known;
	take->context = context;
	take->count = keys->count;
	take->era = era_of(versions);
	return take;
}

enum err versions_take(struct versions *versions, const struct tags *tags, versions_known known,
		       void *context)
{
	struct redis_text words[2 * TAGS_MAX + 3];
	char drawn[TAGS_MAX + 1][VALUE_SIZE], life[VALUE_SIZE];
	struct keys keys;
	struct take *take;
	enum err err;

	if (!versions_trusted(versions))
		return ERR_UNAVAILABLE;
	make_keys(versions, tags, &keys);
	memcpy(words, keys.words, keys.count * sizeof(words[0]));
	for (size_t i = 0; i < keys.count; i++) {
		uint64_t random;

		randombytes_buf(&random, sizeof(random));
		snprintf(drawn[i], VALUE_SIZE, "%llu", (unsigned long long)random);
		words[keys.count + i] = redis_text(drawn[i]);
	}
	snprintf(life, sizeof(life), "%d", LIFE_MS);
	words[2 * keys.count] = redis_text(life);
	take = make_take(versions, &keys, known, context);
	err = redis_eval(versions->options.redis, &take_script, keys.count, words,
			 2 * keys.count + 1, TAKE_MS, on_taken, take);
	if (err != ERR_OK)
		free(take);
	return err;
}

/* ---- When raises are missing ---- */

static void declare(struct versions *versions)
{
	if (versions->declaring || versions->closed)
		return;
	versions->declaring = true;
	versions->last_try_ms = now(versions);
	versions->options.declare(versions->options.context);
}

static void begin_missing(struct versions *versions)
{
	if (versions->missing)
		return;
	versions->missing = true;
	versions->clean_era = 0;
	versions->first_declared_ms = versions->last_declared_ms = 0;
	declare(versions);
}

/* Every other server has known for the length of a lease. */
static bool others_know(const struct versions *versions)
{
	int64_t now_ms = now(versions);

	return versions->missing && versions->first_declared_ms > 0 &&
	       now_ms - versions->first_declared_ms >= VERSION_LEASE_MS &&
	       now_ms - versions->last_declared_ms < DECLARED_MS;
}

void versions_declared(struct versions *versions, bool committed)
{
	bool lapsed;

	versions->declaring = false;
	if (!committed || !versions->missing)
		return;
	/*
	 * One counts from when it was begun, since it may have been read from then on, and until it is known to be committed the
	 * one before has to count: who read that at once trusts again DISTRUST_MS later, and may read this one as late as a lease
	 * from now.
	 */
	lapsed = now(versions) - versions->last_declared_ms >= DECLARED_MS;
	if (versions->first_declared_ms == 0 || lapsed)
		versions->first_declared_ms = now(versions);
	versions->last_declared_ms = versions->last_try_ms;
}

void versions_distrust(struct versions *versions)
{
	versions->distrusts++;
	versions->distrust_ms = now(versions) + DISTRUST_MS;
}

void versions_looked(struct versions *versions, int64_t began_ms)
{
	versions->looked_ms = began_ms;
}

/* ---- Raising ---- */

static void leave_unraised(struct versions *versions)
{
	versions->unraised++;
	versions->clean_era = 0;
}

struct raise {
	struct list node;
	struct versions *versions;
	void (*raised)(void *context);
	void *context;
};

static void raise_destroy(struct raise *raise)
{
	list_remove(&raise->node);
	free(raise);
}

static void end_raise(struct raise *raise)
{
	void (*raised)(void *context) = raise->raised;
	void *context = raise->context;

	raise_destroy(raise);
	if (raised)
		raised(context);
}

static void hold_back(struct raise *raise)
{
	list_remove(&raise->node);
	list_append(&raise->versions->held_back, &raise->node);
}

static void let_go(struct versions *versions)
{
	struct list ready;

	list_init(&ready);
	list_splice(&ready, &versions->held_back);
	while (!list_empty(&ready))
		end_raise(CONTAINER_OF(ready.next, struct raise, node));
}

/* Redis has not taken it, or not said so: the others have to be told otherwise. False: they are. */
static bool has_to_wait(struct versions *versions)
{
	leave_unraised(versions);
	begin_missing(versions);
	return !versions->released && !others_know(versions);
}

/* One that answers, and takes nothing: a replica, a full disk, a user without the right. */
static void note_refusal(struct versions *versions, const struct redis_value *error)
{
	char reason[REASON_SIZE];

	if (versions->refused)
		return;
	versions->refused = true;
	snprintf(reason, sizeof(reason), "%.*s", (int)error->length, error->text);
	log_warning("redis", "fault", "it refuses what the cache writes", "reason", reason, NULL);
}

static void on_raised(void *context, enum err err, const struct redis_value *value)
{
	struct raise *raise = context;
	struct versions *versions = raise->versions;

	if (err == ERR_UPSTREAM)
		note_refusal(versions, value);
	if (err == ERR_OK || err == ERR_CANCELLED || !has_to_wait(versions) || !raise->raised) {
		end_raise(raise);
		return;
	}
	hold_back(raise);
}

static enum err send_raise(struct versions *versions, const struct redis_text *keys, size_t count,
			   redis_done done, void *context)
{
	struct redis_text words[TAGS_MAX + 2] = { redis_text("DEL") };

	memcpy(words + 1, keys, count * sizeof(words[0]));
	return redis_send(versions->options.redis, words, count + 1, RAISE_MS, done, context);
}

static enum err send_tags(struct versions *versions, const struct tags *tags, redis_done done,
			  void *context)
{
	struct keys keys;

	if (!versions->options.redis)
		return ERR_UNAVAILABLE;
	make_keys(versions, tags, &keys);
	return send_raise(versions, keys.words, tags->count, done, context);
}

static struct raise *raise_create(struct versions *versions, void (*raised)(void *context),
				  void *context)
{
	struct raise *raise = MEMORY_NEW(struct raise);

	raise->versions = versions;
	raise->raised = raised;
	raise->context = context;
	list_append(&versions->raises, &raise->node);
	return raise;
}

/* A Redis that is up is asked though the others know, or under load there would always be one more to mend. */
enum err versions_raise(struct versions *versions, const struct tags *tags,
			void (*raised)(void *context), void *context)
{
	struct raise *raise;

	for (size_t i = 0; i < tags->count; i++)
		versions_mark(versions, tags->names[i]);
	if (!versions->options.shared)
		return ERR_OK;
	if (versions->released) {
		if (send_tags(versions, tags, NULL, NULL) != ERR_OK)
			leave_unraised(versions);
		return ERR_OK;
	}
	raise = raise_create(versions, raised, context);
	if (send_tags(versions, tags, on_raised, raise) == ERR_OK)
		return ERR_PENDING;
	if (has_to_wait(versions) && raised) {
		hold_back(raise);
		return ERR_PENDING;
	}
	raise_destroy(raise);
	return ERR_OK;
}

void versions_release(struct versions *versions)
{
	versions->released = true;
	let_go(versions);
}

/* ---- The way back ---- */

/* Everything is raised, for what was not. */
struct mending {
	struct versions *versions;
	uint64_t era, unraised;
};

static void on_everything_raised(void *context, enum err err, const struct redis_value *value)
{
	struct mending *mending = context;
	struct versions *versions = mending->versions;

	versions->mending = false;
	if (err == ERR_UPSTREAM)
		note_refusal(versions, value);
	if (err == ERR_OK && mending->era == era_of(versions) &&
	    mending->unraised == versions->unraised)
		versions->clean_era = mending->era;
	free(mending);
}

/* Whatever was not raised is now, with everything else. */
static void raise_everything(struct versions *versions)
{
	char name[NAME_SIZE];
	struct redis_text key = key_of(versions, everything, name);
	struct mending *mending = MEMORY_NEW(struct mending);

	*mending = (struct mending){ versions, era_of(versions), versions->unraised };
	versions->mending = send_raise(versions, &key, 1, on_everything_raised, mending) == ERR_OK;
	if (!versions->mending)
		free(mending);
}

/* Redis is there, and nothing that was missed there can be found any more. */
static bool is_mended(const struct versions *versions)
{
	return is_up(versions) && versions->clean_era == era_of(versions);
}

static void end_missing(struct versions *versions)
{
	if (versions->refused)
		log_info("redis", "state", "it takes what the cache writes again", NULL);
	versions->refused = versions->missing = false;
	let_go(versions);
}

/* Who has no Redis never has raised anything. */
static bool is_away(const struct versions *versions)
{
	return !versions->options.redis || now(versions) - versions->last_up_ms >= AWAY_MS;
}

static void on_tick(uv_timer_t *timer)
{
	struct versions *versions = timer->data;

	int64_t now_ms = now(versions);

	if (is_up(versions))
		versions->last_up_ms = now_ms;
	else if (is_away(versions))
		begin_missing(versions);
	if (!versions->missing)
		return;
	if (is_mended(versions)) {
		end_missing(versions);
		return;
	}
	if (others_know(versions))
		let_go(versions);
	if (now_ms - versions->last_try_ms >= DECLARE_MS)
		declare(versions);
	if (is_up(versions) && !versions->mending)
		raise_everything(versions);
}

/* ---- Life ---- */

struct versions *versions_create(const struct versions_options *options)
{
	struct versions *versions = MEMORY_NEW(struct versions);

	versions->options = *options;
	list_init(&versions->raises);
	list_init(&versions->held_back);
	randombytes_buf(versions->hash_key, sizeof(versions->hash_key));
	if (!versions->options.now_ms)
		versions->options.now_ms = clock_monotonic_ms;
	versions->last_up_ms = now(versions);
	uv_timer_init(&options->loop->uv, &versions->timer);
	versions->timer.data = versions;
	if (options->shared)
		uv_timer_start(&versions->timer, on_tick, TICK_MS, TICK_MS);
	return versions;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void versions_destroy(struct versions *versions)
{
	if (!versions)
		return;
	versions->closed = true;
	let_go(versions);
	uv_close((uv_handle_t *)&versions->timer, on_timer_closed);
}
