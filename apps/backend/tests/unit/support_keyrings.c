#include "support_keyrings.h"

static const char master[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char other_master[] =
	"ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

struct keyring *keyring, *other;
struct arena arena;

int keyrings_set_up(void **state)
{
	const char *reason;

	(void)state;
	arena_init(&arena);
	return keyring_open(master, NULL, &keyring, &reason) != ERR_OK ||
	       keyring_open(other_master, NULL, &other, &reason) != ERR_OK;
}

int keyrings_tear_down(void **state)
{
	(void)state;
	keyring_destroy(keyring);
	keyring_destroy(other);
	arena_finish(&arena);
	return 0;
}
