#include "serve.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "chat/chat_store.h"
#include "chat/event_stream.h"
#include "chat/generation.h"
#include "http/client.h"
#include "http/server.h"
#include "installation.h"
#include "keys/keys.h"
#include "middleware/authentication.h"
#include "middleware/metrics.h"
#include "models/models.h"
#include "providers/provider.h"
#include "routes.h"
#include "websockets/connection_manager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server and what only its start and end need. */
struct program {
	struct app app;
	struct loop loop;
	struct topics topics;
	struct arena arena;
	uv_signal_t terminate, interrupt;
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

/* Until the last request was answered, answers may begin. */
static void on_server_drained(void *context)
{
	struct program *program = context;

	generations_await(program->app.generations, on_drained, program);
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
	program->busy = 2;
	generations_drain(app->generations, grace_ms);
	server_drain(app->server, grace_ms, on_server_drained, program);
	rights_stop(app->rights, on_drained, program);
}

static void watch_signals(struct program *program)
{
	program->terminate.data = program;
	program->interrupt.data = program;
	uv_signal_init(&program->loop.uv, &program->terminate);
	uv_signal_init(&program->loop.uv, &program->interrupt);
	uv_signal_start(&program->terminate, on_signal, SIGTERM);
	uv_signal_start(&program->interrupt, on_signal, SIGINT);
}

static void close_signals(struct program *program)
{
	uv_close((uv_handle_t *)&program->terminate, NULL);
	uv_close((uv_handle_t *)&program->interrupt, NULL);
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
		.refresh_ms = 30 * 1000,
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
	struct connection_manager_options options = {
		.loop = &program->loop,
		.workers = program->app.workers,
		.app = &program->app,
		.topics = &program->topics,
		.kinds = topic_kinds,
		.authenticate = authenticate,
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

/* What the run before left streaming is interrupted, before anybody can ask for it. */
static enum err create_generations(struct program *program)
{
	struct app *app = &program->app;
	struct node node;
	int64_t interrupted = 0;
	const char *id;
	enum err err = installation_node_id(app->config, &program->arena, &id, &program->reason);

	if (err != ERR_OK)
		return err;
	err = id ? node_join(app->db, id, &program->arena, &node)
		 : node_start(app->db, &program->arena, &node);
	if (err != ERR_OK) {
		program->reason = "the database could not be written";
		return err;
	}
	app->generations = generations_create(app, &node);
	err = generations_recover(app->generations, &interrupted);
	if (interrupted > 0)
		log_info("answers of the run before were interrupted", NULL);
	return err;
}

static enum err create_services(struct program *program)
{
	struct app *app = &program->app;

	app->workers = pool_create("worker", (unsigned)app->config->workers);
	app->client = client_create(app->loop);
	app->authentication = authentication_create(app, session_load, key_load);
	app->metrics = metrics_create();
	app->setup = setup_create(app);
	app->rights = rights_create(app);
	app->event_streams = event_streams_create(app);
	create_models(app);
	create_sockets(program);
	return create_generations(program);
}

/*
 * First the workers: what they still work on may post to the loop, for services that must be there
 * to hear it.
 */
static void destroy_services(struct program *program)
{
	struct app *app = &program->app;

	pool_destroy(app->workers);
	uv_run(&program->loop.uv, UV_RUN_NOWAIT);
	generations_destroy(app->generations);
	event_streams_destroy(app->event_streams);
	rights_destroy(app->rights);
	connection_manager_destroy(app->sockets);
	topics_finish(&program->topics);
	registry_destroy(app->models);
	setup_destroy(app->setup);
	metrics_destroy(app->metrics);
	authentication_destroy(app->authentication);
	client_destroy(app->client);
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
					  .spill_folder = app->config->data };
	enum err err = server_create(&options, &app->server, &program->reason);

	if (err != ERR_OK)
		return err;
	err = server_listen(app->server, app->config->listen, &program->reason);
	if (err != ERR_OK)
		program->reason = arena_printf(&program->arena, "cannot listen on %s: %s",
					       app->config->listen, program->reason);
	return err;
}

/* "http://127.0.0.1:8080", with the port that was really taken. */
static const char *own_url(struct program *program)
{
	const char *listen = program->app.config->listen, *colon = strrchr(listen, ':');

	if (program->app.config->public_url)
		return program->app.config->public_url;
	return arena_printf(&program->arena, "http://%.*s:%d", (int)(colon - listen), listen,
			    server_port(program->app.server));
}

static void greet(struct program *program)
{
	const char *token = setup_token(program->app.setup), *url = own_url(program);

	log_info("listening", "url", url, "version", WEBPLUS_VERSION, NULL);
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
	loop_run(&program->loop);
	close_signals(program);
	audit_log_tip(&program->app);
	log_info("stopped", NULL);
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

int serve(const struct config *config)
{
	struct program *program = MEMORY_NEW(struct program);
	enum err err;

	program->app.config = config;
	program->app.loop = &program->loop;
	program->reason = "it could not be started";
	arena_init(&program->arena);
	loop_init(&program->loop);
	err = installation_open(&program->app, INSTALLATION_SERVE, &program->arena,
				&program->reason);
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
