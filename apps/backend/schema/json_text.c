#include "schema/json_text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Before the parser sees it: how deep brackets stand in each other, strings apart. */
static bool too_deep(const char *json, size_t length)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = json[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

/* ---- Values that no field can take ---- */

/*
 * Each replacement is as long as what it replaces, so that lines and columns stay, and is no better JSON: what is malformed
 * remains so. No number beyond its limit is shorter than the limit. What fits is not touched.
 */

#define LARGEST_WHOLE "9223372036854775807"
#define SMALLEST_WHOLE "-9223372036854775808"
#define LARGE_FRACTION "1e308"

static const char *skip_digits(const char *at)
{
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

/* The end of the number that begins at `at`, and `at` where none does (RFC 8259, section 6). */
static const char *number_end(const char *at, bool *ret_whole)
{
	const char *digits = at + (*at == '-');
	const char *end = *digits == '0' ? digits + 1 : skip_digits(digits);
	const char *exponent;

	*ret_whole = true;
	if (end == digits)
		return at;
	if (*end == '.' && isdigit((unsigned char)end[1])) {
		*ret_whole = false;
		end = skip_digits(end + 1);
	}
	if (*end != 'e' && *end != 'E')
		return end;
	exponent = end + 1 + (end[1] == '+' || end[1] == '-');
	if (!isdigit((unsigned char)*exponent))
		return end;
	*ret_whole = false;
	return skip_digits(exponent);
}

/* Of numbers without a sign and a leading zero, the longer one is the larger. */
static bool whole_is_beyond(const char *number, size_t length)
{
	const char *limit = *number == '-' ? SMALLEST_WHOLE : LARGEST_WHOLE;
	size_t fitting = strlen(limit);

	return length > fitting || (length == fitting && memcmp(number, limit, length) > 0);
}

/* What comes after the number at `at`, which becomes the largest of its kind if nothing holds it. */
static char *tame_number(char *at, bool *changed)
{
	bool whole;
	size_t length = (size_t)(number_end(at, &whole) - at);
	const char *limit = !whole ? LARGE_FRACTION : *at == '-' ? SMALLEST_WHOLE : LARGEST_WHOLE;

	if (length == 0)
		return at + 1;
	if (whole ? whole_is_beyond(at, length) : isinf(strtod(at, NULL))) {
		memset(at, ' ', length);
		memcpy(at, limit, strlen(limit));
		*changed = true;
	}
	return at + length;
}

/* The code unit of an escape \uXXXX; 0 where there is none. */
static unsigned escaped_unit(const char *at)
{
	char digits[5] = "";

	if (at[0] != '\\' || at[1] != 'u')
		return 0;
	for (size_t i = 0; i < 4 && isxdigit((unsigned char)at[2 + i]); i++)
		digits[i] = at[2 + i];
	return digits[3] == '\0' ? 0 : (unsigned)strtoul(digits, NULL, 16);
}

static bool is_high(unsigned unit)
{
	return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(unsigned unit)
{
	return unit >= 0xDC00 && unit < 0xE000;
}

/* What comes after the escape at `at`, which becomes a NUL if it is half a surrogate pair (RFC 8259, section 7). */
static char *tame_escape(char *at, bool *changed)
{
	unsigned unit = escaped_unit(at);

	if (is_high(unit) && is_low(escaped_unit(at + 6)))
		return at + 12;
	if (is_high(unit) || is_low(unit)) {
		memset(at + 2, '0', 4);
		*changed = true;
	}
	return at[1] == '\0' ? at + 1 : at + 2;
}

/* Whether there was anything to tame. What follows a NUL is no JSON, and is left alone. */
static bool tame(char *json)
{
	bool changed = false, in_string = false;

	for (char *at = json; *at != '\0';) {
		if (in_string && *at == '\\') {
			at = tame_escape(at, &changed);
		} else if (!in_string && (*at == '-' || isdigit((unsigned char)*at))) {
			at = tame_number(at, &changed);
		} else {
			if (*at++ == '"')
				in_string = !in_string;
		}
	}
	return changed;
}

bool json_number_is_beyond(const json_t *number)
{
	json_int_t whole = json_integer_value(number);

	if (json_is_integer(number))
		return whole == INT64_MAX || whole == INT64_MIN;
	return fabs(json_real_value(number)) >= 1e308; /* LARGE_FRACTION */
}

bool json_string_is_text(const json_t *string)
{
	return strlen(json_string_value(string)) == json_string_length(string);
}

/* ---- Parsing ---- */

/* In words of ours: the parser's own repeat what it stumbled over. */
static const char *fault_words(const json_error_t *fault)
{
	switch (json_error_code(fault)) {
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something follows its end";
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_null_byte_in_key:
		return "a key holds a NUL character or half a surrogate pair";
	case json_error_duplicate_key:
		return "a key stands twice in one object";
	default:
		return "something else is expected there";
	}
}

/* Most texts need no taming, and are read as they are. */
static json_t *load(struct arena *arena, const char *json, size_t length, json_error_t *ret_fault)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_t *root = json_loadb(json, length, flags, ret_fault);
	char *copy;

	if (root)
		return root;
	copy = arena_strndup(arena, json, length);
	return tame(copy) ? json_loadb(copy, length, flags, ret_fault) : NULL;
}

static enum err malformed(struct decoder *decoder, const char *message)
{
	field_error_add(decoder->errors, decoder->arena, "", "%s", message);
	return ERR_MALFORMED;
}

enum err json_text_read(struct decoder *decoder, const char *json, size_t length, json_t **ret_root)
{
	json_error_t fault;
	json_t *root;

	if (too_deep(json, length))
		return malformed(decoder,
				 arena_printf(decoder->arena, "is nested deeper than %d levels",
					      JSON_DEPTH_MAX));
	root = load(decoder->arena, json, length, &fault);
	if (!root)
		return malformed(decoder,
				 arena_printf(decoder->arena,
					      "is not valid JSON at line %d, column %d: %s",
					      fault.line, fault.column, fault_words(&fault)));
	if (!json_is_object(root)) {
		json_decref(root);
		return malformed(decoder, "must be a JSON object");
	}
	*ret_root = root;
	return ERR_OK;
}
