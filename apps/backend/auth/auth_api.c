#include "auth/auth.h"

#include "app.h"
#include "auth/auth_store.h"
#include "auth/tokens.h"
#include "base/memory.h"
#include "security/encryption.h"
#include "security/password.h"

#include <ctype.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- Accounts ---- */

static char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* Fills everything but the id; the password must have been accepted. */
static enum err make_account(struct app *app, const char *username, const char *email,
			     const char *password, enum role role, struct arena *arena,
			     struct account *ret_account)
{
	uint8_t *hash = arena_alloc(arena, LOOKUP_SIZE);
	char *password_text = arena_alloc(arena, PASSWORD_HASH_SIZE);
	char *id = arena_alloc(arena, ID_SIZE);
	enum err err = password_hash(password, password_text);

	id_make(id);
	lookup_hash(app->keyring, "account.email", lower(arena, email), hash);
	*ret_account = (struct account){ .id = id,
					 .username = lower(arena, username),
					 .email = email,
					 .email_hash = { hash, LOOKUP_SIZE },
					 .password_hash = password_text,
					 .role = role,
					 .created_at = clock_now() };
	return err;
}

enum err account_create(struct app *app, const char *username, const char *email,
			const char *password, enum role role, struct arena *arena,
			const char **ret_reason)
{
	struct account account;
	const char *taken = "";
	enum err err;

	if (!format_check(FORMAT_USERNAME, username, ret_reason) ||
	    !format_check(FORMAT_EMAIL, email, ret_reason))
		return ERR_INVALID;
	*ret_reason = password_refusal(password, username, email);
	if (*ret_reason)
		return ERR_INVALID;
	err = make_account(app, username, email, password, role, arena, &account);
	if (err == ERR_OK)
		err = account_insert(app->db, &account, false, &taken);
	*ret_reason = err == ERR_CONFLICT ? arena_printf(arena, "this %s is taken", taken)
					  : err_title(err);
	return err;
}

/* ---- Set-up ---- */

struct setup {
	char token[REFRESH_TOKEN_SIZE];
	atomic_bool required;
};

struct setup *setup_create(struct app *app)
{
	struct setup *setup = MEMORY_NEW(struct setup);
	unsigned char bytes[32];
	int64_t accounts = 0;

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(setup->token, sizeof(setup->token), bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	atomic_init(&setup->required, account_count(app->db, &accounts) == ERR_OK && accounts == 0);
	return setup;
}

void setup_destroy(struct setup *setup)
{
	free(setup);
}

const char *setup_token(const struct setup *setup)
{
	return atomic_load(&setup->required) ? setup->token : NULL;
}

struct setup_state {
	bool required;
};

static const struct field setup_state_fields[] = {
	FIELD(struct setup_state, required,
	      .doc = "Whether the first administrator has yet to be made."),
	{ 0 },
};

static const struct schema setup_state_schema =
	SCHEMA(struct setup_state, setup_state_fields, .name = "SetupState");

static enum err setup_get(struct request *request, const void *in, void *out)
{
	struct setup_state *state = out;

	(void)in;
	state->required = setup_token(request->app->setup) != NULL;
	return ERR_OK;
}

struct setup_input {
	const char *token;
	const char *username;
	const char *email;
	const char *password;
};

static const struct field setup_input_fields[] = {
	FIELD(struct setup_input, token, .min = 1, .max = 100,
	      .doc = "From the set-up link that the server printed."),
	FIELD(struct setup_input, username, .min = 3, .max = 32, .format = FORMAT_USERNAME,
	      .doc = "The name to sign in with."),
	FIELD(struct setup_input, email, .min = 3, .max = 254, .format = FORMAT_EMAIL,
	      .doc = "Your e-mail address."),
	FIELD(struct setup_input, password, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	      .format = FORMAT_LINE, .doc = "A long one; a few words will do."),
	{ 0 },
};

static const struct schema setup_input_schema =
	SCHEMA(struct setup_input, setup_input_fields, .name = "SetupInput");

static bool same_token(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && sodium_memcmp(a, b, strlen(a)) == 0;
}

static enum err setup_post(struct request *request, const void *in, void *out)
{
	const struct setup_input *input = in;
	struct app *app = request->app;
	const char *token = setup_token(app->setup), *refusal, *taken;
	struct account account;
	enum err err;

	if (!token)
		return request_fail(request, ERR_CONFLICT,
				    "This installation is set up already. Sign in.");
	if (!same_token(input->token, token))
		return request_fail(request, ERR_FORBIDDEN,
				    "This is not the token of the set-up link. The server prints "
				    "the link at its start.");
	refusal = password_refusal(input->password, input->username, input->email);
	if (refusal)
		return request_invalid(request, "password", "%s", refusal);
	err = make_account(app, input->username, input->email, input->password, ROLE_ADMINISTRATOR,
			   &request->arena, &account);
	if (err == ERR_OK)
		err = account_insert(app->db, &account, true, &taken);
	if (err == ERR_OK || err == ERR_CONFLICT)
		atomic_store(&app->setup->required, false);
	if (err == ERR_CONFLICT)
		return request_fail(request, err, "This installation is set up already. Sign in.");
	if (err != ERR_OK)
		return err;
	return session_open(request, &account, out);
}

/* ---- Signing in and out ---- */

struct login_input {
	const char *username;
	const char *password;
};

static const struct field login_input_fields[] = {
	FIELD(struct login_input, username, .min = 1, .max = 254,
	      .doc = "The name to sign in with."),
	FIELD(struct login_input, password, .min = 1, .max = PASSWORD_MAX, .doc = "The password."),
	{ 0 },
};

static const struct schema login_input_schema =
	SCHEMA(struct login_input, login_input_fields, .name = "LoginInput");

/* The same answer, after the same work, for a name that there is and one that there is not. */
static enum err login(struct request *request, const void *in, void *out)
{
	const struct login_input *input = in;
	struct account account = { 0 };
	enum err err =
		account_by_username(request->app->db, lower(&request->arena, input->username),
				    &request->arena, &account);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	if (!password_verify(input->password, err == ERR_OK ? account.password_hash : NULL, NULL))
		return request_fail(request, ERR_UNAUTHENTICATED, "Wrong user name or password.");
	return session_open(request, &account, out);
}

/* The cookie is SameSite=Strict; this holds even where a browser does not know that. */
static bool from_elsewhere(struct request *request)
{
	const char *site = request_header(request, "sec-fetch-site");

	return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static enum err refresh(struct request *request, const void *in, void *out)
{
	(void)in;
	if (from_elsewhere(request))
		return request_fail(request, ERR_FORBIDDEN, "This must come from the page itself.");
	return session_renew(request, out);
}

static enum err logout(struct request *request, const void *in, void *out)
{
	(void)in;
	(void)out;
	if (from_elsewhere(request))
		return request_fail(request, ERR_FORBIDDEN, "This must come from the page itself.");
	return session_close(request);
}

static enum err me(struct request *request, const void *in, void *out)
{
	(void)in;
	return account_by_id(request->app->db, request->principal->user_id, &request->arena, out);
}

const struct route auth_routes[] = {
	{ "GET", "/api/v1/setup", .access = ACCESS_PUBLIC, .out = &setup_state_schema,
	  .handle = setup_get, .doc = "Whether the installation has yet to be set up." },
	{ "POST", "/api/v1/setup", .access = ACCESS_PUBLIC, .in = &setup_input_schema,
	  .out = &session_reply_schema, .status = 201, .handle = setup_post,
	  .doc = "Make the first administrator, and sign in." },
	{ "POST", "/api/v1/auth/login", .access = ACCESS_PUBLIC, .in = &login_input_schema,
	  .out = &session_reply_schema, .handle = login, .doc = "Sign in." },
	{ "POST", "/api/v1/auth/refresh", .access = ACCESS_PUBLIC, .out = &session_reply_schema,
	  .handle = refresh,
	  .doc = "A new access token, and a new refresh cookie for the old one, which works "
		 "once." },
	{ "POST", "/api/v1/auth/logout", .access = ACCESS_PUBLIC, .handle = logout,
	  .doc = "End the session of the cookie or of the access token." },
	{ "GET", "/api/v1/auth/me", .access = ACCESS_SIGNED_IN, .out = &account_schema,
	  .handle = me, .doc = "Who is signed in." },
	{ 0 },
};
