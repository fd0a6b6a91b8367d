/*
 * The program's services, as handlers reach them through their request. Made by serve.c, or by installation.c for a command, before the first request and
 * constant afterwards; each service says in its header which thread may call it.
 */
#ifndef WEBPLUS_APP_H
#define WEBPLUS_APP_H

struct app {
	const struct config *config;
	struct loop *loop;
	struct pool *workers;
	struct keyring *keyring;
	struct db *db;
	int lock;               /* of the database, as db/lock.h says; the installation's */
	struct db_claim *claim; /* of the server's name among several; NULL: it has none */
	struct client *client;
	struct redis_client *redis; /* NULL: none is set */
	struct caching *caching;    /* NULL: nothing is kept, and nobody else keeps anything */
	struct registry *models;
	struct topics *topics;
	struct bus *bus; /* NULL: this node is alone, or the others are not heard */
	struct relay *relay;
	struct connection_manager *sockets;
	struct authentication *authentication;
	struct metrics *metrics;
	struct rate_limits *limits;
	struct sign_in_guard *sign_in_guard;
	struct compression *compression; /* NULL: nothing is compressed */
	struct setup *setup;
	struct generations *generations;
	struct event_streams *event_streams;
	struct indexer *indexer;
	struct rights *rights;
	struct erasure *erasure; /* NULL in some tests */
	struct readiness *readiness;
	struct server *server;
};

#endif
