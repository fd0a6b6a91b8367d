#include "websockets/limits.h"

#include "base/memory.h"
#include "http/networks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void limits_init(struct limits *limits, const struct socket_limits *max)
{
	*limits = (struct limits){ .max = *max };
	map_init(&limits->users);
	map_init(&limits->addresses);
}

static void free_party(const char *key, void *value, void *context)
{
	(void)key;
	(void)context;
	free(value);
}

void limits_finish(struct limits *limits)
{
	assert(limits->sockets == 0);
	map_each(&limits->users, free_party, NULL);
	map_each(&limits->addresses, free_party, NULL);
	map_finish(&limits->users);
	map_finish(&limits->addresses);
}

static struct party *find_or_add(struct map *parties, const char *key)
{
	struct party *party = map_get(parties, key);
	size_t size = strlen(key) + 1;

	if (party != NULL)
		return party;
	party = memory_alloc(sizeof(*party) + size);
	memcpy(party->key, key, size);
	map_set(parties, key, party);
	return party;
}

enum refusal limits_enter(struct limits *limits, const char *peer, struct party **ret_address)
{
	char group[ADDRESS_GROUP_SIZE];
	struct party *address;

	if (limits->sockets >= limits->max.total)
		return REFUSED_TOTAL;
	address_group(peer, group);
	address = find_or_add(&limits->addresses, group);
	if (address->sockets >= limits->max.per_address)
		return REFUSED_ADDRESS;
	address->sockets++;
	limits->sockets++;
	*ret_address = address;
	return REFUSED_NOT;
}

enum refusal limits_admit(struct limits *limits, const char *user_id, struct party **ret_user)
{
	struct party *user = find_or_add(&limits->users, user_id);

	if (user->sockets >= limits->max.per_user)
		return REFUSED_USER;
	user->sockets++;
	*ret_user = user;
	return REFUSED_NOT;
}

void limits_leave(struct limits *limits, struct party *address, struct party *user)
{
	limits->sockets--;
	if (--address->sockets == 0) {
		map_remove(&limits->addresses, address->key);
		free(address);
	}
	if (user != NULL)
		user->sockets--;
}

struct sweeping {
	struct map *users;
	int64_t now_us;
};

static void sweep(const char *key, void *value, void *context)
{
	struct sweeping *sweeping = context;
	struct party *user = value;

	if (user->sockets > 0 || !rates_full(&user->rates, sweeping->now_us))
		return;
	map_remove(sweeping->users, key);
	free(user);
}

void limits_sweep(struct limits *limits, int64_t now_us)
{
	struct sweeping sweeping = { &limits->users, now_us };

	map_each(&limits->users, sweep, &sweeping);
}
