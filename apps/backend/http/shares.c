#include "http/shares.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct share *share_take(struct map *shares, const char *peer)
{
	char address[ADDRESS_GROUP_SIZE];
	struct share *share;

	address_group(peer, address);
	share = map_get(shares, address);
	if (share == NULL) {
		share = MEMORY_NEW(struct share);
		list_init(&share->idle);
		memcpy(share->address, address, sizeof(address));
		map_set(shares, address, share);
	}
	share->holders++;
	return share;
}

void share_give(struct map *shares, struct share *share)
{
	if (share == NULL || --share->holders > 0)
		return;
	map_remove(shares, share->address);
	free(share);
}
