#include "base/id.h"
#include "base/utf8.h"
#include "schema/schema.h"

#include <ctype.h>
#include <string.h>

static bool is_username(const char *text)
{
	size_t length = strlen(text);

	return length >= 3 && length <= 32 && isalnum((unsigned char)text[0]) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       length;
}

/* RFC 5321, 4.5.3.1: 64 bytes before the @, 254 in all. What stands there is for the mail server to judge. */
static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');
	size_t length = strlen(text);

	if (!at || strchr(at + 1, '@') || at == text || at - text > 64 || length > 254)
		return false;
	if (at[1] == '\0' || at[1] == '.' || text[length - 1] == '.' || strstr(at, ".."))
		return false;
	for (const char *c = text; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c) ||
		    strchr("()<>,;:\\\"[]", *c))
			return false;
	return true;
}

static bool is_line(const char *text)
{
	return strpbrk(text, "\n\t") == NULL;
}

static bool is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	return true;
}

static const struct {
	bool (*check)(const char *text);
	const char *message;
	const char *pattern;
} formats[FORMAT_COUNT] = {
	[FORMAT_ID] = { id_valid, "must be an id: a UUID in lower case",
			"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" },
	[FORMAT_USERNAME] = { is_username,
			      "must be 3 to 32 letters, digits, dots, hyphens or underscores, and "
			      "begin with a letter "
			      "or digit",
			      "^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$" },
	[FORMAT_EMAIL] = { is_email, "must be an e-mail address", "^[^@\\s]{1,64}@[^@\\s]+$" },
	[FORMAT_LINE] = { is_line, "must be a single line", "^[^\\n\\t]*$" },
	[FORMAT_TOKEN] = { is_token, "must be visible ASCII characters without spaces",
			   "^[!-~]*$" },
};

bool format_check(enum format format, const char *text, const char **ret_message)
{
	if (format == FORMAT_NONE || formats[format].check(text))
		return true;
	*ret_message = formats[format].message;
	return false;
}

const char *format_pattern(enum format format)
{
	return formats[format].pattern;
}
