#include "serve.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "auth/sign_in_guard.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "cache/redis_client.h"
#include "chat/event_stream.h"
#include "chat/generation.h"
#include "chat/relay.h"
#include "chat/stream_store.h"
#include "config_check.h"
#include "http/client.h"
#include "http/server.h"
#include "installation.h"
#include "keys/keys.h"
#include "middleware/authentication.h"
#include "middleware/cache.h"
#include "middleware/compression.h"
#include "middleware/metrics.h"
#include "middleware/rate_limit.h"
#include "models/models.h"
#include "providers/provider.h"
#include "routes.h"
#include "search/search.h"
#include "security/keyring.h"
#include "security/password.h"
#include "service/readiness.h"
#include "websockets/bus.h"
#include "websockets/connection_manager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The server and what only its start and end need. */
struct program {
	struct app app;
	struct loop loop;
	struct topics topics;
	struct config_forms forms;
	struct arena arena;
	uv_signal_t terminate, interrupt;
	uv_timer_t grace;   /* after the signal */
	int busy;           /* parts that still drain */
	const char *reason; /* why it does not start */
};

/* ---- The end ---- */

static void on_drained(void *context)
{
	struct program *program = context;

	if (--program->busy == 0)
		loop_stop(&program->loop);
}

/*
 * Until the last request was answered, answers may begin; until their ends were told, other servers may have to hear that they can
 * trust nothing, which `rights` says.
 */
static void on_told(void *context)
{
	struct program *program = context;

	rights_stop(program->app.rights, on_drained, program);
}

static void on_generations_ended(void *context)
{
	struct program *program = context;

	cache_await(&program->app, on_told, program);
}

static void on_server_drained(void *context)
{
	struct program *program = context;

	generations_await(program->app.generations, on_generations_ended, program);
}

/* The connections have been closed: what was written is acknowledged to nobody any more. */
static void on_grace_over(uv_timer_t *grace)
{
	struct program *program = grace->data;

	cache_release(&program->app);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct program *program = handle->data;
	struct app *app = &program->app;
	int64_t grace_ms = app->config->drain_seconds * 1000;

	if (program->busy > 0) {
		log_warning("stopped before it had drained", NULL);
		_Exit(128 + number);
	}
	log_info("draining", NULL);
	program->busy = 3;
	generations_drain(app->generations, grace_ms);
	server_drain(app->server, grace_ms, on_server_drained, program);
	uv_timer_start(&program->grace, on_grace_over, (uint64_t)grace_ms,
		       0); /* behind the server's */
	indexer_stop(app->indexer, on_drained, program);
	erasure_stop(app->erasure, on_drained, program);
}

static void watch_signals(struct program *program)
{
	program->terminate.data = program;
	program->interrupt.data = program;
	program->grace.data = program;
	uv_timer_init(&program->loop.uv, &program->grace);
	uv_signal_init(&program->loop.uv, &program->terminate);
	uv_signal_init(&program->loop.uv, &program->interrupt);
	uv_signal_start(&program->terminate, on_signal, SIGTERM);
	uv_signal_start(&program->interrupt, on_signal, SIGINT);
}

static void close_signals(struct program *program)
{
	uv_close((uv_handle_t *)&program->terminate, NULL);
	uv_close((uv_handle_t *)&program->interrupt, NULL);
	uv_close((uv_handle_t *)&program->grace, NULL);
}

/* ---- The services ---- */

static void on_models_changed(void *context)
{
	models_changed(context);
}

/* 0 when the kernel chooses it: no model server has such a port. */
static int own_port(const struct config *config)
{
	const char *colon = strrchr(config->listen, ':');

	return colon ? (int)strtol(colon + 1, NULL, 10) : 0;
}

static void create_models(struct app *app)
{
	const struct config *config = app->config;
	struct registry_options options = {
		.loop = app->loop,
		.workers = app->workers,
		.client = app->client,
		.times = { config->upstream_connect_ms, config->upstream_first_byte_ms,
			   config->upstream_stall_ms },
		.openai_url = config->openai_url,
		.openai_key = config->openai_api_key,
		.ollama_url = config->ollama_url,
		.discover = config->discover,
		.own_port = own_port(config),
		.refresh_ms = config->models_refresh_seconds * 1000,
		.guide_words_per_second = (int)config->guide_words_per_second,
		.changed = on_models_changed,
		.context = app,
	};

	app->models = registry_create(&options);
}

static enum err authenticate(struct app *app, const char *token, struct principal *ret_principal)
{
	return authentication_check(app->authentication, token, ret_principal);
}

static void create_sockets(struct program *program)
{
	const struct config *config = program->app.config;
	struct connection_manager_options options = {
		.loop = &program->loop,
		.workers = program->app.workers,
		.app = &program->app,
		.topics = &program->topics,
		.kinds = topic_kinds,
		.authenticate = authenticate,
		.credential = authentication_credential,
		.sockets = { (unsigned)config->websockets_per_user,
			     (unsigned)config->websockets_per_address,
			     (unsigned)config->websockets_total },
		.pending_max = 1024 * 1024,
		.message_max = 64 * 1024,
		.subscriptions_max = 256,
		.authenticate_ms = 10 * 1000,
		.ping_ms = 30 * 1000,
	};

	topics_init(&program->topics);
	program->app.topics = &program->topics;
	program->app.sockets = connection_manager_create(&options);
}

/* Its keys and channels begin with the name of the master key, so that installations can share a Redis. */
static enum err create_redis(struct program *program)
{
	struct app *app = &program->app;
	char fingerprint[KEY_FINGERPRINT_SIZE];

	if (!app->config->redis_url)
		return ERR_OK;
	keyring_fingerprint(app->keyring, fingerprint);
	return redis_client_create(app->loop, app->config->redis_url,
				   arena_printf(&program->arena, "webplus:%s:", fingerprint),
				   &app->redis, &program->reason);
}

static enum err create_generations(struct program *program)
{
	struct app *app = &program->app;
	struct node node;
	const char *id;
	enum err err = installation_node_id(app, &program->arena, &id, &program->reason);

	if (err != ERR_OK)
		return err;
	err = id ? node_join(app->db, id, &program->arena, &node)
		 : node_start(app->db, &program->arena, &node);
	if (err != ERR_OK) {
		program->reason = "the database could not be written";
		return err;
	}
	app->generations = generations_create(app, &node);
	return ERR_OK;
}

/* What the run before left streaming is interrupted, before anybody can ask for it. */
static enum err recover_generations(struct program *program)
{
	int64_t interrupted = 0;
	enum err err = generations_recover(program->app.generations, &interrupted);

	if (interrupted > 0)
		log_info("answers of the run before were interrupted", NULL);
	return err;
}

static struct client *create_client(const struct app *app)
{
	const struct config *config = app->config;
	const struct client_limits limits = {
		.per_host = (unsigned)config->upstream_per_host,
		.total = (unsigned)config->upstream_total,
		.queue_ms = config->upstream_queue_ms,
		.idle_ms = config->upstream_idle_seconds * 1000,
		.life_ms = config->upstream_life_seconds * 1000,
	};

	return client_create(app->loop, &limits, config->upstream_ca_file);
}

/* Nodes that share a database and a Redis share what happens on topics. */
static void create_bus(struct app *app)
{
	if (app->redis)
		app->bus =
			bus_create(app->loop, app->redis, generations_node(app->generations)->id);
	app->relay = relay_create(app);
}

/* Others may write to a PostgreSQL; a SQLite file has one server. */
static bool is_shared(const struct config *config)
{
	return config->database_url && strncmp(config->database_url, "postgres", 8) == 0;
}

static enum err create_services(struct program *program)
{
	struct app *app = &program->app;
	enum err err = create_redis(program);

	if (err != ERR_OK)
		return err;
	app->limits = rate_limits_create(app, &program->forms.exempt);
	app->workers = pool_create("worker", (unsigned)app->config->workers);
	password_limit_waiting((unsigned)app->config->workers / 4);
	app->client = create_client(app);
	app->caching = caching_create(app, is_shared(app->config), rights_declare, app);
	app->authentication = authentication_create(app, session_load, key_load);
	app->metrics = metrics_create(app->loop);
	app->sign_in_guard = sign_in_guard_create();
	app->compression = app->config->compression ? compression_create() : NULL;
	app->setup = setup_create(app);
	app->rights = rights_create(app, RIGHTS_WINDOW_MS, RIGHTS_KEPT_MS);
	app->erasure = erasure_create(app);
	app->event_streams = event_streams_create(app);
	app->indexer = indexer_create(app);
	app->readiness = readiness_create(app);
	create_models(app);
	create_sockets(program);
	err = create_generations(program);
	if (err != ERR_OK)
		return err;
	create_bus(app);
	return recover_generations(program);
}

/*
 * First the workers: what they still work on may post to the loop, for services that must be there
 * to hear it.
 */
static void destroy_services(struct program *program)
{
	struct app *app = &program->app;

	redis_client_destroy(app->workers ? NULL : app->redis);
	if (!app->workers)
		return; /* nor anything else */
	pool_destroy(app->workers);
	cache_release(app); /* who could be told is not there any more */
	uv_run(&program->loop.uv, UV_RUN_NOWAIT);
	relay_destroy(app->relay);
	generations_destroy(app->generations);
	event_streams_destroy(app->event_streams);
	readiness_destroy(app->readiness);
	indexer_destroy(app->indexer);
	erasure_destroy(app->erasure);
	rights_destroy(app->rights);
	connection_manager_destroy(app->sockets);
	topics_finish(&program->topics);
	registry_destroy(app->models);
	setup_destroy(app->setup);
	compression_destroy(app->compression);
	metrics_destroy(app->metrics);
	rate_limits_destroy(app->limits);
	sign_in_guard_destroy(app->sign_in_guard);
	authentication_destroy(app->authentication);
	client_destroy(app->client);
	bus_destroy(app->bus);
	redis_client_destroy(app->redis);
	caching_destroy(app->caching);
}

/* ---- The server ---- */

static enum err listen_to(struct program *program)
{
	struct app *app = &program->app;
	struct server_options options = { .loop = app->loop,
					  .workers = app->workers,
					  .app = app,
					  .routes = route_tables,
					  .middlewares = middlewares,
					  .limits = server_limits_default,
					  .spill_folder = app->config->data,
					  .proxies = &program->forms.proxies };
	enum err err;

	options.limits.connections_per_address = (unsigned)app->config->connections_per_address;
	err = server_create(&options, &app->server, &program->reason);
	if (err != ERR_OK)
		return err;
	err = server_listen(app->server, app->config->listen, &program->reason);
	if (err != ERR_OK)
		program->reason = arena_printf(&program->arena, "cannot listen on %s: %s",
					       app->config->listen, program->reason);
	return err;
}

/* "127.0.0.1:8080", with the port that was really taken. */
static const char *own_address(struct program *program)
{
	const char *listen = program->app.config->listen, *colon = strrchr(listen, ':');

	return arena_printf(&program->arena, "%.*s:%d", (int)(colon - listen), listen,
			    server_port(program->app.server));
}

static void greet(struct program *program)
{
	const char *token = setup_token(program->app.setup), *address = own_address(program);
	const char *url = program->app.config->public_url;

	if (!url)
		url = arena_printf(&program->arena, "http://%s", address);
	log_info("listening", "url", url, "version", WEBPLUS_VERSION, "address", address, NULL);
	if (token) {
		printf("Set up: %s/setup?token=%s\n", url, token);
		fflush(stdout);
	}
}

static void run(struct program *program)
{
	greet(program);
	watch_signals(program);
	registry_start(program->app.models);
	generations_start(program->app.generations);
	rights_start(program->app.rights);
	erasure_start(program->app.erasure);
	indexer_start(program->app.indexer);
	loop_run(&program->loop);
	close_signals(program);
	audit_log_tip(&program->app);
	log_info("stopped", NULL);
}

static enum err open_installation(struct program *program)
{
	enum err err = config_check(program->app.config, &program->arena, &program->forms,
				    &program->reason);

	return err == ERR_OK ? installation_open(&program->app, INSTALLATION_SERVE, &program->arena,
						 &program->reason)
			     : err;
}

static enum err serve_installation(struct program *program)
{
	enum err err = create_services(program);

	if (err == ERR_OK)
		err = listen_to(program);
	if (err == ERR_OK)
		run(program);
	server_destroy(program->app.server);
	destroy_services(program);
	return err;
}

/* Each socket is a descriptor, and the usual limit is one for programs that know no others. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("the limit of open files could not be raised", NULL);
}

int serve(const struct config *config)
{
	struct program *program = MEMORY_NEW(struct program);
	enum err err;

	raise_descriptor_limit();
	search_switch(config->search);
	program->app.config = config;
	program->app.loop = &program->loop;
	program->reason = "it could not be started";
	arena_init(&program->arena);
	loop_init(&program->loop);
	err = open_installation(program);
	if (err == ERR_OK) {
		err = serve_installation(program);
		installation_close(&program->app);
	}
	if (err != ERR_OK)
		fprintf(stderr, "webplus: %s\n", program->reason);
	loop_finish(&program->loop);
	arena_finish(&program->arena);
	free(program);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
