#include "search/words.h"

#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

enum { FOLDED_MAX = 32 /* code points of one character; U+FDFA has 18 */ };

struct range {
	uint32_t first, last;
};

/* Scripts without spaces, folded: Hangul comes as its letters. */
static const struct range unspaced[] = {
	{ 0x0E00, 0x0EFF }, { 0x1000, 0x109F }, { 0x1100, 0x11FF },   { 0x1780, 0x17FF },
	{ 0x2E80, 0x2FDF }, { 0x3005, 0x3007 }, { 0x3040, 0x30FF },   { 0x31F0, 0x31FF },
	{ 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF }, { 0xA960, 0xA97F },   { 0xAC00, 0xD7FF },
	{ 0xF900, 0xFAFF }, { 0xFF66, 0xFF9F }, { 0x1B000, 0x1B16F }, { 0x20000, 0x3FFFF },
};

/* Marks that people leave out: accents, Hebrew points, Arabic vowels and its stretching. */
static const struct range left_out[] = {
	{ 0x0300, 0x036F }, { 0x0591, 0x05BD }, { 0x05BF, 0x05C7 }, { 0x0610, 0x061A },
	{ 0x0640, 0x0640 }, { 0x064B, 0x065F }, { 0x0670, 0x0670 }, { 0x06D6, 0x06ED },
	{ 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x20D0, 0x20FF }, { 0xFE20, 0xFE2F },
};

#define IS_IN(character, ranges) is_in((character), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static bool is_in(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count && character >= ranges[i].first; i++)
		if (character <= ranges[i].last)
			return true;
	return false;
}

/* What one character of the text is in a word. */
enum part {
	PART_BREAK,  /* ends a word */
	PART_LETTER, /* goes on with it */
	PART_UNIT,
	PART_MARK, /* belongs to what is before */
	PART_NONE, /* as if it were not there */
};

struct character {
	enum part part;
	utf8proc_int32_t folded[FOLDED_MAX];
	int count;
	const char *end;
};

static bool is_mark(uint32_t folded)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)folded);

	return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

static bool is_in_words(uint32_t folded)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)folded);

	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* Of what a character is folded to, what words are made of. */
static void choose_part(struct character *character, int count)
{
	bool marks = count > 0;

	for (int i = 0; i < count; i++) {
		uint32_t folded = (uint32_t)character->folded[i];

		if (IS_IN(folded, left_out))
			continue;
		marks = marks && is_mark(folded);
		if (is_in_words(folded))
			character->folded[character->count++] = (utf8proc_int32_t)folded;
	}
	if (count == 0 || (marks && character->count == 0))
		character->part = PART_NONE;
	else if (character->count == 0)
		character->part = PART_BREAK;
	else if (marks)
		character->part = PART_MARK;
	else if (IS_IN((uint32_t)character->folded[0], unspaced))
		character->part = PART_UNIT;
	else
		character->part = PART_LETTER;
}

static void read_ascii(const char *at, struct character *ret_character)
{
	char byte = *at;
	bool upper = byte >= 'A' && byte <= 'Z';

	ret_character->part = upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')
				      ? PART_LETTER
				      : PART_BREAK;
	ret_character->folded[0] = upper ? byte + ('a' - 'A') : byte;
	ret_character->count = 1;
	ret_character->end = at + 1;
}

/* The character at `at`, which is not the end. */
static void read_character(const char *at, struct character *ret_character)
{
	const utf8proc_option_t options =
		UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	utf8proc_ssize_t count;
	uint32_t character;
	int boundary = 0;

	if ((unsigned char)*at < 0x80) {
		read_ascii(at, ret_character);
		return;
	}
	ret_character->count = 0;
	ret_character->end = at;
	character = utf8_next(&ret_character->end);
	count = utf8proc_decompose_char((utf8proc_int32_t)character, ret_character->folded,
					FOLDED_MAX, options, &boundary);
	choose_part(ret_character, count < 0 || count > FOLDED_MAX ? 0 : (int)count);
}

/* What does not fit any more is left out. */
static void append(struct word_walk *walk, const struct character *character)
{
	for (int i = 0; i < character->count; i++) {
		utf8proc_uint8_t bytes[4];
		utf8proc_ssize_t size = utf8proc_encode_char(character->folded[i], bytes);

		if (walk->length + (size_t)size > WORD_SIZE)
			return;
		memcpy(walk->folded + walk->length, bytes, (size_t)size);
		walk->length += (size_t)size;
	}
}

/* Goes on while the characters belong to the word. */
static const char *take_rest(struct word_walk *walk, const char *at, bool letters)
{
	struct character character;
	const char *end = at;

	while (*at) {
		read_character(at, &character);
		if (character.part == PART_BREAK || character.part == PART_UNIT ||
		    (character.part == PART_LETTER && !letters))
			break;
		at = character.end;
		if (character.part == PART_NONE)
			continue;
		append(walk, &character);
		end = at;
	}
	return end;
}

void words_begin(struct word_walk *walk, const char *text)
{
	walk->text = walk->at = text;
	walk->unit_end = SIZE_MAX;
}

bool words_next(struct word_walk *walk, struct word *ret_word)
{
	struct character character = { .part = PART_BREAK };
	const char *start = walk->at;

	while (*walk->at) {
		start = walk->at;
		read_character(start, &character);
		walk->at = character.end;
		if (character.part != PART_BREAK && character.part != PART_NONE)
			break;
		character.part = PART_BREAK;
	}
	if (character.part == PART_BREAK)
		return false;
	walk->length = 0;
	append(walk, &character);
	walk->at = take_rest(walk, walk->at, character.part != PART_UNIT);
	*ret_word = (struct word){ .text = walk->folded,
				   .length = walk->length,
				   .start = (size_t)(start - walk->text),
				   .end = (size_t)(walk->at - walk->text),
				   .unit = character.part == PART_UNIT };
	ret_word->joined = ret_word->unit && ret_word->start == walk->unit_end;
	walk->unit_end = ret_word->unit ? ret_word->end : SIZE_MAX;
	return true;
}
