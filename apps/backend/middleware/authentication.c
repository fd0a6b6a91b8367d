#include "middleware/authentication.h"

#include "app.h"
#include "base/map.h"
#include "base/memory.h"
#include "http/parse.h"
#include "middleware/rate_limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const protocol_prefix = "bearer.";

enum {
	HASH_BYTES = 16,
	HASH_TEXT_SIZE = HASH_BYTES * 2 + 1,
	GENERATION_MAX = 8192,
	LOOK_AGAIN_MS = 60 * 1000, /* at the session of a request that outlives its token */
};

/*
 * Known tokens, by hash, in two generations: when the young one is full it becomes the old one, and what was in that and
 * was not asked for since is forgotten.
 */
struct authentication {
	struct app *app;
	session_loader load_session;
	key_loader load_key;
	pthread_mutex_t lock;
	struct map young, old; /* to struct principal */
	/* how often rights have changed: a check that began before does not remember */
	uint64_t forgotten;
};

/* Whose request it is, and how often rights had changed when that was looked up. */
struct admitted {
	struct principal principal;
	uint64_t forgotten;
};

struct authentication *authentication_create(struct app *app, session_loader load_session,
					     key_loader load_key)
{
	struct authentication *authentication = MEMORY_NEW(struct authentication);

	authentication->app = app;
	authentication->load_session = load_session;
	authentication->load_key = load_key;
	pthread_mutex_init(&authentication->lock, NULL);
	map_init(&authentication->young);
	map_init(&authentication->old);
	return authentication;
}

static void free_principal(const char *key, void *value, void *context)
{
	(void)key;
	(void)context;
	free(value);
}

static void clear(struct map *generation)
{
	map_each(generation, free_principal, NULL);
	map_finish(generation);
	map_init(generation);
}

void authentication_destroy(struct authentication *authentication)
{
	if (!authentication)
		return;
	clear(&authentication->young);
	clear(&authentication->old);
	map_finish(&authentication->young);
	map_finish(&authentication->old);
	pthread_mutex_destroy(&authentication->lock);
	free(authentication);
}

/* ---- Known tokens ---- */

static void hash_token(const char *token, char text[static HASH_TEXT_SIZE])
{
	unsigned char hash[HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)token, strlen(token), NULL,
			   0);
	sodium_bin2hex(text, HASH_TEXT_SIZE, hash, sizeof(hash));
}

/* Under the lock. Takes the principal over. */
static void remember(struct authentication *authentication, const char *hash,
		     struct principal *principal)
{
	if (authentication->young.count >= GENERATION_MAX) {
		struct map old = authentication->old;

		authentication->old = authentication->young;
		authentication->young = old;
		clear(&authentication->young);
	}
	free(map_set(&authentication->young, hash, principal));
}

static bool find(struct authentication *authentication, const char *hash,
		 struct admitted *ret_admitted)
{
	struct principal *known;

	pthread_mutex_lock(&authentication->lock);
	known = map_get(&authentication->young, hash);
	if (!known) {
		known = map_remove(&authentication->old, hash);
		if (known)
			remember(authentication, hash, known);
	}
	if (known)
		*ret_admitted = (struct admitted){ *known, authentication->forgotten };
	pthread_mutex_unlock(&authentication->lock);
	return known && ret_admitted->principal.expires_ms > clock_now().ms;
}

struct forgetting {
	struct map *generation;
	const char *account_id, *session_id; /* NULL: any */
};

static void forget_if_meant(const char *key, void *value, void *context)
{
	struct forgetting *forgetting = context;
	struct principal *principal = value;

	if (forgetting->account_id && strcmp(principal->user_id, forgetting->account_id) != 0)
		return;
	if (forgetting->session_id && strcmp(principal->session_id, forgetting->session_id) != 0)
		return;
	free(map_remove(forgetting->generation, key));
}

void authentication_forget(struct authentication *authentication, const char *account_id,
			   const char *session_id)
{
	struct forgetting young = { &authentication->young, account_id, session_id };
	struct forgetting old = { &authentication->old, account_id, session_id };

	pthread_mutex_lock(&authentication->lock);
	authentication->forgotten++;
	map_each(&authentication->young, forget_if_meant, &young);
	map_each(&authentication->old, forget_if_meant, &old);
	pthread_mutex_unlock(&authentication->lock);
}

static uint64_t forgotten_now(struct authentication *authentication)
{
	uint64_t forgotten;

	pthread_mutex_lock(&authentication->lock);
	forgotten = authentication->forgotten;
	pthread_mutex_unlock(&authentication->lock);
	return forgotten;
}

static enum err load_session(struct authentication *authentication, const char *token,
			     struct principal *ret_principal)
{
	struct claims claims;
	enum err err = jwt_verify(authentication->app->keyring, token, clock_now(), &claims);

	if (err == ERR_OK)
		err = authentication->load_session(authentication->app, &claims, ret_principal);
	if (err == ERR_OK)
		ret_principal->expires_ms = claims.expires.ms;
	return err;
}

static enum err verify(struct authentication *authentication, const char *token, const char *hash,
		       struct admitted *admitted)
{
	struct principal *principal = &admitted->principal;
	bool is_key = strncmp(token, API_KEY_PREFIX, strlen(API_KEY_PREFIX)) == 0;
	struct principal *known;
	enum err err;

	admitted->forgotten = forgotten_now(authentication);
	err = is_key ? authentication->load_key(authentication->app, token, principal)
		     : load_session(authentication, token, principal);
	if (err != ERR_OK)
		return err;
	known = MEMORY_NEW(struct principal);
	*known = *principal;
	pthread_mutex_lock(&authentication->lock);
	if (admitted->forgotten == authentication->forgotten)
		remember(authentication, hash, known);
	else
		free(known);
	pthread_mutex_unlock(&authentication->lock);
	return ERR_OK;
}

static enum err check(struct authentication *authentication, const char *token,
		      struct admitted *ret_admitted)
{
	char hash[HASH_TEXT_SIZE];

	if (strlen(token) > JWT_LENGTH_MAX)
		return ERR_UNAUTHENTICATED;
	hash_token(token, hash);
	if (find(authentication, hash, ret_admitted))
		return ERR_OK;
	return verify(authentication, token, hash, ret_admitted);
}

enum err authentication_check(struct authentication *authentication, const char *token,
			      struct principal *ret_principal)
{
	struct admitted admitted;
	enum err err = check(authentication, token, &admitted);

	if (err == ERR_OK)
		*ret_principal = admitted.principal;
	return err;
}

/* ---- The middleware ---- */

/* RFC 6750, 2.1; the scheme's name knows no case. */
static const char *bearer(const struct request *request)
{
	const char *header = request_header(request, "authorization");

	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	return header + 7 + strspn(header + 7, " ");
}

static const char *bearer_protocol(struct request *request)
{
	const char *protocols = request_header_list(request, "sec-websocket-protocol"), *item;
	const size_t prefix = strlen(protocol_prefix);
	size_t length;

	while (protocols && list_next(&protocols, &item, &length))
		if (length > prefix && strncmp(item, protocol_prefix, prefix) == 0)
			return arena_strndup(&request->arena, item + prefix, length - prefix);
	return NULL;
}

const char *authentication_credential(struct request *request)
{
	const char *const ways[] = { bearer(request), request_header(request, "x-api-key"),
				     bearer_protocol(request) };
	const char *found = NULL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (found && ways[i] && strcmp(found, ways[i]) != 0)
			return "";
		found = found ? found : ways[i];
	}
	return found;
}

const struct principal *authentication_known(struct request *request)
{
	const char *token = authentication_credential(request);
	struct admitted *admitted = ARENA_NEW(&request->arena, struct admitted);
	char hash[HASH_TEXT_SIZE];

	if (!token || strlen(token) > JWT_LENGTH_MAX)
		return NULL;
	hash_token(token, hash);
	return find(request->app->authentication, hash, admitted) ? &admitted->principal : NULL;
}

bool authentication_claims(struct request *request, struct claims *ret_claims)
{
	const char *token = authentication_credential(request);
	struct admitted admitted = { 0 };
	char hash[HASH_TEXT_SIZE];

	if (!token || strlen(token) > JWT_LENGTH_MAX)
		return false;
	if (jwt_verify(request->app->keyring, token, clock_now(), ret_claims) == ERR_OK)
		return true;
	hash_token(token, hash);
	/* Known for too long to be admitted without a look, and for long enough to be told from a stranger. */
	(void)find(request->app->authentication, hash, &admitted);
	if (admitted.principal.user_id[0] == '\0')
		return false;
	*ret_claims = (struct claims){ 0 };
	memcpy(ret_claims->user_id, admitted.principal.user_id, ID_SIZE);
	memcpy(ret_claims->session_id, admitted.principal.session_id, ID_SIZE);
	return true;
}

static enum err challenge(struct request *request, bool had_token)
{
	reply_header(request, "WWW-Authenticate",
		     had_token ? "Bearer error=\"invalid_token\"" : "Bearer");
	return request_fail(request, ERR_UNAUTHENTICATED, "%s",
			    had_token ? "The access token is not valid, or not any more."
				      : "Sign in first.");
}

enum err authentication_require_person(struct request *request)
{
	if (!request->principal->by_key)
		return ERR_OK;
	return request_fail(request, ERR_FORBIDDEN,
			    "This takes a person who has signed in, not an API key.");
}

static enum err check_access(struct request *request)
{
	enum permission permission;
	const char *access = request->route->access;

	if (strcmp(access, ACCESS_SIGNED_IN) == 0)
		return ERR_OK;
	if (strcmp(access, ACCESS_SESSION) == 0)
		return authentication_require_person(request);
	if (!permission_find(access, &permission))
		return ERR_INTERNAL;
	if (authorize(request->principal, permission) != ERR_OK)
		return request_fail(request, ERR_FORBIDDEN, "This takes the permission %s.",
				    access);
	return request->route->person ? authentication_require_person(request) : ERR_OK;
}

static void set_principal(struct request *request, const struct admitted *admitted)
{
	struct admitted *own = ARENA_NEW(&request->arena, struct admitted);

	*own = *admitted;
	request->principal = &own->principal;
}

/* What others have ended says nothing of this one, but who was forgotten and is known again may have other rights. */
static bool is_known_as(struct request *request, const struct principal *principal)
{
	const struct principal *known = authentication_known(request);

	return known && known->permissions == principal->permissions &&
	       strcmp(known->session_id, principal->session_id) == 0;
}

bool authentication_stands(struct request *request)
{
	const struct admitted *admitted;

	if (!request->principal)
		return false;
	admitted = CONTAINER_OF(request->principal, const struct admitted, principal);
	if (admitted->principal.expires_ms <= clock_now().ms)
		return false;
	return admitted->forgotten == forgotten_now(request->app->authentication) ||
	       is_known_as(request, &admitted->principal);
}

void authentication_identify(struct request *request)
{
	const char *token = authentication_credential(request);
	struct admitted admitted;

	if (token && check(request->app->authentication, token, &admitted) == ERR_OK)
		set_principal(request, &admitted);
}

/* On the loop: refuses what needs no look at the database to be refused, and knows who was here before. */
static enum err admit(struct request *request)
{
	struct authentication *authentication = request->app->authentication;
	bool is_public = strcmp(request->route->access, ACCESS_PUBLIC) == 0;
	const char *token = authentication_credential(request);
	struct admitted admitted;
	char hash[HASH_TEXT_SIZE];
	enum err err;

	if (is_public)
		return ERR_OK;
	if (!token || strlen(token) > JWT_LENGTH_MAX) {
		err = rate_limit_stranger(request);
		return err == ERR_OK ? challenge(request, token != NULL) : err;
	}
	hash_token(token, hash);
	if (!find(authentication, hash, &admitted))
		return ERR_OK;
	set_principal(request, &admitted);
	return check_access(request);
}

/*
 * Whoever was admitted by an access token goes on for as long as the session is there, which may be longer: a large file
 * over a slow line.
 */
static enum err look_again(struct request *request, struct admitted *ret_admitted)
{
	struct authentication *authentication = request->app->authentication;
	const struct principal *was = request->principal;
	struct claims claims = { 0 };
	enum err err;

	if (!was || was->by_key)
		return check(authentication, authentication_credential(request), ret_admitted);
	memcpy(claims.user_id, was->user_id, ID_SIZE);
	memcpy(claims.session_id, was->session_id, ID_SIZE);
	ret_admitted->forgotten = forgotten_now(authentication);
	err = authentication->load_session(request->app, &claims, &ret_admitted->principal);
	if (err == ERR_OK)
		ret_admitted->principal.expires_ms = clock_now().ms + LOOK_AGAIN_MS;
	return err;
}

/* On a worker: whom the loop did not know, or does not know any more. */
static enum err prepare(struct request *request)
{
	struct admitted admitted;
	enum err err;

	/* A body may have been long in coming, and a reply is long in going. */
	if (strcmp(request->route->access, ACCESS_PUBLIC) == 0 || authentication_stands(request))
		return ERR_OK;
	err = look_again(request, &admitted);
	if (err == ERR_UNAUTHENTICATED)
		return challenge(request, true);
	if (err != ERR_OK)
		return err;
	set_principal(request, &admitted);
	return check_access(request);
}

const struct middleware authentication_middleware = { .name = "authentication",
						      .admit = admit,
						      .prepare = prepare };
