/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. Callable
 * from any thread.
 */
#ifndef WEBPLUS_BASE_UTF8_H
#define WEBPLUS_BASE_UTF8_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_valid(const char *text, size_t length);
/* How many characters a valid NUL-terminated text has. */
size_t utf8_count(const char *text);
/*
 * The longest prefix, in bytes, that does not end inside a character (at most three bytes shorter
 * than `length`).
 */
size_t utf8_complete_prefix(const char *text, size_t length);
/* The prefix of a valid text, in bytes, that has at most `characters` characters. */
size_t utf8_prefix(const char *text, size_t characters);
/* The character at *at (valid text), which is moved behind it; 0 at the end. */
uint32_t utf8_next(const char **at);
/* Whether a character is a C0 or C1 control other than tab and line feed. */
bool utf8_is_control(uint32_t character);
/* Whether a character, unseen, orders the text around it to the right or left, ends a line, or is one of the tags. */
bool utf8_is_layout(uint32_t character);
/* Takes those characters out of a valid text. */
void utf8_drop_layout(char *text);
/* Whether nothing is seen of a character: spaces, controls, fillers, and what shapes or joins others without being there. */
bool utf8_is_unseen(uint32_t character);
/*
 * The text in Normalization Form C (Unicode, UAX #15), so that what looks the same is the same: "e" and an accent
 * become "é". `text` itself where it is that already. NULL where it is no UTF-8, or where a character has more than UTF8_MARKS_MAX marks: bringing
 * them into their order takes the square of the time, and no language has as many (UAX #15, section 13).
 */
enum { UTF8_MARKS_MAX = 30 };
const char *utf8_normalize(struct arena *arena, const char *text);

#endif
