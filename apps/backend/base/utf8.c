#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* How long a character is by its first byte, 0 where none begins so (RFC 3629, section 4). */
static size_t length_by_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2)
		return 0;
	if (lead < 0xE0)
		return 2;
	if (lead < 0xF0)
		return 3;
	return lead < 0xF5 ? 4 : 0;
}

static bool is_tail(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The second byte rules out overlong forms, surrogates and what is above U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return is_tail(second);
	}
}

static bool is_ascii_8(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_valid(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = length, size;

	while (left > 0) {
		if (left >= 8 && is_ascii_8(at)) {
			at += 8;
			left -= 8;
			continue;
		}
		size = length_by_lead(at[0]);
		if (size == 0 || size > left || (size > 1 && !second_fits(at[0], at[1])))
			return false;
		for (size_t i = 2; i < size; i++)
			if (!is_tail(at[i]))
				return false;
		at += size;
		left -= size;
	}
	return true;
}

size_t utf8_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += !is_tail((unsigned char)*text);
	return count;
}

size_t utf8_complete_prefix(const char *text, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char byte = (unsigned char)text[length - back];

		if (is_tail(byte))
			continue;
		return length_by_lead(byte) > back ? length - back : length;
	}
	return length;
}

size_t utf8_prefix(const char *text, size_t characters)
{
	const char *at = text;

	while (characters > 0 && *at != '\0') {
		at += length_by_lead((unsigned char)*at);
		characters--;
	}
	return (size_t)(at - text);
}

uint32_t utf8_next(const char **at)
{
	static const unsigned char lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	const unsigned char *byte = (const unsigned char *)*at;
	size_t size = length_by_lead(byte[0]);
	uint32_t character = byte[0] & lead_bits[size];

	if (byte[0] == '\0')
		return 0;
	for (size_t i = 1; i < size; i++)
		character = character << 6 | (byte[i] & 0x3F);
	*at += size;
	return character;
}

bool utf8_is_control(uint32_t character)
{
	if (character < 0x20)
		return character != '\t' && character != '\n';
	return character >= 0x7F && character < 0xA0;
}

bool utf8_is_layout(uint32_t character)
{
	return character == 0x061C || character == 0x200E || character == 0x200F ||
	       (character >= 0x2028 && character <= 0x202E) ||
	       (character >= 0x2066 && character <= 0x2069) ||
	       (character >= 0xE0000 && character <= 0xE007F);
}

void utf8_drop_layout(char *text)
{
	const char *at = text, *from = text;
	char *end = text;

	for (uint32_t c = utf8_next(&at); c; c = utf8_next(&at)) {
		if (!utf8_is_layout(c)) {
			memmove(end, from, (size_t)(at - from));
			end += at - from;
		}
		from = at;
	}
	*end = '\0';
}

/* Unicode's Default_Ignorable_Code_Point; utf8proc does not know those that are assigned to nothing yet. */
static bool is_ignorable(uint32_t character)
{
	return utf8proc_get_property((utf8proc_int32_t)character)->ignorable ||
	       character == 0x2065 || (character >= 0xFFF0 && character <= 0xFFF8) ||
	       (character >= 0xE0000 && character <= 0xE0FFF);
}

bool utf8_is_unseen(uint32_t character)
{
	const uint32_t braille_blank = 0x2800;

	if (is_ignorable(character) || character == braille_blank)
		return true;
	switch (utf8proc_category((utf8proc_int32_t)character)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		return false;
	}
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Also those that fall apart into marks, and are none of a class themselves. */
static bool is_mark(uint32_t character)
{
	const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)character);

	return property->combining_class != 0 || property->category == UTF8PROC_CATEGORY_MN;
}

static bool has_too_many_marks(const char *text)
{
	int marks = 0;

	for (uint32_t c = utf8_next(&text); c != 0; c = utf8_next(&text)) {
		marks = is_mark(c) ? marks + 1 : 0;
		if (marks > UTF8_MARKS_MAX)
			return true;
	}
	return false;
}

const char *utf8_normalize(struct arena *arena, const char *text)
{
	utf8proc_uint8_t *normal;
	const char *copy;

	if (is_ascii(text))
		return text;
	if (!utf8_valid(text, strlen(text)) || has_too_many_marks(text))
		return NULL;
	normal = utf8proc_NFC((const utf8proc_uint8_t *)text);
	if (normal == NULL)
		return NULL;
	copy = strcmp((const char *)normal, text) == 0 ? text
						       : arena_strdup(arena, (const char *)normal);
	free(normal);
	return copy;
}
