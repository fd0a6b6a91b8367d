#include "security/authorize.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

static const char me[] = "01890a5d-ac96-774b-bcce-b302099a8057";
static const char other[] = "01890a5d-ac96-774b-bcce-b302099a8058";

static struct principal make_principal(enum role role)
{
	struct principal principal = { .role = role, .permissions = role_permissions(role) };

	memcpy(principal.user_id, me, sizeof(me));
	return principal;
}

static void every_permission_is_found_by_its_word(void **state)
{
	enum permission found = PERMISSION_COUNT;

	(void)state;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		assert_true(permission_find(permission_word(i), &found));
		assert_int_equal(found, i);
	}
	assert_true(permission_find("chat:write", &found));
	assert_int_equal(found, PERMISSION_CHAT_WRITE);
	assert_false(permission_find("chat:", &found));
	assert_false(permission_find("", &found));
	assert_false(permission_find("public", &found));
	assert_int_equal(found, PERMISSION_CHAT_WRITE);
}

static void roles_have_names_and_what_they_need(void **state)
{
	/* By enum role and enum permission, as the user guide tells it. */
	static const char *const expected[ROLE_COUNT] = {
		[ROLE_VIEWER] = "x.x...",
		[ROLE_USER] = "xxx...",
		[ROLE_DEVELOPER] = "xxx...",
		[ROLE_ADMINISTRATOR] = "xxxxxx",
	};

	(void)state;
	assert_string_equal(role_names[ROLE_VIEWER], "viewer");
	assert_string_equal(role_names[ROLE_ADMINISTRATOR], "administrator");
	assert_null(role_names[ROLE_COUNT]);
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		struct principal principal = make_principal(role);

		for (unsigned i = 0; i < PERMISSION_COUNT; i++)
			assert_int_equal(authorize(&principal, i),
					 expected[role][i] == 'x' ? ERR_OK : ERR_FORBIDDEN);
	}
}

static void nobody_may_do_nothing(void **state)
{
	(void)state;
	assert_int_equal(authorize(NULL, PERMISSION_CHAT_READ), ERR_UNAUTHENTICATED);
	assert_int_equal(authorize_object(NULL, PERMISSION_CHAT_READ, (struct object){ me }),
			 ERR_UNAUTHENTICATED);
}

static void anothers_object_is_not_there(void **state)
{
	struct principal viewer = make_principal(ROLE_VIEWER),
			 admin = make_principal(ROLE_ADMINISTRATOR);

	(void)state;
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_READ, (struct object){ me }),
			 ERR_OK);
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_WRITE, (struct object){ me }),
			 ERR_FORBIDDEN);
	/* Not ERR_FORBIDDEN, which would tell that it exists. */
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_WRITE, (struct object){ other }),
			 ERR_NOT_FOUND);
	assert_int_equal(authorize_object(&admin, PERMISSION_CHAT_READ, (struct object){ other }),
			 ERR_NOT_FOUND);
	assert_int_equal(authorize_object(&admin, PERMISSION_CHAT_READ, (struct object){ NULL }),
			 ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_permission_is_found_by_its_word),
		cmocka_unit_test(roles_have_names_and_what_they_need),
		cmocka_unit_test(nobody_may_do_nothing),
		cmocka_unit_test(anothers_object_is_not_there),
	};

	return RUN_TESTS(tests);
}
