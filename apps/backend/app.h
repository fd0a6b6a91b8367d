/*
 * The program's services, as handlers reach them through their request. Made by main before the first request and
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
	int lock; /* of the database, as db/lock.h says; the installation's */
	struct client *client;
	struct registry *models;
	struct topics *topics;
	struct connection_manager *sockets;
	struct authentication *authentication;
	struct metrics *metrics;
	struct setup *setup;
	struct generations *generations;
	struct event_streams *event_streams;
	struct rights *rights;
	struct server *server;
};

#endif
