/*
 * redis PORT SECONDS: how many keys a second a Redis on this machine is asked for, 16 at once, over the one connection of a
 * client, and by threads that open a connection for each. Prints the two numbers.
 */
#include "base/clock.h"
#include "cache/redis_client.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 16, PATIENCE_MS = 5000, LOOK_MS = 10, MS = 1000 };

#define KEY "bench:key"

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "redis: %s\n", what);
	exit(EXIT_FAILURE);
}

/* ---- Over one connection ---- */

struct run {
	struct loop loop;
	struct redis_client *client;
	uv_timer_t look; /* until the connection is up */
	int64_t end_ms;
	unsigned long answered;
	unsigned under_way;
};

static void ask(struct run *run);

static void on_answer(void *context, enum err err, const struct redis_value *value)
{
	struct run *run = context;

	(void)value;
	if (err != ERR_OK)
		fail("a command failed");
	run->answered++;
	run->under_way--;
	if (clock_monotonic_ms() < run->end_ms)
		ask(run);
	else if (run->under_way == 0)
		loop_stop(&run->loop);
}

static void ask(struct run *run)
{
	if (redis_call(run->client, PATIENCE_MS, on_answer, run, "GET", KEY, NULL) != ERR_OK)
		fail("a command was not sent");
	run->under_way++;
}

static void on_look(uv_timer_t *timer)
{
	struct run *run = timer->data;

	if (!redis_client_up(run->client))
		return;
	uv_close((uv_handle_t *)timer, NULL);
	run->end_ms += clock_monotonic_ms();
	for (int i = 0; i < AT_ONCE; i++)
		ask(run);
}

static unsigned long measure_kept(int port, int64_t ms)
{
	struct run run = { .end_ms = ms };
	const char *reason;
	char url[64];

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d/0", port);
	loop_init(&run.loop);
	if (redis_client_create(&run.loop, url, "bench:", &run.client, &reason) != ERR_OK)
		fail(reason);
	uv_timer_init(&run.loop.uv, &run.look);
	run.look.data = &run;
	uv_timer_start(&run.look, on_look, 0, LOOK_MS);
	loop_run(&run.loop);
	redis_client_destroy(run.client);
	loop_finish(&run.loop);
	return run.answered;
}

/* ---- Over one for each ---- */

struct alone {
	pthread_t thread;
	int port;
	int64_t end_ms;
	unsigned long answered;
};

static void ask_once(int port)
{
	static const char command[] = "*2\r\n$3\r\nGET\r\n$9\r\n" KEY "\r\n";
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons((uint16_t)port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[64];

	if (file < 0 || connect(file, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    write(file, command, sizeof(command) - 1) < 0 ||
	    read(file, answer, sizeof(answer)) <= 0)
		fail("a connection of its own was not answered");
	close(file);
}

static void *run_alone(void *context)
{
	struct alone *alone = context;

	while (clock_monotonic_ms() < alone->end_ms) {
		ask_once(alone->port);
		alone->answered++;
	}
	return NULL;
}

static unsigned long measure_alone(int port, int64_t ms)
{
	struct alone threads[AT_ONCE];
	unsigned long answered = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		threads[i] = (struct alone){ .port = port, .end_ms = clock_monotonic_ms() + ms };
		if (pthread_create(&threads[i].thread, NULL, run_alone, &threads[i]) != 0)
			fail("no thread");
	}
	for (int i = 0; i < AT_ONCE; i++) {
		pthread_join(threads[i].thread, NULL);
		answered += threads[i].answered;
	}
	return answered;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0;
	int64_t seconds = argc == 3 ? strtoll(argv[2], NULL, 10) : 0;

	if (port <= 0 || seconds <= 0) {
		fprintf(stderr, "redis PORT SECONDS\n");
		return EXIT_FAILURE;
	}
	printf("%lld %lld\n", (long long)measure_kept(port, seconds * MS) / seconds,
	       (long long)measure_alone(port, seconds * MS) / seconds);
	return EXIT_SUCCESS;
}
