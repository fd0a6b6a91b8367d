/*
 * Private to db/: hears what is notified on one channel of PostgreSQL.
 *
 * A thread of its own holds a connection beside the pool's, since opening one may block, and sleeps on its socket. When
 * it hears something it wakes the loop; what comes before the loop has got to it is told once. A connection that was
 * lost is opened again, after a pause that grows.
 *
 * Created and ended on the loop's thread.
 */
#ifndef WEBPLUS_DB_POSTGRES_LISTENER_H
#define WEBPLUS_DB_POSTGRES_LISTENER_H

#include "base/loop.h"
#include "db/engine.h"

/* `channel` and what it is called with are those of db_listen. */
struct db_listener *postgres_listener_create(const char *url, struct loop *loop,
					     const char *channel, void (*heard)(void *context),
					     void *context);

#endif
