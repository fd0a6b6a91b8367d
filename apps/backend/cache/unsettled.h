/*
 * Tags of writes that got ERR_UNCONFIRMED: what they wrote may be seen at any time from then on, or never, so that raising
 * once is not enough: who reads before it is seen would keep what was there before under the new versions.
 *
 * They are raised again each second until the transaction is surely over, and then once more. It has come to the database, or never
 * will, when UNSETTLED_MS have passed; then the database draws a number (db_horizon), and every transaction that was under way is
 * over when there is none with a smaller one. Where the database cannot say so, the tags go on being raised.
 *
 * Loop thread only.
 */
#ifndef WEBPLUS_CACHE_UNSETTLED_H
#define WEBPLUS_CACHE_UNSETTLED_H

#include "cache/versions.h"
#include "db/database.h"

/* Longer than TCP goes on sending what a connection that was given up has left: 15 s (db/postgres_connect.c). */
enum { UNSETTLED_MS = 60 * 1000, UNSETTLED_RAISE_MS = 1000 };

struct unsettled;

struct unsettled_options {
	struct loop *loop;
	void (*raise)(void *context, const struct tags *tags);
	/* Begins to ask for the horizon; unsettled_look_done follows, later. */
	void (*look)(void *context);
	void *context;
	int64_t (*now_ms)(void); /* NULL: the monotonic clock; another one is a test's */
	uint64_t raise_ms;       /* UNSETTLED_RAISE_MS when 0; fewer are a test's */
};

struct unsettled *unsettled_create(const struct unsettled_options *options);
/* No look may be under way. NULL is fine. */
void unsettled_destroy(struct unsettled *unsettled);

/* The caller has raised them. */
void unsettled_add(struct unsettled *unsettled, const struct tags *tags);
/* NULL: it could not be had. */
void unsettled_look_done(struct unsettled *unsettled, const struct db_horizon *horizon);
/* Of how many writes it is not known what became of them. */
size_t unsettled_count(const struct unsettled *unsettled);

#endif
