#include "auth/tokens.h"

#include "app.h"
#include "auth/auth.h"
#include "config.h"
#include "middleware/authentication.h"
#include "middleware/known_device.h"
#include "middleware/security.h"
#include "security/refresh_cookie.h"

#include <sodium.h>
#include <string.h>

enum {
	SECRET_BYTES = 32,
	MS_PER_MINUTE = 60 * 1000,
	USER_AGENT_MAX = 300,
	CLOSED_MAX = 8, /* cookies of one request that are looked up, to end their sessions */
};

static const struct field session_reply_fields[] = {
	FIELD(struct session_reply, access_token, .credential = true,
	      .doc = "A JWT, for `Authorization: Bearer`."),
	FIELD(struct session_reply, token_type, .doc = "Always `Bearer`."),
	FIELD(struct session_reply, expires_in, .unit = "s",
	      .doc = "How long the access token is valid."),
	FIELD(struct session_reply, user, .schema = &account_schema, .doc = "Who signed in."),
	FIELD(struct session_reply, permissions, .names = permission_words,
	      .doc = "What the role of the account allows."),
	{ 0 },
};

const struct schema session_reply_schema =
	SCHEMA(struct session_reply, session_reply_fields, .name = "Session",
	       .doc = "A sign-in. The refresh token comes as an HttpOnly cookie.");

static void encode_secret(const unsigned char bytes[static SECRET_BYTES],
			  char token[static SECRET_TOKEN_SIZE])
{
	sodium_bin2base64(token, SECRET_TOKEN_SIZE, bytes, SECRET_BYTES,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void secret_token_make(char token[static SECRET_TOKEN_SIZE])
{
	unsigned char bytes[SECRET_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	encode_secret(bytes, token);
	sodium_memzero(bytes, sizeof(bytes));
}

void secret_token_hash(const struct app *app, enum key_purpose purpose, const char *token,
		       char text[static SECRET_HASH_SIZE])
{
	unsigned char hash[(SECRET_HASH_SIZE - 1) / 2];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)token, strlen(token),
			   keyring_key(app->keyring, purpose), KEY_SIZE);
	sodium_bin2hex(text, SECRET_HASH_SIZE, hash, sizeof(hash));
}

/* The token that follows on this text: whoever has that gets the same again, and nobody else can make it. */
static void make_successor(const struct app *app, const char *token,
			   char next[static SECRET_TOKEN_SIZE])
{
	unsigned char bytes[SECRET_BYTES];

	crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)token, strlen(token),
			   keyring_key(app->keyring, KEY_REFRESH_CHAIN), KEY_SIZE);
	encode_secret(bytes, next);
	sodium_memzero(bytes, sizeof(bytes));
}

/* Behind https none of another name is looked at, which another host of the site could have set. */
static const char *cookie_name(struct request *request)
{
	return security_is_https(request) ? REFRESH_HOST_COOKIE : REFRESH_COOKIE;
}

static void set_cookie(struct request *request, const char *token, int64_t max_age_s)
{
	bool https = security_is_https(request);

	reply_header(request, "Set-Cookie",
		     arena_printf(&request->arena,
				  "%s=%s; Path=%s; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
				  cookie_name(request), token, https ? "/" : REFRESH_PATH,
				  (long long)max_age_s, https ? "; Secure" : ""));
}

void refresh_cookie_clear(struct request *request)
{
	set_cookie(request, "", 0);
}

bool refresh_cookie_is_there(struct request *request)
{
	return request_cookie(request, cookie_name(request)) != NULL;
}

bool refresh_cookie_proves(struct request *request, struct claims *ret_claims)
{
	const char *cookie = request_cookie(request, cookie_name(request));

	return cookie && refresh_cookie_open(request->app->keyring, cookie, ret_claims);
}

static int64_t session_ms(const struct app *app)
{
	return app->config->session_days * 24 * 60 * MS_PER_MINUTE;
}

static void give_cookie(struct request *request, const char *token, const char *account_id,
			const char *session_id)
{
	struct claims claims = { 0 };

	memcpy(claims.user_id, account_id, ID_SIZE);
	memcpy(claims.session_id, session_id, ID_SIZE);
	set_cookie(request,
		   refresh_cookie_seal(request->app->keyring, token, &claims, &request->arena),
		   session_ms(request->app) / 1000);
}

/* Visible ASCII of the header, as much as fits: it is shown. */
static const char *user_agent_of(struct request *request)
{
	const char *header = request_header(request, "user-agent");
	char *text =
		header ? arena_strndup(&request->arena, header, strnlen(header, USER_AGENT_MAX))
		       : NULL;

	for (char *c = text; c && *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

static enum err fill_reply(struct request *request, const struct account *account,
			   const char *session_id, struct timestamp now,
			   struct session_reply *reply)
{
	struct app *app = request->app;
	int64_t valid_ms = app->config->access_token_minutes * MS_PER_MINUTE;
	struct claims claims = { .issued = now, .expires = { now.ms + valid_ms } };
	struct principal principal;
	enum err err;

	memcpy(claims.user_id, account->id, ID_SIZE);
	memcpy(claims.session_id, session_id, ID_SIZE);
	err = session_load(app, &claims, &principal);
	if (err != ERR_OK)
		return err;
	reply->permissions = permissions_list(principal.permissions, &request->arena);
	reply->access_token = jwt_sign(app->keyring, &claims, &request->arena);
	reply->token_type = "Bearer";
	reply->expires_in = valid_ms / 1000;
	reply->user = *account;
	return reply->access_token ? ERR_OK : ERR_INTERNAL;
}

/* ---- Opening ---- */

void session_opening_make(struct request *request, const char *account_id,
			  struct session_opening *opening)
{
	struct timestamp now = clock_now();

	id_make(opening->id);
	secret_token_make(opening->token);
	secret_token_hash(request->app, KEY_REFRESH_TOKEN, opening->token, opening->hash);
	opening->session = (struct session){ .id = opening->id,
					     .account_id = account_id,
					     .created_at = now,
					     .last_used_at = now,
					     .expires_at = { now.ms + session_ms(request->app) },
					     .address = request->peer,
					     .user_agent = user_agent_of(request) };
}

enum err session_opening_write(struct request *request, struct db *tx,
			       const struct session_opening *opening, enum audit_action action)
{
	struct audit_entry entry = audit_entry_of(request, action, "session", opening->id);
	enum err err = session_insert(tx, &opening->session, opening->hash);

	entry.actor_id = opening->session.account_id;
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

enum err session_opening_answer(struct request *request, const struct session_opening *opening,
				const struct account *account, struct session_reply *reply)
{
	give_cookie(request, opening->token, account->id, opening->id);
	known_device_set(request, account->id);
	return fill_reply(request, account, opening->id, opening->session.created_at, reply);
}

/* ---- Renewing ---- */

struct renewal {
	struct request *request;
	struct rotation rotation;
};

static enum err run_renewal(struct db *tx, void *context)
{
	struct renewal *renewal = context;
	struct rotation *rotation = &renewal->rotation;
	struct audit_entry entry;
	enum err err = session_rotate(tx, rotation);

	if (err != ERR_OK || !rotation->reused)
		return err;
	entry = audit_entry_of(renewal->request, AUDIT_TOKEN_REUSE, "session",
			       rotation->session_id);
	entry.actor_id = rotation->account_id;
	entry.outcome = AUDIT_REFUSED;
	err = audit_append(renewal->request->app, tx, &entry);
	return err == ERR_OK ? rights_changed(tx, rotation->account_id, rotation->session_id) : err;
}

static enum err renew(struct request *request, const char *old, struct session_reply *reply)
{
	struct app *app = request->app;
	char token[SECRET_TOKEN_SIZE], spare[SECRET_TOKEN_SIZE];
	char old_hash[SECRET_HASH_SIZE], new_hash[SECRET_HASH_SIZE], spare_hash[SECRET_HASH_SIZE];
	struct renewal renewal = { .request = request };
	struct claims sealed;
	struct rotation *rotation = &renewal.rotation;
	struct known_device device;
	struct account account;
	enum err err;

	make_successor(app, old, token);
	make_successor(app, arena_printf(&request->arena, "%s.spare", old), spare);
	secret_token_hash(app, KEY_REFRESH_TOKEN, old, old_hash);
	secret_token_hash(app, KEY_REFRESH_TOKEN, token, new_hash);
	secret_token_hash(app, KEY_REFRESH_TOKEN, spare, spare_hash);
	*rotation = (struct rotation){ .old_hash = old_hash,
				       .new_hash = new_hash,
				       .spare_hash = spare_hash,
				       .sealed_session = refresh_cookie_proves(request, &sealed)
								 ? sealed.session_id
								 : NULL,
				       .now = clock_now(),
				       .address = request->peer,
				       .user_agent = user_agent_of(request) };
	rotation->expires_at.ms = rotation->now.ms + session_ms(app);
	err = db_transaction(app->db, run_renewal, &renewal);
	if (err == ERR_OK && rotation->reused) {
		rights_apply(app, rotation->account_id, rotation->session_id);
		return ERR_UNAUTHENTICATED;
	}
	if (err == ERR_OK)
		err = account_by_id(app->db, rotation->account_id, &request->arena, &account);
	if (err != ERR_OK)
		return err;
	give_cookie(request, rotation->replaced ? spare : token, rotation->account_id,
		    rotation->session_id);
	if (!known_device_read(request, account.id, &device)) /* the session is older than these */
		known_device_set(request, account.id);
	return fill_reply(request, &account, rotation->session_id, rotation->now, reply);
}

/* Another host of the site may have planted one beside it, and which of them is real is not to be told: it is not ended. */
static enum err refuse_two(struct request *request)
{
	return request_fail(request, ERR_UNAUTHENTICATED,
			    "There are two refresh cookies, of which another server has set one. "
			    "Delete the cookies of this site, and sign in.");
}

enum err session_renew(struct request *request, struct session_reply *reply)
{
	const char *name = cookie_name(request), *at = NULL, *cookie;
	enum err err;

	cookie = request_cookie_next(request, name, &at);
	if (!cookie)
		return request_fail(request, ERR_UNAUTHENTICATED,
				    "There is no refresh cookie. Sign in.");
	if (request_cookie_next(request, name, &at))
		return refuse_two(request);
	err = renew(request, refresh_cookie_token(cookie, &request->arena), reply);
	if (err != ERR_UNAUTHENTICATED)
		return err;
	refresh_cookie_clear(request);
	return request_fail(request, err, "The session is over. Sign in again.");
}

/* ---- Ending ---- */

struct closing {
	struct request *request;
	const char *account_id, *session_id;
};

static enum err run_closing(struct db *tx, void *context)
{
	struct closing *closing = context;
	struct audit_entry entry =
		audit_entry_of(closing->request, AUDIT_SIGN_OUT, "session", closing->session_id);
	enum err err = session_revoke(tx, closing->session_id, closing->account_id, clock_now());

	entry.actor_id = closing->account_id;
	if (err == ERR_OK)
		err = audit_append(closing->request->app, tx, &entry);
	return err == ERR_OK ? rights_changed(tx, closing->account_id, closing->session_id) : err;
}

static enum err end_session(struct request *request, const char *account_id, const char *session_id)
{
	struct closing closing = { request, account_id, session_id };
	enum err err = db_transaction(request->app->db, run_closing, &closing);

	if (err == ERR_OK)
		rights_apply(request->app, account_id, session_id);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err close_by(struct request *request, const char *cookie)
{
	const char *token = refresh_cookie_token(cookie, &request->arena);
	char hash[SECRET_HASH_SIZE];
	struct token_state state;
	struct claims sealed;
	enum err err;

	secret_token_hash(request->app, KEY_REFRESH_TOKEN, token, hash);
	err = token_read(request->app->db, hash, &request->arena, &state);
	if (err == ERR_OK)
		return end_session(request, state.account_id, state.session_id);
	if (err != ERR_NOT_FOUND)
		return err;
	/* It was used so long ago that it is forgotten: others may have gone on with it. */
	return refresh_cookie_open(request->app->keyring, cookie, &sealed)
		       ? end_session(request, sealed.user_id, sealed.session_id)
		       : ERR_OK;
}

static enum err close_by_cookies_of(struct request *request, const char *name)
{
	const char *at = NULL, *cookie;
	enum err err = ERR_OK;

	for (int i = 0; i < CLOSED_MAX && err == ERR_OK; i++) {
		cookie = request_cookie_next(request, name, &at);
		if (!cookie)
			break;
		err = close_by(request, cookie);
	}
	return err;
}

/*
 * Whoever signs out has signed out, by http and by https: if there are two, the real one is among them. Some hundreds, of
 * which each would be looked up, nobody has.
 */
static enum err close_by_cookies(struct request *request)
{
	enum err err = ERR_OK;

	if (security_is_https(request))
		err = close_by_cookies_of(request, REFRESH_HOST_COOKIE);
	return err == ERR_OK ? close_by_cookies_of(request, REFRESH_COOKIE) : err;
}

enum err session_close(struct request *request)
{
	enum err err = close_by_cookies(request);

	authentication_identify(request);
	if (err == ERR_OK && request->principal && !request->principal->by_key)
		err = end_session(request, request->principal->user_id,
				  request->principal->session_id);
	if (err == ERR_OK)
		refresh_cookie_clear(request);
	return err;
}

/* ---- Who a session belongs to ---- */

void principal_set(struct principal *principal, const char *user_id, const char *session_id,
		   const char *role, const struct texts *custom)
{
	const struct builtin_role *builtin = builtin_role_find(role);

	*principal = (struct principal){ .permissions = builtin ? builtin->permissions
								: permissions_of(custom) };
	memcpy(principal->user_id, user_id, ID_SIZE);
	memcpy(principal->session_id, session_id, ID_SIZE);
	strncpy(principal->role, role, ROLE_NAME_SIZE - 1);
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
		principal_set(ret_principal, claims->user_id, claims->session_id, owner.role,
			      &owner.custom);
		ret_principal->ends_ms = owner.expires_at.ms;
	}
	arena_finish(&arena);
	return err;
}
