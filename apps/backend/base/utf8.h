/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. Callable
 * from any thread.
 */
#ifndef WEBPLUS_BASE_UTF8_H
#define WEBPLUS_BASE_UTF8_H

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

#endif
