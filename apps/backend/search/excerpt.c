#include "search/excerpt.h"

#include "base/utf8.h"

#include <string.h>

enum {
	LEAD_CHARACTERS = 60, /* before the first hit */
	EXCERPT_CHARACTERS = 240,
};

static const struct field excerpt_segment_fields[] = {
	FIELD(struct excerpt_segment, text, .doc = "A piece of the text, plain."),
	FIELD(struct excerpt_segment, hit, .doc = "Whether it is what was asked for."),
	{ 0 },
};

const struct schema excerpt_segment_schema =
	SCHEMA(struct excerpt_segment, excerpt_segment_fields, .name = "SearchSegment",
	       .doc = "A piece of an excerpt; the pieces follow each other without a gap.");

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_tail(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* So many characters back, and then behind the space that is next, if there is one before the hit. */
static size_t find_start(const char *text, size_t hit_start)
{
	size_t at = hit_start, word;

	for (int i = 0; i < LEAD_CHARACTERS && at > 0; i++)
		do
			at--;
		while (at > 0 && is_tail(text[at]));
	if (at == 0)
		return 0;
	for (word = at; word < hit_start && !is_space(text[word]); word++)
		;
	while (word < hit_start && is_space(text[word]))
		word++;
	return word < hit_start ? word : at;
}

static bool is_text_left(const char *at)
{
	while (is_space(*at))
		at++;
	return *at != '\0';
}

/* Copies [from, to) with each run of spaces as one; `more` appends the sign that the text goes on. */
static const char *copy_piece(const char *text, size_t from, size_t to, bool more,
			      struct arena *arena)
{
	static const char goes_on[] = "…";
	char *piece = arena_alloc(arena, to - from + sizeof(goes_on)), *at = piece;

	for (size_t i = from; i < to; i++) {
		if (!is_space(text[i]))
			*at++ = text[i];
		else if (at == piece || at[-1] != ' ')
			*at++ = ' ';
	}
	if (more)
		memcpy(at, goes_on, sizeof(goes_on));
	return piece;
}

static void add_segment(struct array *segments, const char *text, bool hit)
{
	if (*text)
		((struct excerpt_segment *)segments->items)[segments->count++] =
			(struct excerpt_segment){ text, hit };
}

struct array excerpt_make(const char *text, const struct hits *hits, struct arena *arena)
{
	size_t at = hits->count > 0 ? find_start(text, hits->list[0].start) : 0;
	size_t end = at + utf8_prefix(text + at, EXCERPT_CHARACTERS);
	struct array segments = { ARENA_ARRAY(arena, 2 * hits->count + 2, struct excerpt_segment),
				  0 };

	if (at > 0)
		add_segment(&segments, "…", false);
	for (size_t i = 0; i < hits->count && hits->list[i].start < end; i++) {
		const struct hit *hit = &hits->list[i];
		size_t hit_end = hit->end < end ? hit->end : end;

		add_segment(&segments, copy_piece(text, at, hit->start, false, arena), false);
		add_segment(&segments, copy_piece(text, hit->start, hit_end, false, arena), true);
		at = hit_end;
	}
	add_segment(&segments, copy_piece(text, at, end, is_text_left(text + end), arena), false);
	return segments;
}
