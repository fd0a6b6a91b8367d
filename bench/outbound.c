/*
 * outbound URL SECONDS AT_ONCE: fetches a page over and over, so many at once, first over connections that are kept and then
 * with one for each fetch. Prints both rates, "12345 4321".
 */
#include "base/clock.h"
#include "http/client.h"

#include <stdio.h>
#include <stdlib.h>

struct run {
	struct loop loop;
	struct client *client;
	struct fetch_options options;
	int64_t end_ms;
	unsigned long done, failed;
	unsigned under_way;
};

static void start(struct run *run);

static void on_end(void *context, enum fetch_end end, int status)
{
	struct run *run = context;

	if (end == FETCH_OK && status == 200)
		run->done++;
	else
		run->failed++;
	run->under_way--;
	if (clock_monotonic_ms() < run->end_ms)
		start(run);
	else if (run->under_way == 0)
		loop_stop(&run->loop);
}

static void start(struct run *run)
{
	static const struct fetch_events events = { .end = on_end };

	run->under_way++;
	fetch_start(run->client, &run->options, &events, run);
}

static unsigned long measure(const char *url, const char *const *headers, int seconds, int at_once)
{
	struct run run = { .options = { .method = "GET", .url = url, .headers = headers } };

	loop_init(&run.loop);
	run.client = client_create(&run.loop, &client_limits_default, NULL);
	run.end_ms = clock_monotonic_ms() + seconds * 1000;
	for (int i = 0; i < at_once; i++)
		start(&run);
	loop_run(&run.loop);
	client_destroy(run.client);
	loop_finish(&run.loop);
	if (run.failed > 0) {
		fprintf(stderr, "outbound: %lu fetches failed\n", run.failed);
		exit(EXIT_FAILURE);
	}
	return run.done / (unsigned long)seconds;
}

int main(int argc, char **argv)
{
	static const char *const kept[] = { NULL }, *const closed[] = { "Connection: close", NULL };
	int seconds = argc == 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	int at_once = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;

	if (seconds <= 0 || at_once <= 0) {
		fprintf(stderr, "outbound URL SECONDS AT_ONCE\n");
		return EXIT_FAILURE;
	}
	printf("%lu %lu\n", measure(argv[1], kept, seconds, at_once),
	       measure(argv[1], closed, seconds, at_once));
	return EXIT_SUCCESS;
}
