#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 16 * 1024,
	VALUE_MAX_BYTES =
		2 * 1024, /* longer ones are cut, so that a line always closes its braces */
	PAIRS_MAX = 24,
};

static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_level(void)
{
	return threshold;
}

static void append_escaped(struct buf *line, unsigned char c)
{
	switch (c) {
	case '"':
		BUF_LITERAL(line, "\\\"");
		break;
	case '\\':
		BUF_LITERAL(line, "\\\\");
		break;
	case '\n':
		BUF_LITERAL(line, "\\n");
		break;
	default:
		buf_printf(line, "\\u%04x", c);
	}
}

/* The logs must stay readable whatever was logged: bytes that are no UTF-8 are shown as U+FFFD. */
static void append_string(struct buf *line, const char *text)
{
	size_t length = strnlen(text, VALUE_MAX_BYTES);
	bool valid;

	length = utf8_complete_prefix(text, length);
	valid = utf8_valid(text, length);
	buf_append_char(line, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 && !valid)
			BUF_LITERAL(line, "\\ufffd");
		else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
			append_escaped(line, c);
		else
			buf_append_char(line, text[i]);
	}
	buf_append_char(line, '"');
}

static void append_pair(struct buf *line, const char *key, const char *value)
{
	buf_append_char(line, ',');
	append_string(line, key);
	buf_append_char(line, ':');
	append_string(line, value);
}

static void append_pairs(struct buf *line, va_list args)
{
	for (int i = 0; i < PAIRS_MAX; i++) {
		const char *key = va_arg(args, const char *);
		const char *value = key != NULL ? va_arg(args, const char *) : NULL;

		if (value == NULL)
			return;
		if (line->length +
			    6 * (strnlen(key, VALUE_MAX_BYTES) + strnlen(value, VALUE_MAX_BYTES)) <
		    LINE_MAX_BYTES - 16)
			append_pair(line, key, value);
	}
}

void log_event(enum log_level level, const char *event, ...)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };
	char time[TIMESTAMP_TEXT_SIZE];
	struct buf line;
	ssize_t written;
	va_list args;

	if (level < threshold)
		return;
	timestamp_format(clock_now(), time);
	buf_init(&line, LINE_MAX_BYTES);
	BUF_LITERAL(&line, "{\"time\":");
	append_string(&line, time);
	append_pair(&line, "level", names[level]);
	append_pair(&line, "event", event);
	va_start(args, event);
	append_pairs(&line, args);
	va_end(args);
	BUF_LITERAL(&line, "}\n");
	written = write(STDERR_FILENO, line.data, line.length);
	(void)written; /* there is nowhere to complain that the log cannot be written */
	buf_finish(&line);
}
