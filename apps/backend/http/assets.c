#include "http/assets.h"

#include <stdlib.h>
#include <string.h>

struct key {
	const char *path;
	size_t length;
};

static int compare(const void *key_pointer, const void *asset_pointer)
{
	const struct key *key = key_pointer;
	const struct asset *asset = asset_pointer;
	size_t length = strlen(asset->path);
	int order = memcmp(key->path, asset->path, key->length < length ? key->length : length);

	if (order != 0)
		return order;
	return (key->length > length) - (key->length < length);
}

const struct asset *asset_find(const char *path, size_t length)
{
	struct key key = { path, length };

	return bsearch(&key, assets, assets_count, sizeof(assets[0]), compare);
}
