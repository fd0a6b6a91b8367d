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
	if (strpbrk(text, "()<>,;:\\\"[]") != NULL)
		return false;
	for (uint32_t c = utf8_next(&text); c; c = utf8_next(&text))
		if (utf8_is_unseen(c))
			return false;
	return true;
}

/*
 * What is shown in one line: nothing in it moves, hides or turns what stands beside it, and something of it is seen. Joiners
 * may stand in it: emoji, Persian and the languages of India are written with them. Whether it may be empty, its row says.
 */
static bool is_line(const char *text)
{
	bool seen = *text == '\0';

	if (strpbrk(text, "\n\t") != NULL)
		return false;
	for (uint32_t c = utf8_next(&text); c; c = utf8_next(&text)) {
		if (utf8_is_layout(c))
			return false;
		seen = seen || !utf8_is_unseen(c);
	}
	return seen;
}

static bool is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	return true;
}

/*
 * Parts of patterns, of what most dialects of regular expressions know: no properties (\p) and no looking ahead. Of the
 * characters beyond U+FFFF, whose escape is another in each, the pattern has the characters themselves.
 */

/* What utf8_is_unseen finds beyond spaces, of the characters that one may meet. */
#define UNSEEN                                                                                                    \
	"\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"          \
	"\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb" \
	"\U000e0000-\U000e0fff"

/* What utf8_is_layout finds, and all control characters. */
#define LAYOUT                                                                                     \
	"\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069"        \
	"\U000e0000-\U000e007f"

static const struct {
	bool (*check)(const char *text);
	const char *message;
	const char *pattern;
	int64_t max;    /* characters; 0: the row of the field says */
	bool normalize; /* it is compared: utf8_normalize */
} formats[FORMAT_COUNT] = {
	[FORMAT_ID] = { id_valid, "must be an id: a UUID in lower case",
			"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
			.max = ID_SIZE - 1 },
	[FORMAT_USERNAME] = { is_username,
			      "must be 3 to 32 letters, digits, dots, hyphens or underscores, and "
			      "begin with a letter "
			      "or digit",
			      "^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$", .max = 32 },
	[FORMAT_EMAIL] = { is_email, "must be an e-mail address",
			   "^[^@\\s" UNSEEN "]{1,64}@[^@\\s" UNSEEN "]+$", .max = 254,
			   .normalize = true },
	[FORMAT_LINE] = { is_line,
			  "must be a single line in which something is seen, without marks that "
			  "turn its direction or hide in it",
			  "^(?:[^" LAYOUT "]*[^\\s" UNSEEN "][^" LAYOUT "]*)?$",
			  .normalize = true },
	[FORMAT_TOKEN] = { .check = is_token,
			   .message = "must be visible ASCII characters without spaces",
			   .pattern = "^[!-~]*$" },
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

int64_t format_max(enum format format)
{
	return formats[format].max;
}

bool format_is_compared(enum format format)
{
	return formats[format].normalize;
}
