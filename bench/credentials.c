/*
 * credentials FOLDER: what it costs to know who asks, once a credential was seen: the middleware's work for a request with
 * an access token, and for one with an API key, each of 4 096 that are asked for in no order. Prints microseconds of
 * processor time for either. The database is played: it must be asked once for each.
 */
#include "app.h"
#include "http/request.h"
#include "http/route.h"
#include "middleware/authentication.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KNOWN = 4096, REQUESTS = 500 * 1000, HEADER_SIZE = JWT_LENGTH_MAX + 8 };

static long asked;

static enum err answer(const char *user_id, const char *session_id, bool by_key,
		       struct principal *ret_principal)
{
	asked++;
	*ret_principal = (struct principal){
		.role = ROLE_USER,
		.permissions = builtin_role_find(ROLE_USER)->permissions,
		.expires_ms = clock_now().ms + 3600000,
		.by_key = by_key,
	};
	memcpy(ret_principal->user_id, user_id, ID_SIZE);
	memcpy(ret_principal->session_id, session_id, ID_SIZE);
	return ERR_OK;
}

static enum err load_session(struct app *app, const struct claims *claims,
			     struct principal *ret_principal)
{
	(void)app;
	return answer(claims->user_id, claims->session_id, false, ret_principal);
}

static enum err load_key(struct app *app, const char *key, struct principal *ret_principal)
{
	char id[ID_SIZE];

	(void)app;
	(void)key;
	id_make(id);
	return answer(id, id, true, ret_principal);
}

static const struct route route = { "GET", "/", .access = "chat:read", .doc = "Anything." };

/* What a browser sends. */
static bool ask(struct app *app, const char *authorization)
{
	const struct text_pair headers[] = { { "host", "127.0.0.1:8080" },
					     { "user-agent", "Mozilla/5.0 (X11; Linux x86_64)" },
					     { "accept", "application/json" },
					     { "accept-language", "en" },
					     { "accept-encoding", "gzip, deflate, br, zstd" },
					     { "authorization", authorization },
					     { 0 } };
	struct request request = { .app = app, .route = &route, .headers = headers };
	enum err err;

	arena_init(&request.arena);
	err = authentication_middleware.admit(&request);
	if (err == ERR_OK)
		err = authentication_middleware.prepare(&request);
	arena_finish(&request.arena);
	return err == ERR_OK && request.principal;
}

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* -1: one was refused, or the database was asked again. */
static double measure(struct app *app, char (*credentials)[HEADER_SIZE])
{
	double start;

	asked = 0;
	for (int i = 0; i < KNOWN; i++)
		if (!ask(app, credentials[i]))
			return -1;
	start = cpu_us();
	for (int i = 0; i < REQUESTS; i++)
		if (!ask(app, credentials[randombytes_uniform(KNOWN)]))
			return -1;
	return asked == KNOWN ? (cpu_us() - start) / REQUESTS : -1;
}

static void make_token(const struct app *app, char text[static HEADER_SIZE])
{
	struct claims claims = { .issued = clock_now() };
	struct arena arena;

	claims.expires.ms = claims.issued.ms + 3600000;
	id_make(claims.user_id);
	id_make(claims.session_id);
	arena_init(&arena);
	snprintf(text, HEADER_SIZE, "Bearer %s", jwt_sign(app->keyring, &claims, &arena));
	arena_finish(&arena);
}

static void make_key(char text[static HEADER_SIZE])
{
	unsigned char bytes[32];
	char key[44];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(key, sizeof(key), bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(text, HEADER_SIZE, "Bearer " API_KEY_PREFIX "%s", key);
}

int main(int argc, char **argv)
{
	static char tokens[KNOWN][HEADER_SIZE], keys[KNOWN][HEADER_SIZE];
	struct app app = { 0 };
	double token_us, key_us;
	const char *reason;
	char path[4096];

	if (argc != 2 || sodium_init() < 0)
		return EXIT_FAILURE;
	snprintf(path, sizeof(path), "%s/master.key", argv[1]);
	if (keyring_open(NULL, path, &app.keyring, &reason) != ERR_OK)
		return EXIT_FAILURE;
	app.authentication = authentication_create(&app, load_session, load_key);
	for (int i = 0; i < KNOWN; i++) {
		make_token(&app, tokens[i]);
		make_key(keys[i]);
	}
	token_us = measure(&app, tokens);
	key_us = measure(&app, keys);
	authentication_destroy(app.authentication);
	keyring_destroy(app.keyring);
	printf("%.3f %.3f\n", token_us, key_us);
	return token_us > 0 && key_us > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
