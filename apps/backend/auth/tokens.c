#include "auth/tokens.h"

#include "app.h"
#include "auth/auth.h"
#include "config.h"
#include "middleware/authentication.h"
#include "websockets/connection_manager.h"

#include <sodium.h>
#include <string.h>

#define REFRESH_COOKIE "webplus_refresh"

enum { REFRESH_TOKEN_BYTES = 32, MS_PER_MINUTE = 60 * 1000 };

static const struct field session_reply_fields[] = {
	FIELD(struct session_reply, access_token, .doc = "A JWT, for `Authorization: Bearer`."),
	FIELD(struct session_reply, token_type, .doc = "Always `Bearer`."),
	FIELD(struct session_reply, expires_in, .unit = "s",
	      .doc = "How long the access token is valid."),
	FIELD(struct session_reply, user, .schema = &account_schema, .doc = "Who signed in."),
	{ 0 },
};

const struct schema session_reply_schema =
	SCHEMA(struct session_reply, session_reply_fields, .name = "Session",
	       .doc = "A sign-in. The refresh token comes as an HttpOnly cookie.");

static void make_token(char token[static REFRESH_TOKEN_SIZE])
{
	unsigned char bytes[REFRESH_TOKEN_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(token, REFRESH_TOKEN_SIZE, bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

static void hash_token(const struct app *app, const char *token, char text[static TOKEN_HASH_SIZE])
{
	unsigned char hash[(TOKEN_HASH_SIZE - 1) / 2];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)token, strlen(token),
			   keyring_key(app->keyring, KEY_REFRESH_TOKEN), KEY_SIZE);
	sodium_bin2hex(text, TOKEN_HASH_SIZE, hash, sizeof(hash));
}

static void set_cookie(struct request *request, const char *token, int64_t max_age_s)
{
	const char *url = request->app->config->public_url;
	bool secure = url && strncmp(url, "https://", 8) == 0;

	reply_header(
		request, "Set-Cookie",
		arena_printf(&request->arena,
			     REFRESH_COOKIE
			     "=%s; Path=/api/v1/auth; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
			     token, (long long)max_age_s, secure ? "; Secure" : ""));
}

static int64_t session_ms(const struct app *app)
{
	return app->config->session_days * 24 * 60 * MS_PER_MINUTE;
}

static enum err fill_reply(struct request *request, const struct account *account,
			   const char *session_id, struct timestamp now,
			   struct session_reply *reply)
{
	struct app *app = request->app;
	int64_t valid_ms = app->config->access_token_minutes * MS_PER_MINUTE;
	struct claims claims = { .issued = now, .expires = { now.ms + valid_ms } };

	memcpy(claims.user_id, account->id, ID_SIZE);
	memcpy(claims.session_id, session_id, ID_SIZE);
	reply->access_token = jwt_sign(app->keyring, &claims, &request->arena);
	reply->token_type = "Bearer";
	reply->expires_in = valid_ms / 1000;
	reply->user = *account;
	reply_header(request, "Cache-Control", "no-store");
	return reply->access_token ? ERR_OK : ERR_INTERNAL;
}

enum err session_open(struct request *request, const struct account *account,
		      struct session_reply *reply)
{
	struct app *app = request->app;
	struct timestamp now = clock_now();
	char id[ID_SIZE], token[REFRESH_TOKEN_SIZE], hash[TOKEN_HASH_SIZE];
	struct session session = { .id = id,
				   .account_id = account->id,
				   .created_at = now,
				   .expires_at = { now.ms + session_ms(app) } };
	enum err err;

	id_make(id);
	make_token(token);
	hash_token(app, token, hash);
	err = session_insert(app->db, &session, hash);
	if (err != ERR_OK)
		return err;
	set_cookie(request, token, session_ms(app) / 1000);
	return fill_reply(request, account, id, now, reply);
}

/* The session is over: for its tokens that are known, and its open sockets. */
static void end_everywhere(struct app *app, const char *session_id)
{
	authentication_forget_session(app->authentication, session_id);
	connection_manager_end_session(app->sockets, session_id);
}

enum err session_renew(struct request *request, struct session_reply *reply)
{
	struct app *app = request->app;
	const char *old = request_cookie(request, REFRESH_COOKIE);
	char token[REFRESH_TOKEN_SIZE], old_hash[TOKEN_HASH_SIZE], new_hash[TOKEN_HASH_SIZE];
	struct rotation rotation = { .old_hash = old_hash,
				     .new_hash = new_hash,
				     .now = clock_now() };
	struct account account;
	enum err err;

	if (!old)
		return request_fail(request, ERR_UNAUTHENTICATED,
				    "There is no refresh cookie. Sign in.");
	make_token(token);
	hash_token(app, old, old_hash);
	hash_token(app, token, new_hash);
	rotation.expires_at.ms = rotation.now.ms + session_ms(app);
	err = session_rotate(app->db, &rotation);
	if (rotation.reused)
		end_everywhere(app, rotation.session_id);
	if (err == ERR_UNAUTHENTICATED) {
		set_cookie(request, "", 0);
		return request_fail(request, err, "The session is over. Sign in again.");
	}
	if (err == ERR_OK)
		err = account_by_id(app->db, rotation.account_id, &request->arena, &account);
	if (err != ERR_OK)
		return err;
	set_cookie(request, token, session_ms(app) / 1000);
	return fill_reply(request, &account, rotation.session_id, rotation.now, reply);
}

static enum err end_session(struct app *app, const char *session_id)
{
	enum err err = session_revoke(app->db, session_id, clock_now());

	if (err == ERR_OK)
		end_everywhere(app, session_id);
	return err;
}

static enum err close_by_cookie(struct request *request)
{
	const char *token = request_cookie(request, REFRESH_COOKIE);
	char hash[TOKEN_HASH_SIZE];
	struct session session;
	enum err err;

	if (!token)
		return ERR_OK;
	hash_token(request->app, token, hash);
	err = session_of_token(request->app->db, hash, &request->arena, &session);
	if (err == ERR_OK)
		err = end_session(request->app, session.id);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err session_close(struct request *request)
{
	enum err err = close_by_cookie(request);

	authentication_identify(request);
	if (err == ERR_OK && request->principal)
		err = end_session(request->app, request->principal->session_id);
	if (err == ERR_OK)
		set_cookie(request, "", 0);
	return err;
}

enum err session_load(struct app *app, const struct claims *claims, struct principal *ret_principal)
{
	struct session_owner owner;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = session_owner(app->db, claims->session_id, clock_now(), &arena, &owner);
	if (err == ERR_NOT_FOUND ||
	    (err == ERR_OK && strcmp(owner.account_id, claims->user_id) != 0))
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK) {
		*ret_principal = (struct principal){ .role = owner.role,
						     .permissions = role_permissions(owner.role) };
		memcpy(ret_principal->user_id, claims->user_id, ID_SIZE);
		memcpy(ret_principal->session_id, claims->session_id, ID_SIZE);
	}
	arena_finish(&arena);
	return err;
}
