#include "auth/auth.h"

#include "app.h"
#include "auth/accounts.h"
#include "auth/sign_in.h"
#include "auth/tokens.h"
#include "base/memory.h"
#include "config.h"
#include "middleware/cors.h"
#include "settings/settings.h"
#include "users/users.h"
#include "websockets/handshake.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define USERNAME_DOC "The name to sign in with: letters, digits, dots, hyphens, underscores."
#define PASSWORD_DOC "A long one; a few words will do."

/* ---- The set-up link ---- */

struct setup {
	char token[SECRET_TOKEN_SIZE];
	atomic_bool required;
};

struct setup *setup_create(struct app *app)
{
	struct setup *setup = MEMORY_NEW(struct setup);
	bool any = false;

	secret_token_make(setup->token);
	atomic_init(&setup->required, account_any(app->db, &any) == ERR_OK && !any);
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

/* ---- Making an account, and signing it in ---- */

struct account_opening {
	struct request *request;
	struct account account;
	struct session_opening session;
	const char *invitation; /* hash, or NULL */
	enum audit_action action;
	bool first; /* only while there is no account */
	const char *taken;
};

static enum err run_account_opening(struct db *tx, void *context)
{
	struct account_opening *opening = context;
	struct audit_entry entry =
		audit_entry_of(opening->request, opening->action, "account", opening->account.id);
	bool any = false;
	enum err err = account_any(tx, &any);

	opening->taken = NULL;
	if (err == ERR_OK && opening->first && any)
		return ERR_CONFLICT;
	if (err == ERR_OK && opening->invitation)
		err = invitation_use(tx, opening->invitation, clock_now());
	if (err == ERR_OK)
		err = account_insert(tx, &opening->account, &opening->taken);
	entry.actor_id = opening->account.id;
	entry.username = opening->account.username;
	if (err == ERR_OK)
		err = audit_append(opening->request->app, tx, &entry);
	return err == ERR_OK ? session_opening_write(opening->request, tx, &opening->session,
						     AUDIT_SIGN_IN)
			     : err;
}

static enum err open_account(struct account_opening *opening, const struct account_input *input,
			     const char *role, struct session_reply *reply)
{
	struct request *request = opening->request;
	const char *refusal = password_refusal(input->password, input->username, input->email);
	enum err err;

	if (refusal)
		return request_invalid(request, "password", "%s", refusal);
	err = account_make(request->app, input, role, &request->arena, &opening->account);
	if (err != ERR_OK)
		return err;
	session_opening_make(request, opening->account.id, &opening->session);
	err = db_transaction(request->app->db, run_account_opening, opening);
	if (err != ERR_OK)
		return err;
	return session_opening_answer(request, &opening->session, &opening->account, reply);
}

/* ---- Set-up ---- */

struct setup_state {
	bool required;
	enum registration registration;
};

static const struct field setup_state_fields[] = {
	FIELD(struct setup_state, required,
	      .doc = "Whether the first administrator has yet to be made."),
	FIELD(struct setup_state, registration, .names = registration_words,
	      .doc = "Who may make an account."),
	{ 0 },
};

static const struct schema setup_state_schema =
	SCHEMA(struct setup_state, setup_state_fields, .name = "SetupState");

static enum err setup_get(struct request *request, const void *in, void *out)
{
	struct setup_state *state = out;
	struct settings settings;
	enum err err = settings_read(request->app->db, &settings);

	(void)in;
	state->required = setup_token(request->app->setup) != NULL;
	state->registration = settings.registration;
	return err;
}

struct setup_input {
	const char *token;
	const char *username;
	const char *email;
	const char *password;
};

static const struct field setup_input_fields[] = {
	FIELD(struct setup_input, token, .min = 1, .max = 100, .format = FORMAT_TOKEN,
	      .doc = "From the set-up link that the server printed."),
	FIELD(struct setup_input, username, .min = 3, .max = 32, .format = FORMAT_USERNAME,
	      .doc = USERNAME_DOC),
	FIELD(struct setup_input, email, .min = 3, .max = 254, .format = FORMAT_EMAIL,
	      .doc = "Your e-mail address."),
	FIELD(struct setup_input, password, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	      .format = FORMAT_LINE, .doc = PASSWORD_DOC),
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
	struct setup *setup = request->app->setup;
	const char *token = setup_token(setup);
	struct account_input account = { input->username, input->email, input->password };
	struct account_opening opening = { .request = request,
					   .action = AUDIT_SETUP,
					   .first = true };
	enum err err;

	if (!token)
		return request_fail(request, ERR_CONFLICT,
				    "This installation is set up already. Sign in.");
	if (!same_token(input->token, token))
		return request_fail(
			request, ERR_FORBIDDEN,
			"This is not the token of the set-up link. The server prints the link "
			"at its start.");
	err = open_account(&opening, &account, ROLE_ADMINISTRATOR, out);
	if (err == ERR_OK || err == ERR_CONFLICT)
		atomic_store(&setup->required, false);
	if (err == ERR_CONFLICT)
		return request_fail(request, err, "This installation is set up already. Sign in.");
	return err;
}

/* ---- Registration ---- */

struct register_input {
	const char *username;
	const char *email;
	const char *password;
	const char *invitation;
};

static const struct field register_input_fields[] = {
	FIELD(struct register_input, username, .min = 3, .max = 32, .format = FORMAT_USERNAME,
	      .doc = USERNAME_DOC),
	FIELD(struct register_input, email, .min = 3, .max = 254, .format = FORMAT_EMAIL,
	      .doc = "Your e-mail address."),
	FIELD(struct register_input, password, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	      .format = FORMAT_LINE, .doc = PASSWORD_DOC),
	FIELD(struct register_input, invitation, .optional = true, .nullable = true, .min = 1,
	      .max = 100, .format = FORMAT_TOKEN, .doc = "From the link of an invitation."),
	{ 0 },
};

static const struct schema register_input_schema =
	SCHEMA(struct register_input, register_input_fields, .name = "RegisterInput");

/* The role that somebody gets who registers now: what the invitation says, else that of a user. */
static enum err admit_registration(struct request *request, const struct register_input *input,
				   const char **ret_hash, const char **ret_role)
{
	struct app *app = request->app;
	struct settings settings;
	enum err err = settings_read(app->db, &settings);
	char *hash;

	*ret_hash = NULL;
	*ret_role = ROLE_USER;
	if (err != ERR_OK)
		return err;
	if (settings.registration == REGISTRATION_CLOSED)
		return request_fail(request, ERR_FORBIDDEN,
				    "Registration is closed. Ask an administrator.");
	if (!input->invitation && settings.registration == REGISTRATION_OPEN)
		return ERR_OK;
	if (!input->invitation)
		return request_fail(request, ERR_FORBIDDEN,
				    "One has to be invited to register here.");
	hash = arena_alloc(&request->arena, SECRET_HASH_SIZE);
	secret_token_hash(app, KEY_INVITATION, input->invitation, hash);
	*ret_hash = hash;
	err = invitation_role(app->db, hash, clock_now(), &request->arena, ret_role);
	if (err == ERR_NOT_FOUND)
		return request_fail(request, ERR_FORBIDDEN,
				    "This invitation was used, has expired, or never was.");
	return err;
}

static enum err register_account(struct request *request, const void *in, void *out)
{
	const struct register_input *input = in;
	struct account_input account = { input->username, input->email, input->password };
	struct account_opening opening = { .request = request, .action = AUDIT_REGISTER };
	const char *role;
	enum err err = admit_registration(request, input, &opening.invitation, &role);

	if (err != ERR_OK)
		return err;
	err = open_account(&opening, &account, role, out);
	if (err == ERR_CONFLICT && opening.taken)
		return request_fail(request, err, "This %s is taken.",
				    strcmp(opening.taken, "email") == 0 ? "e-mail address"
									: "user name");
	if (err == ERR_NOT_FOUND)
		return request_fail(request, ERR_FORBIDDEN,
				    "This invitation was used, has expired, or never was.");
	return err;
}

/* ---- Signing in and out ---- */

struct login_input {
	const char *username;
	const char *password;
};

static const struct field login_input_fields[] = {
	FIELD(struct login_input, username, .min = 1, .max = 254, .format = FORMAT_LINE,
	      .doc = "The user name, or the e-mail address."),
	/* Of whatever characters: it may be older than what is asked of a new one. */
	FIELD(struct login_input, password, .min = 1, .max = PASSWORD_TYPED_MAX,
	      .doc = "The password."),
	{ 0 },
};

static const struct schema login_input_schema =
	SCHEMA(struct login_input, login_input_fields, .name = "LoginInput");

/*
 * Refused. The log holds the name as it was given where it is an account's, with which it is erased; any other may be a
 * password that was typed in the wrong place, and nobody would ever erase it.
 */
static enum err refuse_login(struct request *request, const struct account *account,
			     const char *username)
{
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_SIGN_IN, account->id ? "account" : NULL, account->id);
	enum err err;

	entry.outcome = AUDIT_REFUSED;
	entry.username = account->id ? username : NULL;
	err = audit_write(request->app, &entry);
	return err == ERR_OK
		       ? request_fail(request, ERR_UNAUTHENTICATED, "Wrong user name or password.")
		       : err;
}

struct login {
	struct request *request;
	const struct account *account;
	const struct session_opening *session;
};

static enum err run_login(struct db *tx, void *context)
{
	struct login *login = context;
	enum err err = account_confirm(tx, login->account);

	return err == ERR_OK
		       ? session_opening_write(login->request, tx, login->session, AUDIT_SIGN_IN)
		       : err;
}

/* By the user name or, since people try that, by the e-mail address. */
static enum err find_account(struct request *request, const char *name, struct account *account)
{
	struct array found = { 0 };
	enum err err;

	if (!strchr(name, '@'))
		return account_by_username(request->app->db, name, &request->arena, account);
	err = accounts_by_email(request->app, name, &request->arena, &found);
	if (err == ERR_OK && found.count > 0)
		*account = *(const struct account *)found.items;
	return err == ERR_OK && found.count == 0 ? ERR_NOT_FOUND : err;
}

/* The same answer, after the same work, for a name that there is and one that there is not. */
static enum err login(struct request *request, const void *in, void *out)
{
	const struct login_input *input = in;
	struct account account = { 0 };
	struct session_opening session;
	struct login opening = { request, &account, &session };
	const char *name = lower_case(&request->arena, input->username), *place;
	enum err found = find_account(request, name, &account);
	enum err err;

	if (found != ERR_OK && found != ERR_NOT_FOUND)
		return found;
	err = sign_in_admit(request, &account, name, &place);
	if (err != ERR_OK)
		return err;
	err = password_compare(&request->arena, input->password,
			       found == ERR_OK ? account.password_hash : NULL);
	if (err == ERR_UNAUTHENTICATED || (err == ERR_OK && account.disabled_at.ms))
		return refuse_login(request, &account, name);
	if (err != ERR_OK)
		return err;
	sign_in_succeeded(request, name, place);
	session_opening_make(request, account.id, &session);
	err = db_transaction(request->app->db, run_login, &opening);
	if (err == ERR_UNAUTHENTICATED)
		return refuse_login(request, &account, name);
	return err == ERR_OK ? session_opening_answer(request, &session, &account, out) : err;
}

/*
 * The cookie is SameSite=Strict; this holds even where a browser does not know that, and for other ports of the host, which
 * are of the same site. Over plain http, browsers say the origin alone. A page that the settings let in may
 * use the cookie where they say so, and an access token always.
 */
static bool from_elsewhere(struct request *request)
{
	const char *site = request_header(request, "sec-fetch-site");
	const char *origin = request_header(request, "origin");

	if (site ? strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0
		 : !origin || handshake_origin_matches(origin, request_header(request, "host")))
		return false;
	if (refresh_cookie_is_there(request) && !request->app->config->cors_credentials)
		return true;
	return !cors_allows(request);
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

#define BESIDE_TOKEN "An access token stands beside a name and an address that were chosen."

const struct route auth_routes[] = {
	{ "GET", "/api/v1/setup", .access = ACCESS_PUBLIC, .out = &setup_state_schema,
	  .handle = setup_get,
	  .doc = "Whether the installation has yet to be set up, and who may register." },
	{ "POST", "/api/v1/setup", .access = ACCESS_PUBLIC, .rate = RATE_SIGN_IN, .raises = "users",
	  .in = &setup_input_schema, .out = &session_reply_schema, .status = 201,
	  .handle = setup_post, .uncompressed = BESIDE_TOKEN,
	  .doc = "Make the first administrator, and sign in." },
	{ "POST", "/api/v1/auth/register", .access = ACCESS_PUBLIC, .rate = RATE_SIGN_IN,
	  .raises = "users", .in = &register_input_schema, .out = &session_reply_schema,
	  .status = 201, .handle = register_account, .uncompressed = BESIDE_TOKEN,
	  .doc = "Make an account, and sign in." },
	{ "POST", "/api/v1/auth/login", .access = ACCESS_PUBLIC, .rate = RATE_SIGN_IN,
	  .share = true, .in = &login_input_schema, .out = &session_reply_schema, .handle = login,
	  .uncompressed = BESIDE_TOKEN, .doc = "Sign in." },
	{ "POST", "/api/v1/auth/refresh", .access = ACCESS_PUBLIC, .out = &session_reply_schema,
	  .handle = refresh, .proves = refresh_cookie_proves, .uncompressed = BESIDE_TOKEN,
	  .doc = "A new access token, and a new refresh cookie for the old one, which works once. "
		 "For ten "
		 "seconds the old one gets the same answer again." },
	{ "POST", "/api/v1/auth/logout", .access = ACCESS_PUBLIC, .handle = logout,
	  .proves = refresh_cookie_proves,
	  .doc = "End the session of the cookie or of the access token." },
	{ 0 },
};
