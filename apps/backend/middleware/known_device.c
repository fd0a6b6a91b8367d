#include "middleware/known_device.h"

#include "app.h"
#include "http/request.h"
#include "middleware/security.h"
#include "security/keyring.h"

#include <sodium.h>
#include <string.h>

/* Behind https of a name that no other host of the site can set. */
#define DEVICE_COOKIE "webplus_device"
#define DEVICE_HOST_COOKIE "__Host-" DEVICE_COOKIE

enum {
	NAME_BYTES = (DEVICE_NAME_SIZE - 1) / 2,
	HASH_BYTES = 32,
	HASH_SIZE = 2 * HASH_BYTES + 1,
	KEPT_S = 400 * 24 * 60 * 60, /* browsers keep none longer */
};

/* "ACCOUNT.NAME.HASH" */
enum {
	NAME_AT = ID_SIZE,
	HASH_AT = NAME_AT + DEVICE_NAME_SIZE,
	COOKIE_LENGTH = HASH_AT + HASH_SIZE - 1,
};

/* Of what stands before it. */
static void hash_of(const struct app *app, const char *text, char hash[static HASH_SIZE])
{
	unsigned char bytes[HASH_BYTES];

	crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)text, HASH_AT - 1,
			   keyring_key(app->keyring, KEY_DEVICE), KEY_SIZE);
	sodium_bin2hex(hash, HASH_SIZE, bytes, sizeof(bytes));
}

static bool is_good(const struct app *app, const char *cookie)
{
	char hash[HASH_SIZE];

	if (strlen(cookie) != COOKIE_LENGTH || cookie[NAME_AT - 1] != '.' ||
	    cookie[HASH_AT - 1] != '.')
		return false;
	hash_of(app, cookie, hash);
	return sodium_memcmp(hash, cookie + HASH_AT, HASH_SIZE - 1) == 0;
}

static const char *cookie_name(struct request *request)
{
	return security_is_https(request) ? DEVICE_HOST_COOKIE : DEVICE_COOKIE;
}

/* By http, another host of the same site may have set one of the same name: whichever is good counts. */
bool known_device_read(struct request *request, const char *account_id,
		       struct known_device *ret_device)
{
	const char *at = NULL, *cookie;

	while ((cookie = request_cookie_next(request, cookie_name(request), &at))) {
		if (!is_good(request->app, cookie) ||
		    (account_id && strncmp(cookie, account_id, ID_SIZE - 1) != 0))
			continue;
		memcpy(ret_device->account_id, cookie, ID_SIZE - 1);
		ret_device->account_id[ID_SIZE - 1] = '\0';
		memcpy(ret_device->name, cookie + NAME_AT, DEVICE_NAME_SIZE - 1);
		ret_device->name[DEVICE_NAME_SIZE - 1] = '\0';
		return true;
	}
	return false;
}

static void make(const char *account_id, struct known_device *device)
{
	unsigned char bytes[NAME_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	memcpy(device->account_id, account_id, ID_SIZE);
	sodium_bin2hex(device->name, DEVICE_NAME_SIZE, bytes, sizeof(bytes));
}

static void write_cookie(struct request *request, const char *value, int max_age_s)
{
	bool https = security_is_https(request);

	reply_header(request, "Set-Cookie",
		     arena_printf(&request->arena,
				  "%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Strict%s",
				  cookie_name(request), value, https ? "/" : "/api/v1/auth",
				  max_age_s, https ? "; Secure" : ""));
}

void known_device_clear(struct request *request)
{
	write_cookie(request, "", 0);
}

void known_device_set(struct request *request, const char *account_id)
{
	struct known_device device;
	char hash[HASH_SIZE];
	const char *text;

	if (!known_device_read(request, account_id, &device))
		make(account_id, &device);
	text = arena_printf(&request->arena, "%s.%s", device.account_id, device.name);
	hash_of(request->app, text, hash);
	write_cookie(request, arena_printf(&request->arena, "%s.%s", text, hash), KEPT_S);
}
