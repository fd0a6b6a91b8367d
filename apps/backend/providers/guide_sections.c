#include "providers/guide_sections.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 6, ANCHOR_MAX = 200 };

struct line {
	const char *text;
	size_t length; /* without its end */
};

static struct line next_line(const char **at, const char *end)
{
	const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
	struct line line = { start, (size_t)((stop != NULL ? stop : end) - start) };

	*at = stop != NULL ? stop + 1 : end;
	if (line.length > 0 && start[line.length - 1] == '\r')
		line.length--;
	return line;
}

static size_t count_of(char mark, const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && text[count] == mark)
		count++;
	return count;
}

static size_t indentation(const char *line, size_t length)
{
	return count_of(' ', line, length);
}

bool code_fence_line(struct code_fence *fence, const char *line, size_t length)
{
	size_t indent = indentation(line, length), size;
	char mark;

	if (indent >= length)
		return fence->mark != 0;
	mark = line[indent];
	size = count_of(mark, line + indent, length - indent);
	if (fence->mark == 0) {
		if ((mark != '`' && mark != '~') || size < 3)
			return false;
		/* `Code` in three backticks within a line is no fence. */
		if (mark == '`' &&
		    memchr(line + indent + size, '`', length - indent - size) != NULL)
			return false;
		*fence = (struct code_fence){ mark, size };
	} else if (mark == fence->mark && size >= fence->size && indent + size == length) {
		fence->mark = 0;
	}
	return true;
}

/* The level of a heading, whose words *ret_words gets, or 0. */
static size_t read_heading(struct line line, struct line *ret_words)
{
	size_t level = count_of('#', line.text, line.length), end = line.length;

	if (level == 0 || level > LEVELS || level == line.length || line.text[level] != ' ')
		return 0;
	while (end > level && (line.text[end - 1] == ' ' || line.text[end - 1] == '#'))
		end--;
	level = level < end ? level : 0;
	*ret_words = (struct line){ line.text + level + 1, end > level + 1 ? end - level - 1 : 0 };
	return level;
}

/* General punctuation (U+2000 to U+206F: dashes, quotes, dots) is E2 80 xx and E2 81 xx. */
static bool is_general_punctuation(const unsigned char *at, size_t left)
{
	return left >= 3 && at[0] == 0xE2 && (at[1] == 0x80 || at[1] == 0x81);
}

static bool is_anchor_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c >= 0x80;
}

/* As the pages make them: lower case, spaces become hyphens, other punctuation goes. */
static void write_anchor(struct line words, char anchor[static ANCHOR_MAX + 1])
{
	const unsigned char *bytes = (const unsigned char *)words.text;
	size_t length = 0;

	for (size_t i = 0; i < words.length && length < ANCHOR_MAX; i++) {
		unsigned char c = bytes[i];

		if (c >= 'A' && c <= 'Z')
			anchor[length++] = (char)(c - 'A' + 'a');
		else if (c == ' ')
			anchor[length++] = '-';
		else if (is_general_punctuation(bytes + i, words.length - i))
			i += 2;
		else if (is_anchor_byte(c))
			anchor[length++] = (char)c;
	}
	anchor[length] = '\0';
}

struct reader {
	const struct guide_document *document;
	struct arena *arena;
	struct guide_section *sections;
	size_t count;
	const char *title;
	struct line above[LEVELS + 1]; /* the headings that lead to here, by level */
	const char *heading, *anchor;
	const char *start;                       /* of the text of the section */
	const char *anchors[GUIDE_SECTIONS_MAX]; /* without their numbers */
	size_t anchors_count;
};

/* The second heading of the same words gets "-1", and so on. */
static const char *make_anchor(struct reader *reader, struct line words)
{
	char written[ANCHOR_MAX + 1];
	const char *anchor = written;
	size_t before = 0;

	write_anchor(words, written);
	for (size_t i = 0; i < reader->anchors_count; i++)
		before += strcmp(reader->anchors[i], anchor) == 0;
	anchor = arena_strdup(reader->arena, written);
	if (reader->anchors_count < GUIDE_SECTIONS_MAX)
		reader->anchors[reader->anchors_count++] = anchor;
	return before == 0 ? anchor : arena_printf(reader->arena, "%s-%zu", anchor, before);
}

/* The headings from the second level down, which leaves out the title. */
static const char *make_heading(struct reader *reader, size_t level)
{
	const char *heading = "";

	for (size_t i = 2; i <= level; i++)
		if (reader->above[i].length > 0)
			heading = arena_printf(reader->arena, "%s%s%.*s", heading,
					       *heading != '\0' ? ": " : "",
					       (int)reader->above[i].length, reader->above[i].text);
	return heading;
}

static void end_section(struct reader *reader, const char *end)
{
	const char *start = reader->start;

	while (start < end && (*start == '\n' || *start == '\r' || *start == ' '))
		start++;
	while (end > start && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		end--;
	if (start == end || reader->count == GUIDE_SECTIONS_MAX)
		return;
	reader->sections[reader->count++] = (struct guide_section){
		.document = reader->document->name,
		.heading = reader->heading,
		.anchor = reader->anchor,
		.text = arena_strndup(reader->arena, start, (size_t)(end - start)),
	};
}

static void begin_section(struct reader *reader, size_t level, struct line words)
{
	reader->above[level] = words;
	for (size_t i = level + 1; i <= LEVELS; i++)
		reader->above[i].length = 0;
	if (level == 1 && reader->title == NULL)
		reader->title = arena_strndup(reader->arena, words.text, words.length);
	reader->anchor = make_anchor(reader, words);
	if (level == 1)
		reader->anchor = "";
	reader->heading = make_heading(reader, level);
}

size_t guide_sections_read(const struct guide_document *document, struct arena *arena,
			   struct guide_section *sections)
{
	struct reader *reader = MEMORY_NEW(struct reader);
	const char *at = document->text, *end = at + document->length;
	struct code_fence fence = { 0 };
	size_t count;

	reader->document = document;
	reader->arena = arena;
	reader->sections = sections;
	reader->heading = reader->anchor = "";
	reader->start = at;
	while (at < end) {
		struct line line = next_line(&at, end), words;
		size_t level = 0;

		if (!code_fence_line(&fence, line.text, line.length))
			level = read_heading(line, &words);
		if (level == 0)
			continue;
		end_section(reader, line.text);
		begin_section(reader, level, words);
		reader->start = at;
	}
	end_section(reader, end);
	count = reader->count;
	for (size_t i = 0; i < count; i++)
		sections[i].title = reader->title != NULL ? reader->title : document->name;
	free(reader);
	return count;
}
