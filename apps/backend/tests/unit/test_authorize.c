#include "security/authorize.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

static const char me[] = "01890a5d-ac96-774b-bcce-b302099a8057";
static const char other[] = "01890a5d-ac96-774b-bcce-b302099a8058";

static struct principal make_principal(const char *role)
{
	struct principal principal = { .permissions = builtin_role_find(role)->permissions };

	snprintf(principal.role, ROLE_NAME_SIZE, "%s", role);
	memcpy(principal.user_id, me, sizeof(me));
	return principal;
}

static void every_permission_is_found_by_its_word(void **state)
{
	enum permission found = PERMISSION_COUNT;

	(void)state;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		assert_true(permission_find(permission_words[i], &found));
		assert_int_equal(found, i);
	}
	assert_true(permission_find("chat:write", &found));
	assert_int_equal(found, PERMISSION_CHAT_WRITE);
	assert_false(permission_find("chat:", &found));
	assert_false(permission_find("", &found));
	assert_false(permission_find("public", &found));
	assert_int_equal(found, PERMISSION_CHAT_WRITE);
}

static void built_in_roles_have_what_they_need(void **state)
{
	/* By enum permission, as the user guide tells it. */
	static const struct {
		const char *name, *may;
	} expected[] = {
		{ "viewer", "xx.x.x....." },
		{ "user", "xxxxxx....." },
		{ "developer", "xxxxxx....." },
		{ "administrator", "xxxxxxxxxxx" },
	};

	(void)state;
	assert_null(builtin_role_find("nobody"));
	for (size_t role = 0; role < sizeof(expected) / sizeof(expected[0]); role++) {
		struct principal principal = make_principal(expected[role].name);

		assert_int_equal(strlen(expected[role].may), PERMISSION_COUNT);
		for (unsigned i = 0; i < PERMISSION_COUNT; i++)
			assert_int_equal(authorize(&principal, i),
					 expected[role].may[i] == 'x' ? ERR_OK : ERR_FORBIDDEN);
	}
}

static void a_set_of_permissions_is_its_words(void **state)
{
	const char *words[] = { "models:read", "chat:read", "chat:fly" };
	const struct texts given = { words, 3 };
	uint64_t set = permissions_of(&given);
	struct arena arena;
	struct texts printed;

	(void)state;
	assert_int_equal(set, UINT64_C(1) << PERMISSION_MODELS_READ |
				      UINT64_C(1) << PERMISSION_CHAT_READ);
	arena_init(&arena);
	printed = permissions_list(set, &arena);
	assert_int_equal(printed.count, 2);
	assert_string_equal(printed.items[0], "chat:read");
	assert_string_equal(printed.items[1], "models:read");
	arena_finish(&arena);
}

static void a_grant_gives_no_more_than_the_role(void **state)
{
	struct principal viewer = make_principal("viewer");
	struct object shared = { other, UINT64_C(1) << PERMISSION_CHAT_READ |
						UINT64_C(1) << PERMISSION_CHAT_WRITE };

	(void)state;
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_READ, shared), ERR_OK);
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_WRITE, shared), ERR_FORBIDDEN);
	/* What is known of, but not granted, is forbidden; it need not hide. */
	assert_int_equal(authorize_object(&viewer, PERMISSION_MODELS_READ, shared), ERR_FORBIDDEN);
}

static void nobody_may_do_nothing(void **state)
{
	(void)state;
	assert_int_equal(authorize(NULL, PERMISSION_CHAT_READ), ERR_UNAUTHENTICATED);
	assert_int_equal(
		authorize_object(NULL, PERMISSION_CHAT_READ, (struct object){ .owner_id = me }),
		ERR_UNAUTHENTICATED);
}

static void anothers_object_is_not_there(void **state)
{
	struct principal viewer = make_principal("viewer"),
			 admin = make_principal(ROLE_ADMINISTRATOR);

	(void)state;
	assert_int_equal(
		authorize_object(&viewer, PERMISSION_CHAT_READ, (struct object){ .owner_id = me }),
		ERR_OK);
	assert_int_equal(
		authorize_object(&viewer, PERMISSION_CHAT_WRITE, (struct object){ .owner_id = me }),
		ERR_FORBIDDEN);
	/* Not ERR_FORBIDDEN, which would tell that it exists. */
	assert_int_equal(authorize_object(&viewer, PERMISSION_CHAT_WRITE,
					  (struct object){ .owner_id = other }),
			 ERR_NOT_FOUND);
	assert_int_equal(authorize_object(&admin, PERMISSION_CHAT_READ,
					  (struct object){ .owner_id = other }),
			 ERR_NOT_FOUND);
	assert_int_equal(
		authorize_object(&admin, PERMISSION_CHAT_READ, (struct object){ .owner_id = NULL }),
		ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_permission_is_found_by_its_word),
		cmocka_unit_test(built_in_roles_have_what_they_need),
		cmocka_unit_test(a_set_of_permissions_is_its_words),
		cmocka_unit_test(a_grant_gives_no_more_than_the_role),
		cmocka_unit_test(nobody_may_do_nothing),
		cmocka_unit_test(anothers_object_is_not_there),
	};

	return RUN_TESTS(tests);
}
