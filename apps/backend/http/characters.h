/*
 * What each byte may be part of. Any thread.
 */
#ifndef WEBPLUS_HTTP_CHARACTERS_H
#define WEBPLUS_HTTP_CHARACTERS_H

#include <stdbool.h>

enum char_class {
	CHAR_TOKEN = 1, /* tchar, RFC 9110, section 5.6.2 */
	CHAR_VALUE = 2, /* of a field value, section 5.5: VCHAR, obs-text, SP, HTAB */
	CHAR_PATH = 4,  /* pchar and "/", RFC 3986, section 3.3, without "%" */
	CHAR_QUERY = 8, /* the same, "?", and what browsers send raw (URL standard): []{}|\^` */
	CHAR_HOST =
		16, /* RFC 3986, section 3.2.2, with "[:]" of addresses and ports, without "%" */
};

extern const unsigned char char_classes[256];

static inline bool is_class(char c, enum char_class classes)
{
	return (char_classes[(unsigned char)c] & classes) != 0;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ASCII alone, whatever the locale. */
static inline int to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* -1 where it is no hexadecimal digit. */
static inline int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
