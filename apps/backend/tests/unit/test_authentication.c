/* Who asks: what the middleware knows of tokens, what it forgets, and what it lets through. */
#include "middleware/authentication.h"

#include "app.h"
#include "http/route.h"

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The database, played: it knows one role, and which sessions have ended. */
struct sessions {
	struct home home;
	struct app app;
	struct authentication *authentication;
	atomic_int looked;
	const char *role;
	char ended[ID_SIZE];
	bool ends_while_looking;
};

static struct sessions *played;

static enum err load(struct app *app, const struct claims *claims, struct principal *ret_principal)
{
	(void)app;
	atomic_fetch_add(&played->looked, 1);
	if (strcmp(claims->session_id, played->ended) == 0)
		return ERR_UNAUTHENTICATED;
	*ret_principal =
		(struct principal){ .permissions = builtin_role_find(played->role)->permissions };
	snprintf(ret_principal->role, ROLE_NAME_SIZE, "%s", played->role);
	memcpy(ret_principal->user_id, claims->user_id, ID_SIZE);
	memcpy(ret_principal->session_id, claims->session_id, ID_SIZE);
	if (played->ends_while_looking)
		authentication_forget(played->authentication, NULL, claims->session_id);
	return ERR_OK;
}

/* One key, that of an administrator who gave it little. */
static enum err load_key(struct app *app, const char *key, struct principal *ret_principal)
{
	(void)app;
	atomic_fetch_add(&played->looked, 1);
	if (strcmp(key, API_KEY_PREFIX "good") != 0)
		return ERR_UNAUTHENTICATED;
	*ret_principal = (struct principal){ .user_id = "owner",
					     .session_id = "key",
					     .permissions = UINT64_C(1) << PERMISSION_CHAT_READ,
					     .expires_ms = INT64_MAX,
					     .by_key = true };
	return ERR_OK;
}

static int set_up(void **state)
{
	played = calloc(1, sizeof(*played));
	home_make(&played->home);
	played->app.keyring = played->home.keyring;
	played->role = ROLE_USER;
	played->authentication = authentication_create(&played->app, load, load_key);
	played->app.authentication = played->authentication;
	*state = played;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	authentication_destroy(played->authentication);
	home_remove(&played->home);
	free(played);
	return 0;
}

static const char *sign(const char *session_id, int64_t valid_ms)
{
	struct claims claims = { .issued = clock_now() };
	const char *token;

	claims.expires.ms = claims.issued.ms + valid_ms;
	id_make(claims.user_id);
	snprintf(claims.session_id, ID_SIZE, "%s", session_id);
	token = jwt_sign(played->home.keyring, &claims, &played->home.arena);
	assert_non_null(token);
	return token;
}

static const char *some_token(void)
{
	char session_id[ID_SIZE];

	id_make(session_id);
	return sign(session_id, 60000);
}

static enum err check(const char *token)
{
	struct principal principal;

	return authentication_check(played->authentication, token, &principal);
}

static void end_session(const char *session_id)
{
	memcpy(played->ended, session_id, ID_SIZE);
	authentication_forget(played->authentication, NULL, session_id);
}

/* ---- Known tokens ---- */

static void a_token_is_looked_at_once(void **state)
{
	const char *token = some_token();
	struct principal principal = { .role = ROLE_ADMINISTRATOR };

	(void)state;
	assert_int_equal(authentication_check(played->authentication, token, &principal), ERR_OK);
	assert_string_equal(principal.role, ROLE_USER);
	assert_true(principal.expires_ms > clock_now().ms);
	assert_int_equal(check(token), ERR_OK);
	assert_int_equal(check(token), ERR_OK);
	assert_int_equal(played->looked, 1);
}

static void what_is_no_token_is_not_looked_up(void **state)
{
	char text[JWT_LENGTH_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(check(text), ERR_UNAUTHENTICATED);
	assert_int_equal(check(""), ERR_UNAUTHENTICATED);
	assert_int_equal(check("a.b.c"), ERR_UNAUTHENTICATED);
	assert_int_equal(check("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."), ERR_UNAUTHENTICATED);
	assert_int_equal(played->looked, 0);
}

static void an_ended_session_is_forgotten_at_once(void **state)
{
	char session_id[ID_SIZE];
	const char *token, *second, *other = some_token();

	(void)state;
	id_make(session_id);
	token = sign(session_id, 60000);
	second = sign(session_id, 70000);
	assert_int_equal(check(token), ERR_OK);
	assert_int_equal(check(second), ERR_OK);
	assert_int_equal(check(other), ERR_OK);
	end_session(session_id);
	assert_int_equal(check(token), ERR_UNAUTHENTICATED);
	assert_int_equal(check(second), ERR_UNAUTHENTICATED);
	assert_int_equal(played->looked, 5);
	assert_int_equal(check(other), ERR_OK);
	assert_int_equal(played->looked, 5);
}

/* What was read before the session ended must not be remembered after. */
static void a_session_that_ends_during_the_look_is_not_remembered(void **state)
{
	const char *token = some_token();

	(void)state;
	played->ends_while_looking = true;
	assert_int_equal(check(token), ERR_OK);
	played->ends_while_looking = false;
	assert_int_equal(check(token), ERR_OK);
	assert_int_equal(played->looked, 2);
	assert_int_equal(check(token), ERR_OK);
	assert_int_equal(played->looked, 2);
}

static void a_token_that_has_expired_is_known_no_more(void **state)
{
	char session_id[ID_SIZE];
	const char *token;
	int64_t end_ms = clock_now().ms + 20000;

	(void)state;
	id_make(session_id);
	token = sign(session_id, 1000);
	assert_int_equal(check(token), ERR_OK);
	while (check(token) == ERR_OK)
		assert_true(clock_now().ms < end_ms);
	assert_int_equal(check(token), ERR_UNAUTHENTICATED);
	assert_int_equal(played->looked, 1); /* it never came to the database again */
}

enum { GENERATION = 8192 }; /* as the middleware has it */

static void check_others(int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(check(some_token()), ERR_OK);
}

static void tokens_in_use_stay_known_and_others_make_room(void **state)
{
	const char *used = some_token(), *unused = some_token();
	int looked;

	(void)state;
	assert_int_equal(check(used), ERR_OK);
	assert_int_equal(check(unused), ERR_OK);
	check_others(GENERATION); /* both are old now */
	looked = played->looked;
	assert_int_equal(check(used), ERR_OK);
	assert_int_equal(played->looked, looked);
	check_others(GENERATION);
	looked = played->looked;
	assert_int_equal(check(used), ERR_OK);
	assert_int_equal(played->looked, looked);
	assert_int_equal(check(unused), ERR_OK);
	assert_int_equal(played->looked, looked + 1);
}

/* ---- Threads ---- */

enum { THREADS = 4, CHECKS = 300 };

static void *check_and_forget(void *token)
{
	struct principal principal;

	for (int i = 0; i < CHECKS; i++) {
		if (authentication_check(played->authentication, token, &principal) != ERR_OK)
			return "failed";
		if (i % 10 == 0)
			authentication_forget(played->authentication, NULL, principal.session_id);
	}
	return NULL;
}

static void many_threads_ask_at_once(void **state)
{
	const char *token = some_token();
	pthread_t threads[THREADS];
	void *fault;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_and_forget,
						(void *)(uintptr_t)token),
				 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &fault);
		assert_null(fault);
	}
}

/* ---- The middleware ---- */

struct visit {
	struct request request;
	struct route route;
	struct text_pair headers[2];
	char header[JWT_LENGTH_MAX + 64];
};

static void visit_begin(struct visit *visit, const char *access, const char *scheme,
			const char *token)
{
	memset(visit, 0, sizeof(*visit));
	visit->route.access = access;
	visit->request.route = &visit->route;
	visit->request.app = &played->app;
	visit->request.headers = visit->headers;
	arena_init(&visit->request.arena);
	buf_init(&visit->request.reply.headers, 4096);
	if (!scheme)
		return;
	snprintf(visit->header, sizeof(visit->header), "%s%s", scheme, token);
	visit->headers[0] = (struct text_pair){ "authorization", visit->header };
}

static void visit_end(struct visit *visit)
{
	buf_finish(&visit->request.reply.headers);
	arena_finish(&visit->request.arena);
}

/* As the server calls it: on the loop, then on a worker. */
static enum err visit(struct visit *visit)
{
	enum err err = authentication_middleware.admit(&visit->request);

	return err == ERR_OK ? authentication_middleware.prepare(&visit->request) : err;
}

static void is_answered(const char *access, const char *scheme, const char *token,
			enum err expected, const char *header)
{
	struct visit visitor;

	for (int known = 0; known < 2; known++) { /* looked up, then from memory */
		visit_begin(&visitor, access, scheme, token);
		assert_int_equal(visit(&visitor), expected);
		if (header)
			assert_string_equal(visitor.request.reply.headers.data, header);
		if (expected == ERR_OK && strcmp(access, ACCESS_PUBLIC) != 0)
			assert_non_null(visitor.request.principal);
		visit_end(&visitor);
	}
}

static void a_route_says_who_may_call(void **state)
{
	const char *token = some_token();

	(void)state;
	is_answered(ACCESS_PUBLIC, NULL, NULL, ERR_OK, NULL);
	is_answered(ACCESS_PUBLIC, "Bearer ", "nonsense", ERR_OK, NULL);
	is_answered(ACCESS_SIGNED_IN, "Bearer ", token, ERR_OK, NULL);
	is_answered(ACCESS_SIGNED_IN, "bEARER   ", token, ERR_OK, NULL);
	is_answered("chat:write", "Bearer ", token, ERR_OK, NULL);
	is_answered("users:manage", "Bearer ", token, ERR_FORBIDDEN, NULL);
	is_answered("no:such", "Bearer ", token, ERR_INTERNAL, NULL);
}

static void a_key_does_what_it_is_for_and_is_no_person(void **state)
{
	(void)state;
	is_answered("chat:read", "Bearer ", API_KEY_PREFIX "good", ERR_OK, NULL);
	is_answered("chat:write", "Bearer ", API_KEY_PREFIX "good", ERR_FORBIDDEN, NULL);
	is_answered(ACCESS_SIGNED_IN, "Bearer ", API_KEY_PREFIX "good", ERR_OK, NULL);
	is_answered(ACCESS_SESSION, "Bearer ", API_KEY_PREFIX "good", ERR_FORBIDDEN, NULL);
	is_answered(ACCESS_SESSION, "Bearer ", some_token(), ERR_OK, NULL);
	is_answered("chat:read", "Bearer ", API_KEY_PREFIX "bad", ERR_UNAUTHENTICATED, NULL);
}

static void what_would_outlive_a_key_takes_a_person(void **state)
{
	const char *token = some_token();
	struct visit visitor;

	(void)state;
	for (int by_key = 0; by_key < 2; by_key++) {
		visit_begin(&visitor, "chat:read", "Bearer ",
			    by_key ? API_KEY_PREFIX "good" : token);
		visitor.route.person = true;
		assert_int_equal(visit(&visitor), by_key ? ERR_FORBIDDEN : ERR_OK);
		visit_end(&visitor);
	}
}

static void who_is_nobody_is_told_to_sign_in(void **state)
{
	char text[JWT_LENGTH_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_answered(ACCESS_SIGNED_IN, NULL, NULL, ERR_UNAUTHENTICATED,
		    "WWW-Authenticate: Bearer\r\n");
	is_answered(ACCESS_SIGNED_IN, "Basic ", "YTpi", ERR_UNAUTHENTICATED,
		    "WWW-Authenticate: Bearer\r\n");
	is_answered(ACCESS_SIGNED_IN, "Bearer ", "nonsense", ERR_UNAUTHENTICATED,
		    "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
	is_answered("chat:read", "Bearer ", text, ERR_UNAUTHENTICATED,
		    "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
}

static void an_ended_session_is_refused_on_the_loop_too(void **state)
{
	char session_id[ID_SIZE];
	const char *token;

	(void)state;
	id_make(session_id);
	token = sign(session_id, 60000);
	is_answered(ACCESS_SIGNED_IN, "Bearer ", token, ERR_OK, NULL);
	end_session(session_id);
	is_answered(ACCESS_SIGNED_IN, "Bearer ", token, ERR_UNAUTHENTICATED, NULL);
}

/* The head came, the session ended, and only then the body. */
static void a_session_that_ends_between_head_and_body_is_refused(void **state)
{
	char session_id[ID_SIZE];
	struct visit visitor;
	const char *token;

	(void)state;
	id_make(session_id);
	token = sign(session_id, 60000);
	is_answered(ACCESS_SIGNED_IN, "Bearer ", token, ERR_OK, NULL);
	visit_begin(&visitor, ACCESS_SIGNED_IN, "Bearer ", token);
	assert_int_equal(authentication_middleware.admit(&visitor.request), ERR_OK);
	assert_non_null(visitor.request.principal);
	end_session(session_id);
	assert_int_equal(authentication_middleware.prepare(&visitor.request), ERR_UNAUTHENTICATED);
	visit_end(&visitor);
}

/* Each piece of a large reply is prepared for like the first. */
static void a_request_may_outlive_its_token_but_not_its_session(void **state)
{
	char session_id[ID_SIZE];
	struct visit visitor;
	const char *token;

	(void)state;
	id_make(session_id);
	token = sign(session_id, 1000);
	visit_begin(&visitor, ACCESS_SIGNED_IN, "Bearer ", token);
	assert_int_equal(visit(&visitor), ERR_OK);
	while (authentication_stands(&visitor.request))
		sched_yield();
	assert_int_equal(check(token), ERR_UNAUTHENTICATED);
	assert_int_equal(authentication_middleware.prepare(&visitor.request), ERR_OK);
	assert_true(authentication_stands(&visitor.request));
	end_session(session_id);
	assert_int_equal(authentication_middleware.prepare(&visitor.request), ERR_UNAUTHENTICATED);
	visit_end(&visitor);
}

static void a_public_route_may_ask_who_calls(void **state)
{
	struct visit visitor;

	(void)state;
	visit_begin(&visitor, ACCESS_PUBLIC, "Bearer ", some_token());
	authentication_identify(&visitor.request);
	assert_string_equal(visitor.request.principal->role, ROLE_USER);
	visit_end(&visitor);
	visit_begin(&visitor, ACCESS_PUBLIC, "Bearer ", "nonsense");
	authentication_identify(&visitor.request);
	assert_null(visitor.request.principal);
	visit_end(&visitor);
}

/* NULL for a header that the request has not. */
static void assert_credential(const char *authorization, const char *key, const char *protocol,
			      const char *expected)
{
	struct text_pair headers[4] = { { NULL, NULL } };
	struct request request = { .headers = headers };
	struct text_pair *next = headers;
	const char *found;

	if (authorization)
		*next++ = (struct text_pair){ "authorization", authorization };
	if (key)
		*next++ = (struct text_pair){ "x-api-key", key };
	if (protocol)
		*next++ = (struct text_pair){ "sec-websocket-protocol", protocol };
	arena_init(&request.arena);
	found = authentication_credential(&request);
	if (expected)
		assert_string_equal(found, expected);
	else
		assert_null(found);
	arena_finish(&request.arena);
}

static void a_request_has_one_credential_whichever_way_it_comes(void **state)
{
	(void)state;
	assert_credential("Bearer a.b.c", NULL, NULL, "a.b.c");
	assert_credential("Basic eDp5", NULL, NULL, NULL);
	assert_credential(NULL, "wp_x", NULL, "wp_x");
	assert_credential(NULL, NULL, "webplus, bearer.a.b.c", "a.b.c");
	assert_credential(NULL, NULL, "bearer.x ,webplus", "x");
	assert_credential(NULL, NULL, "bearer., webplus", NULL);
	assert_credential(NULL, NULL, "webplus", NULL);
	assert_credential("Bearer x", "x", "bearer.x", "x");
	assert_credential("Bearer x", "y", NULL, "");
	assert_credential("Bearer x", NULL, "bearer.y", "");
	assert_credential(NULL, "x", "bearer.y", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_looked_at_once),
		TEST(what_is_no_token_is_not_looked_up),
		TEST(an_ended_session_is_forgotten_at_once),
		TEST(a_session_that_ends_during_the_look_is_not_remembered),
		TEST(a_token_that_has_expired_is_known_no_more),
		TEST(tokens_in_use_stay_known_and_others_make_room),
		TEST(many_threads_ask_at_once),
		TEST(a_route_says_who_may_call),
		TEST(a_key_does_what_it_is_for_and_is_no_person),
		TEST(what_would_outlive_a_key_takes_a_person),
		TEST(who_is_nobody_is_told_to_sign_in),
		TEST(an_ended_session_is_refused_on_the_loop_too),
		TEST(a_session_that_ends_between_head_and_body_is_refused),
		TEST(a_request_may_outlive_its_token_but_not_its_session),
		TEST(a_public_route_may_ask_who_calls),
		TEST(a_request_has_one_credential_whichever_way_it_comes),
	};

	return RUN_TESTS(tests);
}
