#include "base/id.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>

/*
 * RFC 9562, section 6.2, method 2: the 74 bits behind the milliseconds are random, and within one
 * millisecond (or while the clock runs backwards) they grow by a random step, so that ids increase
 * and still cannot be guessed from one another.
 */
static struct {
	pthread_mutex_t lock;
	int64_t ms;
	uint16_t high;           /* 12 bits, rand_a */
	uint64_t low;            /* 62 bits, rand_b */
	unsigned char pool[256]; /* random bytes, so that the kernel is asked once for many ids */
	size_t pool_used;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .pool_used = sizeof(state.pool) };

static const uint64_t LOW_MASK = (UINT64_C(1) << 62) - 1;

static void fill_pool(void)
{
	ssize_t got;

	do /* up to 256 bytes come whole, once the kernel's generator is seeded */
		got = getrandom(state.pool, sizeof(state.pool), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(state.pool))
		memory_exhausted();
	state.pool_used = 0;
}

static uint64_t take_random(size_t size)
{
	uint64_t value = 0;

	if (sizeof(state.pool) - state.pool_used < size)
		fill_pool();
	for (size_t i = 0; i < size; i++)
		value = value << 8 | state.pool[state.pool_used++];
	return value;
}

static void advance(int64_t now_ms)
{
	uint64_t step;

	if (now_ms > state.ms) {
		state.ms = now_ms;
		state.high =
			(uint16_t)(take_random(2) & 0x7FF); /* the top bit leaves room to grow */
		state.low = take_random(8) & LOW_MASK;
		return;
	}
	step = take_random(4) + 1;
	state.low += step;
	if (state.low <= LOW_MASK)
		return;
	state.low &= LOW_MASK;
	state.high++;
	if (state.high > 0xFFF) {
		state.high = 0;
		state.ms++;
	}
}

static char *put_hex(char *at, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
	return at + digits;
}

void id_make(char id[static ID_SIZE])
{
	int64_t now_ms = clock_now().ms;
	uint64_t ms, high, low;
	char *at = id;

	pthread_mutex_lock(&state.lock);
	advance(now_ms);
	ms = (uint64_t)state.ms;
	high = state.high;
	low = state.low;
	pthread_mutex_unlock(&state.lock);

	at = put_hex(at, ms >> 16, 8);
	*at++ = '-';
	at = put_hex(at, ms & 0xFFFF, 4);
	*at++ = '-';
	at = put_hex(at, 0x7000 | high, 4); /* version 7 */
	*at++ = '-';
	at = put_hex(at, 0x8000 | low >> 48, 4); /* variant 10 */
	*at++ = '-';
	at = put_hex(at, low & UINT64_C(0xFFFFFFFFFFFF), 12);
	*at = '\0';
}

bool id_valid(const char *text)
{
	for (int i = 0; i < ID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = text[i];
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (dash ? c != '-' : !hex)
			return false;
	}
	return text[ID_SIZE - 1] == '\0';
}
