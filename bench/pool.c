/*
 * pool URL SECONDS: how many small reads a second PostgreSQL answers to 16 threads, over the pool's connections and over
 * one opened for each. Prints the two numbers.
 */
#include "base/clock.h"
#include "db/database.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 16 };

struct number {
	int64_t value;
};

static const struct field number_fields[] = {
	FIELD(struct number, value, .doc = "One."),
	{ 0 },
};

static const struct schema number_schema = SCHEMA(struct number, number_fields, .name = "Number");
static const struct statement select_one = { "SELECT 1 AS value", &number_schema };

struct load {
	struct db *db;
	const char *url;
	int64_t end_ms;
	long answered;
	bool failed;
};

static bool read_pooled(const struct load *load)
{
	struct number number;

	return db_one(load->db, &select_one, ARGS_NONE, NULL, &number) == ERR_OK;
}

static bool read_alone(const struct load *load)
{
	PGconn *handle = PQconnectdb(load->url);
	PGresult *result = PQexec(handle, select_one.sql);
	bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;

	PQclear(result);
	PQfinish(handle);
	return answered;
}

static void *run(void *context)
{
	struct load *load = context;

	while (!load->failed && clock_monotonic_ms() < load->end_ms) {
		load->failed = load->db ? !read_pooled(load) : !read_alone(load);
		load->answered++;
	}
	return NULL;
}

/* -1: a read failed. */
static double measure(struct db *db, const char *url, int64_t ms)
{
	struct load loads[THREADS];
	pthread_t threads[THREADS];
	double answered = 0;
	bool failed = false;

	for (int i = 0; i < THREADS; i++) {
		loads[i] = (struct load){ db, url, clock_monotonic_ms() + ms, 0, false };
		if (pthread_create(&threads[i], NULL, run, &loads[i]) != 0)
			return -1;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		answered += (double)loads[i].answered;
		failed = failed || loads[i].failed;
	}
	return failed ? -1 : answered * 1000 / (double)ms;
}

int main(int argc, char **argv)
{
	struct db_options options = { .readers = THREADS };
	double pooled, alone;
	struct arena arena;
	const char *reason;
	struct db *db;
	int64_t ms;

	if (argc != 3)
		return EXIT_FAILURE;
	options.url = argv[1];
	ms = strtol(argv[2], NULL, 10) * 1000;
	arena_init(&arena);
	if (db_open(&options, &arena, &db, &reason) != ERR_OK) {
		fprintf(stderr, "pool: %s\n", reason);
		return EXIT_FAILURE;
	}
	pooled = measure(db, argv[1], ms);
	db_close(db);
	alone = measure(NULL, argv[1], ms);
	arena_finish(&arena);
	printf("%.0f %.0f\n", pooled, alone);
	return pooled > 0 && alone > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
