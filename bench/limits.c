/*
 * limits: what the rate limiter costs in memory. Prints microseconds of processor time for
 *	one decision for one address,
 *	one for each of 10 000 addresses, asked for in no order,
 *	all that is decided of a request with an account, one of as many: for its address, and for the account,
 *	the same with the headers that tell the client.
 */
#include "app.h"
#include "config.h"
#include "http/request.h"
#include "middleware/gcra.h"
#include "middleware/rate_limit.h"
#include "security/authorize.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ADDRESSES = 10000, KEYS = 64 * 1024, DECISIONS = 2000 * 1000, KEY_MAX = 64 };

static char keys[ADDRESSES][KEY_MAX];

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void print_address(unsigned number, char *address, size_t size)
{
	snprintf(address, size, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
}

/* -1: one was refused, or a key gave way to another. */
static double measure_decisions(unsigned count)
{
	const struct gcra_limit limit = { 2 * DECISIONS, INT64_C(60000000) };
	struct gcra *gcra = gcra_create(KEYS);
	struct gcra_state left;
	double start = cpu_us();
	bool fine = true;

	/* A step that no power of two divides visits all, and jumps. */
	for (unsigned i = 0, key = 0; i < DECISIONS; i++, key = (key + 7919) % count)
		fine = gcra_take(gcra, keys[key], &limit, 1 + i, &left) && fine;
	start = cpu_us() - start;
	fine = fine && gcra_evictions(gcra) == 0;
	gcra_destroy(gcra);
	return fine ? start / DECISIONS : -1;
}

static const struct route route = { "GET", "/", .access = "chat:read", .doc = "Anything." };

static bool ask(struct app *app, const struct principal *principal, const char *peer, bool tell)
{
	struct request request = { .app = app, .route = &route, .peer = peer };
	enum err err;

	arena_init(&request.arena);
	buf_init(&request.reply.headers, 4096);
	err = rate_limit_middleware.admit(&request);
	request.principal = principal;
	if (err == ERR_OK)
		err = account_limit_middleware.admit(&request);
	if (err == ERR_OK && tell)
		rate_limit_middleware.decorate(&request);
	buf_finish(&request.reply.headers);
	arena_finish(&request.arena);
	return err == ERR_OK;
}

static double measure_requests(struct app *app, bool tell)
{
	static struct principal principals[ADDRESSES];
	static char peers[ADDRESSES][KEY_MAX];
	double start;

	for (unsigned i = 0; i < ADDRESSES; i++) {
		print_address(i, peers[i], KEY_MAX);
		snprintf(principals[i].user_id, ID_SIZE, "01890a5d-ac96-774b-bcce-%012u", i);
	}
	start = cpu_us();
	for (unsigned i = 0, key = 0; i < DECISIONS; i++, key = (key + 7919) % ADDRESSES)
		if (!ask(app, &principals[key], peers[key], tell))
			return -1;
	return (cpu_us() - start) / DECISIONS;
}

int main(void)
{
	const struct config config = { .rate_limits = true,
				       .rate_read = 1000 * 1000,
				       .rate_address_factor = 1 };
	const struct networks none = { .count = 0 };
	struct app app = { .config = &config };
	double one, many, request, told;
	char address[KEY_MAX - 8];

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	app.limits = rate_limits_create(&app, &none);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		print_address(i, address, sizeof(address));
		snprintf(keys[i], KEY_MAX, "a:read:%s", address);
	}
	one = measure_decisions(1);
	many = measure_decisions(ADDRESSES);
	request = measure_requests(&app, false);
	told = measure_requests(&app, true);
	rate_limits_destroy(app.limits);
	printf("%.3f %.3f %.3f %.3f\n", one, many, request, told);
	return one > 0 && many > 0 && request > 0 && told > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
