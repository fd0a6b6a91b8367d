/*
 * Accounts and sessions: set-up, signing in, renewing, signing out, and what a stolen refresh token
 * is worth.
 */
#include "auth/auth.h"

#include "auth/accounts.h"
#include "middleware/authentication.h"

#include "support_call.h"
#include "support_stage.h"

#include <pthread.h>

/* ---- What a client keeps ---- */

struct client {
	char cookie[200]; /* "webplus_refresh=…" */
	char token[JWT_LENGTH_MAX + 1];
	char user_id[ID_SIZE];
};

static void keep(struct client *client, struct call *call)
{
	const char *cookie = call_reply_header(call, "Set-Cookie");

	assert_non_null(cookie);
	snprintf(client->cookie, sizeof(client->cookie), "%.*s", (int)strcspn(cookie, ";"), cookie);
	snprintf(client->token, sizeof(client->token), "%s", call_text(call, "access_token"));
	snprintf(client->user_id, sizeof(client->user_id), "%s", call_text(call, "user.id"));
	assert_string_equal(call_text(call, "token_type"), "Bearer");
	assert_null(call->request.reply.cache_control); /* which is: no-store */
}

static enum err post(struct stage *stage, const char *path, const char *body, const char *cookie,
		     struct client *ret_client)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, NULL);
	if (cookie)
		call_header(&call, "cookie", cookie);
	err = call_run(&call, "POST", path, NULL, body);
	if (err == ERR_OK && ret_client)
		keep(ret_client, &call);
	call_end(&call);
	return err;
}

static void add_account(struct stage *stage, const char *username, const char *email)
{
	const char *reason = "";

	if (account_create(&stage->app, username, email, stage_password, ROLE_USER,
			   &stage->home.arena, &reason) != ERR_OK)
		fail_msg("%s", reason);
}

static struct client sign_in(struct stage *stage)
{
	struct client client;

	assert_int_equal(
		post(stage, "/api/v1/auth/login",
		     "{\"username\":\"Ada\",\"password\":\"correct horse battery staple\"}", NULL,
		     &client),
		ERR_OK);
	return client;
}

static enum err renew(struct stage *stage, const struct client *client, struct client *ret_client)
{
	return post(stage, "/api/v1/auth/refresh", NULL, client->cookie, ret_client);
}

static enum err asking(struct stage *stage, const struct client *client)
{
	struct principal principal;

	return authentication_check(stage->app.authentication, client->token, &principal);
}

static int64_t count(struct stage *stage, const char *sql)
{
	return home_number(&stage->home, sql);
}

/* ---- Accounts ---- */

static enum err creating(struct stage *stage, const char *username, const char *email,
			 const char *words)
{
	const char *reason = NULL;
	enum err err = account_create(&stage->app, username, email, stage_password, ROLE_USER,
				      &stage->home.arena, &reason);

	if (words && strstr(reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
	return err;
}

static void a_name_and_an_address_are_taken_once(void **state)
{
	struct stage *stage = *state;
	struct account account;

	assert_int_equal(creating(stage, "Ada", "Ada@Example.org", NULL), ERR_OK);
	assert_int_equal(creating(stage, "aDA", "other@example.org", "this username is taken"),
			 ERR_CONFLICT);
	assert_int_equal(creating(stage, "other", "ada@EXAMPLE.org", "this email is taken"),
			 ERR_CONFLICT);
	assert_int_equal(creating(stage, "a b", "x@example.org", "letters, digits"), ERR_INVALID);
	assert_int_equal(creating(stage, "other", "nonsense", "e-mail address"), ERR_INVALID);
	assert_int_equal(creating(stage, "correct horse", "x@example.org", NULL), ERR_INVALID);
	assert_int_equal(account_by_username(stage->app.db, "ada", &stage->home.arena, &account),
			 ERR_OK);
	assert_string_equal(account.username, "ada");
	assert_string_equal(account.email, "Ada@Example.org");
	assert_int_equal(count(stage, "SELECT count(*) FROM account"), 1);
	assert_false(home_holds_bytes(&stage->home, "Ada@Example.org"));
	assert_true(home_holds_bytes(&stage->home, "$argon2id$"));
}

static void a_bad_password_is_refused(void **state)
{
	struct stage *stage = *state;
	const char *reason = NULL;

	assert_int_equal(account_create(&stage->app, "ada", "ada@example.org", "password1234",
					ROLE_USER, &stage->home.arena, &reason),
			 ERR_INVALID);
	assert_non_null(reason);
	assert_int_equal(count(stage, "SELECT count(*) FROM account"), 0);
}

/* ---- Set-up ---- */

static enum err setting_up(struct stage *stage, const char *token, struct client *ret_client)
{
	const char *body =
		arena_printf(&stage->home.arena,
			     "{\"token\":\"%s\",\"username\":\"Ada\",\"email\":\"ada@example.org\","
			     "\"password\":\"%s\"}",
			     token, stage_password);

	return post(stage, "/api/v1/setup", body, NULL, ret_client);
}

static bool setup_required(struct stage *stage)
{
	struct call call;
	bool required;

	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "GET", "/api/v1/setup", NULL, NULL), ERR_OK);
	required = json_is_true(json_object_get(call.reply, "required"));
	call_end(&call);
	return required;
}

static void the_link_makes_the_first_administrator_once(void **state)
{
	struct stage *stage = *state;
	const char *token = arena_strdup(&stage->home.arena, setup_token(stage->app.setup));
	struct principal principal;
	struct client client;

	assert_int_equal(strlen(token), SECRET_TOKEN_SIZE - 1);
	assert_true(setup_required(stage));
	assert_int_equal(setting_up(stage, "wrong", NULL), ERR_FORBIDDEN);
	assert_int_equal(setting_up(stage, arena_printf(&stage->home.arena, "%s0", token), NULL),
			 ERR_FORBIDDEN);
	assert_int_equal(setting_up(stage, token, &client), ERR_OK);
	assert_int_equal(authentication_check(stage->app.authentication, client.token, &principal),
			 ERR_OK);
	assert_string_equal(principal.role, ROLE_ADMINISTRATOR);
	assert_false(setup_required(stage));
	assert_null(setup_token(stage->app.setup));
	assert_int_equal(setting_up(stage, token, NULL), ERR_CONFLICT);
	assert_int_equal(count(stage, "SELECT count(*) FROM account"), 1);
}

static void an_account_made_elsewhere_ends_the_link(void **state)
{
	struct stage *stage = *state;
	const char *token = arena_strdup(&stage->home.arena, setup_token(stage->app.setup));

	add_account(stage, "eve", "eve@example.org"); /* by the command line */
	assert_int_equal(setting_up(stage, token, NULL), ERR_CONFLICT);
	assert_false(setup_required(stage));
	assert_int_equal(count(stage, "SELECT count(*) FROM account"), 1);
}

static void a_weak_password_does_not_use_the_link_up(void **state)
{
	struct stage *stage = *state;
	const char *body =
		arena_printf(&stage->home.arena,
			     "{\"token\":\"%s\",\"username\":\"ada\",\"email\":\"a@example.org\","
			     "\"password\":\"password1234\"}",
			     setup_token(stage->app.setup));

	assert_int_equal(post(stage, "/api/v1/setup", body, NULL, NULL), ERR_INVALID);
	assert_true(setup_required(stage));
}

/* ---- Signing in ---- */

static void signing_in_gives_a_token_and_a_cookie(void **state)
{
	struct stage *stage = *state;
	struct call call;
	struct client client;
	const char *cookie;

	add_account(stage, "ada", "ada@example.org");
	call_begin(&call, &stage->app, NULL);
	assert_int_equal(
		call_run(&call, "POST", "/api/v1/auth/login", NULL,
			 "{\"username\":\"ADA\",\"password\":\"correct horse battery staple\"}"),
		ERR_OK);
	keep(&client, &call);
	cookie = call_reply_header(&call, "Set-Cookie");
	assert_non_null(
		strstr(cookie, "; Path=/api/v1/auth; Max-Age=2592000; HttpOnly; SameSite=Strict"));
	assert_null(strstr(cookie, "Secure"));
	assert_string_equal(call_text(&call, "user.username"), "ada");
	assert_string_equal(call_text(&call, "user.role"), "user");
	assert_null(json_object_get(json_object_get(call.reply, "user"), "password_hash"));
	assert_int_equal(json_integer_value(json_object_get(call.reply, "expires_in")), 900);
	call_end(&call);
	assert_int_equal(asking(stage, &client), ERR_OK);
	*strchr(client.cookie, '.') = '\0'; /* what follows is no secret */
	assert_false(home_holds_bytes(&stage->home, client.cookie + strlen("webplus_refresh=")));
}

static void behind_tls_the_cookie_is_secure(void **state)
{
	struct stage *stage = *state;
	struct call call;

	stage->config.public_url = "https://chat.example.org";
	add_account(stage, "ada", "ada@example.org");
	call_begin(&call, &stage->app, NULL);
	assert_int_equal(
		call_run(&call, "POST", "/api/v1/auth/login", NULL,
			 "{\"username\":\"ada\",\"password\":\"correct horse battery staple\"}"),
		ERR_OK);
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "__Host-webplus_refresh="));
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "; Path=/; "));
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "; Secure"));
	call_end(&call);
}

static void check_cookies(struct stage *stage, const char *cookies, enum err expected,
			  const char *sets)
{
	struct call call;

	call_begin(&call, &stage->app, NULL);
	call_header(&call, "cookie", arena_strdup(&stage->home.arena, cookies));
	assert_int_equal(call_run(&call, "POST", "/api/v1/auth/refresh", NULL, NULL), expected);
	buf_append_char(&call.request.reply.headers, '\0');
	if (sets)
		assert_non_null(strstr(call.request.reply.headers.data, sets));
	else
		assert_null(call_reply_header(&call, "Set-Cookie"));
	call_end(&call);
}

static void a_cookie_of_the_plain_name_is_none_behind_tls(void **state)
{
	struct stage *stage = *state;
	struct client client;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	stage->config.public_url = "https://chat.example.org";
	check_cookies(stage, client.cookie, ERR_UNAUTHENTICATED, NULL);
	stage->config.public_url = "";
	check_cookies(stage, client.cookie, ERR_OK, "Set-Cookie: webplus_refresh=");
}

static void a_planted_cookie_ends_no_session(void **state)
{
	struct stage *stage = *state;
	struct arena *arena = &stage->home.arena;
	struct client client;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	check_cookies(stage, arena_printf(arena, "webplus_refresh=planted; %s", client.cookie),
		      ERR_UNAUTHENTICATED, NULL);
	check_cookies(stage, arena_printf(arena, "%s; webplus_refresh=planted", client.cookie),
		      ERR_UNAUTHENTICATED, NULL);
	stage->config.public_url = "https://chat.example.org";
	check_cookies(stage,
		      arena_printf(arena,
				   "webplus_refresh=planted; webplus_refresh=planted; "
				   "__Host-%s",
				   client.cookie),
		      ERR_OK, "Set-Cookie: __Host-webplus_refresh=");
}

static void signing_out_ends_the_session_beside_a_planted_cookie(void **state)
{
	struct stage *stage = *state;
	struct client client;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	assert_int_equal(
		post(stage, "/api/v1/auth/logout", NULL,
		     arena_printf(&stage->home.arena, "webplus_refresh=planted; %s", client.cookie),
		     NULL),
		ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
}

static const char *refusal(struct stage *stage, const char *body)
{
	struct call call;
	const char *detail;

	call_begin(&call, &stage->app, NULL);
	assert_int_equal(call_run(&call, "POST", "/api/v1/auth/login", NULL, body),
			 ERR_UNAUTHENTICATED);
	detail = arena_strdup(&stage->home.arena, call.request.reply.detail);
	assert_null(call_reply_header(&call, "Set-Cookie"));
	call_end(&call);
	return detail;
}

static void a_wrong_name_and_a_wrong_password_are_answered_alike(void **state)
{
	struct stage *stage = *state;
	const char *wrong_password, *wrong_name;

	add_account(stage, "ada", "ada@example.org");
	wrong_password =
		refusal(stage, "{\"username\":\"ada\",\"password\":\"correct horse battery\"}");
	wrong_name = refusal(
		stage, "{\"username\":\"eve\",\"password\":\"correct horse battery staple\"}");
	assert_string_equal(wrong_password, wrong_name);
	assert_int_equal(count(stage, "SELECT count(*) FROM session"), 0);
}

/* Of a password that was set before accents were brought into one form. */
static void an_older_hash_is_of_what_was_typed(void **state)
{
	static const char apart[] = "cre\u0300me bru\u0302le\u0301e";
	static const char composed[] = "cr\u00e8me br\u00fbl\u00e9e";
	struct stage *stage = *state;
	struct arena *arena = &stage->home.arena;
	char hash[PASSWORD_HASH_SIZE];

	assert_int_equal(password_hash(apart, hash), ERR_OK);
	assert_int_equal(password_compare(arena, apart, hash), ERR_OK);
	assert_int_equal(password_compare(arena, composed, hash), ERR_UNAUTHENTICATED);
	assert_int_equal(password_compare(arena, apart, NULL), ERR_UNAUTHENTICATED);
	assert_int_equal(password_hash(composed, hash), ERR_OK);
	assert_int_equal(password_compare(arena, apart, hash), ERR_OK);
	assert_int_equal(password_compare(arena, composed, hash), ERR_OK);
}

static void me_is_who_is_signed_in(void **state)
{
	struct stage *stage = *state;
	struct principal principal;
	struct client client;
	struct call call;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	assert_int_equal(authentication_check(stage->app.authentication, client.token, &principal),
			 ERR_OK);
	call_begin(&call, &stage->app, &principal);
	assert_int_equal(call_run(&call, "GET", "/api/v1/auth/me", NULL, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "email"), "ada@example.org");
	assert_null(json_object_get(call.reply, "email_hash"));
	call_end(&call);
}

/* ---- Renewing ---- */

static void a_refresh_token_works_once(void **state)
{
	struct stage *stage = *state;
	struct client first, second, third;

	add_account(stage, "ada", "ada@example.org");
	first = sign_in(stage);
	assert_int_equal(renew(stage, &first, &second), ERR_OK);
	assert_string_not_equal(first.cookie, second.cookie);
	assert_string_equal(second.user_id, first.user_id);
	assert_int_equal(asking(stage, &first), ERR_OK); /* the session goes on */
	assert_int_equal(renew(stage, &second, &third), ERR_OK);
	assert_int_equal(asking(stage, &third), ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM session"), 1);
}

static void a_token_whose_successor_is_unused_gets_it_again(void **state)
{
	struct stage *stage = *state;
	struct client first, second, again;

	add_account(stage, "ada", "ada@example.org");
	first = sign_in(stage);
	assert_int_equal(renew(stage, &first, &second), ERR_OK);
	assert_int_equal(renew(stage, &first, &again), ERR_OK); /* a retry, or another tab */
	assert_string_equal(second.cookie, again.cookie);
}

static void a_used_token_that_comes_again_ends_the_session(void **state)
{
	struct stage *stage = *state;
	struct client first, second, third, none;

	add_account(stage, "ada", "ada@example.org");
	first = sign_in(stage);
	assert_int_equal(renew(stage, &first, &second), ERR_OK);
	assert_int_equal(renew(stage, &second, &third), ERR_OK);
	assert_int_equal(asking(stage, &third), ERR_OK);
	assert_int_equal(renew(stage, &first, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &first), ERR_UNAUTHENTICATED); /* at once */
	assert_int_equal(asking(stage, &third), ERR_UNAUTHENTICATED);
	assert_int_equal(renew(stage, &third, &none), ERR_UNAUTHENTICATED); /* nobody keeps it */
	assert_int_equal(
		count(stage, "SELECT count(*) FROM audit WHERE action = 'session.token_reuse'"), 1);
}

/* As if the session had been used for days: its tokens are so old that those in their time of grace are none of these. */
static void age_tokens(struct stage *stage)
{
	static const struct statement age = {
		"UPDATE refresh_token SET created_at = created_at - 20000, used_at = used_at - 20000",
		NULL
	};

	assert_int_equal(db_exec(stage->app.db, &age, ARGS_NONE, NULL), ERR_OK);
}

/* Its reply was lost, and whoever has it has stolen it. */
static void a_successor_that_nobody_used_is_replaced(void **state)
{
	struct stage *stage = *state;
	struct client first, lost, next, again, none;

	add_account(stage, "ada", "ada@example.org");
	first = sign_in(stage);
	assert_int_equal(renew(stage, &first, &lost), ERR_OK);
	age_tokens(stage);
	assert_int_equal(renew(stage, &first, &next), ERR_OK);
	assert_string_not_equal(next.cookie, lost.cookie);
	assert_int_equal(renew(stage, &first, &again), ERR_OK);
	assert_string_equal(again.cookie, next.cookie);
	assert_int_equal(renew(stage, &next, &next), ERR_OK);
	assert_int_equal(asking(stage, &next), ERR_OK);
	assert_int_equal(renew(stage, &lost, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &next), ERR_UNAUTHENTICATED);
	assert_int_equal(
		count(stage, "SELECT count(*) FROM audit WHERE action = 'session.token_reuse'"), 1);
}

/* The thief had the older one: he goes on until its owner comes back. */
static void of_two_who_have_a_token_one_goes_on(void **state)
{
	struct stage *stage = *state;
	struct client owner, thief, none;

	add_account(stage, "ada", "ada@example.org");
	owner = sign_in(stage);
	thief = owner;
	assert_int_equal(renew(stage, &owner, &owner), ERR_OK);
	age_tokens(stage);
	assert_int_equal(renew(stage, &thief, &thief), ERR_OK);
	assert_int_equal(renew(stage, &thief, &thief), ERR_OK);
	assert_int_equal(renew(stage, &owner, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &thief), ERR_UNAUTHENTICATED);
	assert_int_equal(renew(stage, &thief, &none), ERR_UNAUTHENTICATED);
}

static void the_used_tokens_of_a_session_do_not_pile_up(void **state)
{
	struct stage *stage = *state;
	struct client client, other;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	other = sign_in(stage);
	for (int i = 0; i < 70; i++) {
		age_tokens(stage);
		assert_int_equal(renew(stage, &client, &client), ERR_OK);
	}
	assert_int_equal(count(stage, "SELECT count(*) FROM refresh_token"), 50 + 1);
	assert_int_equal(renew(stage, &other, &other), ERR_OK);
	for (int i = 0; i < 70; i++) /* at once: each may be asked for again */
		assert_int_equal(renew(stage, &client, &client), ERR_OK);
	assert_true(count(stage, "SELECT count(*) FROM refresh_token") > 70);
}

/* Whoever has stolen a token cannot renew it until it is forgotten, and then keep the session from its owner. */
static void a_used_token_that_was_forgotten_ends_the_session_too(void **state)
{
	struct stage *stage = *state;
	struct client owner, thief, none;

	add_account(stage, "ada", "ada@example.org");
	owner = sign_in(stage);
	thief = owner;
	for (int i = 0; i < 70; i++) {
		age_tokens(stage);
		assert_int_equal(renew(stage, &thief, &thief), ERR_OK);
	}
	assert_int_equal(renew(stage, &owner, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &thief), ERR_UNAUTHENTICATED);
	assert_int_equal(renew(stage, &thief, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(
		count(stage, "SELECT count(*) FROM audit WHERE action = 'session.token_reuse'"), 1);
	assert_int_equal(renew(stage, &owner, &none), ERR_UNAUTHENTICATED); /* and once */
	assert_int_equal(
		count(stage, "SELECT count(*) FROM audit WHERE action = 'session.token_reuse'"), 1);
}

/* As cookies were before they were sealed. */
static void a_cookie_without_a_seal_is_renewed(void **state)
{
	struct stage *stage = *state;
	struct client client, next, none;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	*strchr(client.cookie, '.') = '\0';
	assert_int_equal(renew(stage, &client, &next), ERR_OK);
	assert_non_null(strchr(next.cookie, '.'));
	assert_int_equal(renew(stage, &next, &next), ERR_OK);
	assert_int_equal(renew(stage, &client, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &next), ERR_UNAUTHENTICATED);
}

static void another_session_is_not_touched_by_that(void **state)
{
	struct stage *stage = *state;
	struct client first, second, third, other, none;

	add_account(stage, "ada", "ada@example.org");
	first = sign_in(stage);
	other = sign_in(stage);
	assert_int_equal(renew(stage, &first, &second), ERR_OK);
	assert_int_equal(renew(stage, &second, &third), ERR_OK);
	assert_int_equal(renew(stage, &first, &none), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &other), ERR_OK);
	assert_int_equal(renew(stage, &other, &none), ERR_OK);
}

static void what_is_no_refresh_token_is_refused_and_cleared(void **state)
{
	struct stage *stage = *state;
	struct call call;

	assert_int_equal(post(stage, "/api/v1/auth/refresh", NULL, NULL, NULL),
			 ERR_UNAUTHENTICATED);
	call_begin(&call, &stage->app, NULL);
	call_header(&call, "cookie", "a=b; webplus_refresh=nonsense");
	assert_int_equal(call_run(&call, "POST", "/api/v1/auth/refresh", NULL, NULL),
			 ERR_UNAUTHENTICATED);
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "webplus_refresh=; "));
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "Max-Age=0"));
	call_end(&call);
}

static void another_site_cannot_renew_or_sign_out(void **state)
{
	static const char *const paths[] = { "/api/v1/auth/refresh", "/api/v1/auth/logout" };
	struct stage *stage = *state;
	struct client client, next;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	for (int i = 0; i < 2; i++) {
		struct call call;

		call_begin(&call, &stage->app, NULL);
		call_header(&call, "cookie", client.cookie);
		call_header(&call, "sec-fetch-site", "cross-site");
		assert_int_equal(call_run(&call, "POST", paths[i], NULL, NULL), ERR_FORBIDDEN);
		call_end(&call);
	}
	assert_int_equal(renew(stage, &client, &next), ERR_OK);
}

/* As browsers say it over plain http: the origin, and not whether it is the same site. */
static enum err renew_from(struct stage *stage, const struct client *client, const char *origin)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, NULL);
	call_header(&call, "cookie", client->cookie);
	call_header(&call, "host", "192.168.1.2:8080");
	call_header(&call, "origin", origin);
	err = call_run(&call, "POST", "/api/v1/auth/refresh", NULL, NULL);
	call_end(&call);
	return err;
}

static void another_port_of_the_host_cannot_renew(void **state)
{
	struct stage *stage = *state;
	struct client client;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	assert_int_equal(renew_from(stage, &client, "http://192.168.1.2:9999"), ERR_FORBIDDEN);
	assert_int_equal(renew_from(stage, &client, "http://192.168.1.2"), ERR_FORBIDDEN);
	assert_int_equal(renew_from(stage, &client, "https://evil.example"), ERR_FORBIDDEN);
	assert_int_equal(renew_from(stage, &client, "null"), ERR_FORBIDDEN);
	assert_int_equal(renew_from(stage, &client, "http://192.168.1.2:8080"), ERR_OK);
}

static enum err run_rotation(struct db *tx, void *context)
{
	return session_rotate(tx, context);
}

static enum err run_session_insertion(struct db *tx, void *context)
{
	return session_insert(tx, context, "old");
}

static enum err rotating(struct stage *stage, struct rotation *rotation)
{
	return db_transaction(stage->app.db, run_rotation, rotation);
}

struct racer {
	struct stage *stage;
	enum err err;
	bool reused;
};

static void *race(void *context)
{
	struct racer *racer = context;
	struct rotation rotation = { .old_hash = "old",
				     .new_hash = "new",
				     .spare_hash = "spare",
				     .now = { 10 },
				     .expires_at = { 2000 } };

	racer->err = rotating(racer->stage, &rotation);
	racer->reused = rotation.reused;
	return NULL;
}

enum { RACERS = 100 };

static void of_many_at_once_all_get_one_successor(void **state)
{
	struct stage *stage = *state;
	struct principal owner = home_account(&stage->home, "ada");
	struct session session = { .id = owner.session_id,
				   .account_id = owner.user_id,
				   .created_at = { 1 },
				   .expires_at = { 1000 } };
	struct racer racers[RACERS];
	pthread_t threads[RACERS];

	assert_int_equal(db_transaction(stage->app.db, run_session_insertion, &session), ERR_OK);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .stage = stage };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(racers[i].err, ERR_OK);
		assert_false(racers[i].reused);
	}
	assert_int_equal(count(stage, "SELECT count(*) FROM refresh_token"), 2);
	assert_int_equal(count(stage, "SELECT count(*) FROM session WHERE revoked_at IS NOT NULL"),
			 0);
}

static void after_its_time_of_grace_a_used_token_gets_another_successor(void **state)
{
	struct stage *stage = *state;
	struct principal owner = home_account(&stage->home, "ada");
	struct session session = { .id = owner.session_id,
				   .account_id = owner.user_id,
				   .created_at = { 1 },
				   .expires_at = { 100000 } };
	struct rotation rotation = { .old_hash = "old",
				     .new_hash = "new",
				     .spare_hash = "spare",
				     .now = { 10 },
				     .expires_at = { 200000 } };
	struct rotation of_the_first = rotation;

	assert_int_equal(db_transaction(stage->app.db, run_session_insertion, &session), ERR_OK);
	assert_int_equal(rotating(stage, &rotation), ERR_OK);
	rotation.now.ms = 10 + REFRESH_GRACE_MS;
	assert_int_equal(rotating(stage, &rotation), ERR_OK);
	assert_false(rotation.reused || rotation.replaced);
	for (int i = 0; i < 3; i++) {
		rotation.now.ms += i == 2 ? 10000 : 1;
		assert_int_equal(rotating(stage, &rotation), ERR_OK);
		assert_true(rotation.replaced && !rotation.reused);
	}
	of_the_first.now = rotation.now;
	of_the_first.old_hash = "new";
	of_the_first.new_hash = "next";
	assert_int_equal(rotating(stage, &of_the_first), ERR_UNAUTHENTICATED);
	assert_false(of_the_first.reused); /* it has no seal */
	of_the_first.sealed_session = session.id;
	assert_int_equal(rotating(stage, &of_the_first), ERR_OK);
	assert_true(of_the_first.reused);
	assert_int_equal(rotating(stage, &rotation), ERR_UNAUTHENTICATED);
}

static void a_session_ends_by_itself(void **state)
{
	struct stage *stage = *state;
	struct principal owner = home_account(&stage->home, "ada");
	struct session session = { .id = owner.session_id,
				   .account_id = owner.user_id,
				   .created_at = { 1 },
				   .expires_at = { 1000 } };
	struct rotation rotation = {
		.old_hash = "old", .new_hash = "new", .now = { 1000 }, .expires_at = { 2000 }
	};
	struct timestamp now = { 999 }, late = { 1000 };
	struct arena *arena = &stage->home.arena;
	struct db *db = stage->app.db;
	struct session_owner who;

	assert_int_equal(db_transaction(db, run_session_insertion, &session), ERR_OK);
	assert_int_equal(session_owner(db, session.id, now, arena, &who), ERR_OK);
	assert_string_equal(who.account_id, owner.user_id);
	assert_string_equal(who.role, ROLE_USER);
	assert_int_equal(session_owner(db, session.id, late, arena, &who), ERR_NOT_FOUND);
	assert_int_equal(rotating(stage, &rotation), ERR_UNAUTHENTICATED);
	assert_false(rotation.reused);
	rotation.now.ms = 999;
	assert_int_equal(rotating(stage, &rotation), ERR_OK); /* which makes it last longer */
	assert_string_equal(rotation.account_id, owner.user_id);
	late.ms = 1999;
	assert_int_equal(session_owner(db, session.id, late, arena, &who), ERR_OK);
	assert_int_equal(session_revoke(db, session.id, "another", now), ERR_NOT_FOUND);
	assert_int_equal(session_revoke(db, session.id, owner.user_id, now), ERR_OK);
	assert_int_equal(session_owner(db, session.id, now, arena, &who), ERR_NOT_FOUND);
	assert_int_equal(session_revoke(db, session.id, NULL, now), ERR_NOT_FOUND);
}

/* A token says whose it is; the session must be that one's. */
static void a_token_of_another_user_does_not_fit_a_session(void **state)
{
	struct stage *stage = *state;
	struct client client;
	struct principal principal;
	struct claims claims;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	assert_int_equal(authentication_check(stage->app.authentication, client.token, &principal),
			 ERR_OK);
	memcpy(claims.session_id, principal.session_id, ID_SIZE);
	id_make(claims.user_id);
	assert_int_equal(session_load(&stage->app, &claims, &principal), ERR_UNAUTHENTICATED);
}

/* ---- Signing out ---- */

static void signing_out_ends_the_session_of_the_cookie(void **state)
{
	struct stage *stage = *state;
	struct client client, other, next;
	struct call call;

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	other = sign_in(stage);
	assert_int_equal(asking(stage, &client), ERR_OK);
	call_begin(&call, &stage->app, NULL);
	call_header(&call, "cookie", client.cookie);
	assert_int_equal(call_run(&call, "POST", "/api/v1/auth/logout", NULL, NULL), ERR_OK);
	assert_non_null(strstr(call_reply_header(&call, "Set-Cookie"), "Max-Age=0"));
	call_end(&call);
	assert_int_equal(asking(stage, &client), ERR_UNAUTHENTICATED);
	assert_int_equal(renew(stage, &client, &next), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &other), ERR_OK);
}

static void signing_out_ends_the_session_of_the_token(void **state)
{
	struct stage *stage = *state;
	struct client client;
	struct call call;
	char header[JWT_LENGTH_MAX + 8];

	add_account(stage, "ada", "ada@example.org");
	client = sign_in(stage);
	snprintf(header, sizeof(header), "Bearer %s", client.token);
	call_begin(&call, &stage->app, NULL);
	call_header(&call, "authorization", header);
	assert_int_equal(call_run(&call, "POST", "/api/v1/auth/logout", NULL, NULL), ERR_OK);
	call_end(&call);
	assert_int_equal(asking(stage, &client), ERR_UNAUTHENTICATED);
	assert_int_equal(post(stage, "/api/v1/auth/logout", NULL, "webplus_refresh=x", NULL),
			 ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(a_name_and_an_address_are_taken_once),
		STAGE_TEST(a_bad_password_is_refused),
		STAGE_TEST(the_link_makes_the_first_administrator_once),
		STAGE_TEST(an_account_made_elsewhere_ends_the_link),
		STAGE_TEST(a_weak_password_does_not_use_the_link_up),
		STAGE_TEST(signing_in_gives_a_token_and_a_cookie),
		STAGE_TEST(behind_tls_the_cookie_is_secure),
		STAGE_TEST(a_cookie_of_the_plain_name_is_none_behind_tls),
		STAGE_TEST(a_planted_cookie_ends_no_session),
		STAGE_TEST(signing_out_ends_the_session_beside_a_planted_cookie),
		STAGE_TEST(a_wrong_name_and_a_wrong_password_are_answered_alike),
		STAGE_TEST(an_older_hash_is_of_what_was_typed),
		STAGE_TEST(me_is_who_is_signed_in),
		STAGE_TEST(a_refresh_token_works_once),
		STAGE_TEST(a_used_token_that_comes_again_ends_the_session),
		STAGE_TEST(a_successor_that_nobody_used_is_replaced),
		STAGE_TEST(of_two_who_have_a_token_one_goes_on),
		STAGE_TEST(the_used_tokens_of_a_session_do_not_pile_up),
		STAGE_TEST(a_used_token_that_was_forgotten_ends_the_session_too),
		STAGE_TEST(a_cookie_without_a_seal_is_renewed),
		STAGE_TEST(another_session_is_not_touched_by_that),
		STAGE_TEST(what_is_no_refresh_token_is_refused_and_cleared),
		STAGE_TEST(another_site_cannot_renew_or_sign_out),
		STAGE_TEST(another_port_of_the_host_cannot_renew),
		STAGE_TEST(a_token_whose_successor_is_unused_gets_it_again),
		STAGE_TEST(of_many_at_once_all_get_one_successor),
		STAGE_TEST(after_its_time_of_grace_a_used_token_gets_another_successor),
		STAGE_TEST(a_session_ends_by_itself),
		STAGE_TEST(a_token_of_another_user_does_not_fit_a_session),
		STAGE_TEST(signing_out_ends_the_session_of_the_cookie),
		STAGE_TEST(signing_out_ends_the_session_of_the_token),
	};

	return RUN_TESTS(tests);
}
