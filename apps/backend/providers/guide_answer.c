#include "providers/guide_answer.h"

#include "providers/guide_sections.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
	SECTIONS_MAX = 3,
	FIRST_QUOTE_MAX =
		1600, /* bytes of the best section; a block that is begun is quoted whole */
	OTHER_QUOTE_MAX = 600,
	BLOCKS_MAX = 256,
	STEM_MIN = 3,
};

static const char examples[] = "- How do I connect Ollama?\n"
			       "- Which settings are there, and where do I set them?\n"
			       "- How do I stop, continue or regenerate an answer?\n"
			       "- How do I install Web+ behind a proxy with TLS?\n";

static const char elsewhere[] =
	"For questions about anything else, connect a language model: a local one with Ollama, or "
	"any server with "
	"OpenAI's API. The [configuration guide](/help/configuration-guide) says how; its models "
	"then appear "
	"in the list below the message box.\n";

/* Questions that are none. */

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strcasestr(at, word)) != NULL; at += length)
		if ((at == text || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)at[length]))
			return true;
	return false;
}

static bool is_thanks(const char *question)
{
	return has_word(question, "thanks") || has_word(question, "thank");
}

static void write_introduction(const char *question, struct buf *answer)
{
	if (is_thanks(question))
		BUF_LITERAL(answer, "You are welcome.\n\n");
	else
		BUF_LITERAL(answer, "Hello. I am the **Web+ Guide**.\n\n");
	BUF_LITERAL(answer,
		    "I look things up in the documentation of Web+ and quote it, with the places "
		    "where it stands. I retrieve; I do not generate text. You can ask me, for "
		    "example:\n\n");
	buf_append_text(answer, examples);
	buf_append_char(answer, '\n');
	buf_append_text(answer, elsewhere);
}

static void write_nothing_found(struct buf *answer)
{
	BUF_LITERAL(answer, "I found nothing about that in the documentation of Web+. I only "
			    "retrieve from it and do "
			    "not generate text, so I cannot answer this one. What I can answer is, "
			    "for example:\n\n");
	buf_append_text(answer, examples);
	buf_append_char(answer, '\n');
	buf_append_text(answer, elsewhere);
}

/*
 * Quoting. A block is a paragraph, a list, a table or a piece of code, with the empty lines left
 * out.
 */

struct block {
	const char *text;
	size_t length;
	bool code;
	bool chosen;
};

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

static size_t split_blocks(const char *text, struct block *blocks)
{
	struct code_fence fence = { 0 };
	size_t count = 0;
	bool open = false;

	while (*text != '\0' && count < BLOCKS_MAX) {
		size_t length = strcspn(text, "\n");
		bool code = code_fence_line(&fence, text, length);

		if (!code && is_blank(text, length)) {
			open = false;
		} else if (!open) {
			blocks[count++] =
				(struct block){ .text = text, .length = length, .code = code };
			open = true;
		} else {
			blocks[count - 1].length = (size_t)(text + length - blocks[count - 1].text);
			blocks[count - 1].code = blocks[count - 1].code || code;
		}
		text += length + (text[length] == '\n');
	}
	return count;
}

/*
 * The part of a word that its forms share, roughly; how FTS5 matches is exact, this only chooses
 * paragraphs.
 */
static size_t stem_length(const char *term)
{
	static const char *const endings[] = { "ing", "ies", "ed", "es", "s", "e", "y" };
	size_t length = strlen(term);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t ending = strlen(endings[i]);

		if (length >= ending + STEM_MIN && strcmp(term + length - ending, endings[i]) == 0)
			return length - ending;
	}
	return length;
}

static bool block_has(const struct block *block, const char *term)
{
	size_t stem = stem_length(term);

	for (size_t i = 0; i + stem <= block->length; i++)
		if ((i == 0 || !isalnum((unsigned char)block->text[i - 1])) &&
		    strncasecmp(block->text + i, term, stem) == 0)
			return true;
	return false;
}

static bool is_picture(const struct block *block)
{
	return block->length > 2 && memcmp(block->text, "![", 2) == 0;
}

static size_t count_terms(const struct block *block, const struct guide_terms *terms)
{
	size_t count = 0;

	for (size_t i = 0; i < terms->count; i++)
		count += block_has(block, terms->list[i]);
	return count;
}

/*
 * Chooses what the question is about, in the order of the text: and the code that a chosen
 * paragraph leads to.
 */
static void choose_blocks(struct block *blocks, size_t count, const struct guide_terms *terms,
			  size_t max)
{
	size_t taken = 0, with_terms = 0;
	bool led = false;

	for (size_t i = 0; i < count; i++)
		with_terms += !is_picture(&blocks[i]) && count_terms(&blocks[i], terms) > 0;
	for (size_t i = 0; i < count && taken < max; i++) {
		bool asked = with_terms == 0 || i == 0 || count_terms(&blocks[i], terms) > 0;

		led = !is_picture(&blocks[i]) && (asked || (led && blocks[i].code));
		blocks[i].chosen = led;
		if (led)
			taken += blocks[i].length;
	}
}

/*
 * Links among the guides lead to where they are shown: "configuration-guide.md#x" to
 * "/help/configuration-guide#x".
 */
static void append_linked(const struct guide_section *section, const char *text, size_t length,
			  struct buf *answer)
{
	const char *end = text + length, *link;

	while ((link = memmem(text, (size_t)(end - text), "](", 2)) != NULL) {
		const char *target = link + 2;
		size_t name = 0;

		while (target + name < end &&
		       (islower((unsigned char)target[name]) || target[name] == '-'))
			name++;
		buf_append(answer, text, (size_t)(target - text));
		text = target;
		if (target < end && *target == '#') {
			buf_printf(answer, "/help/%s", section->document);
		} else if (target + name + 3 <= end && memcmp(target + name, ".md", 3) == 0) {
			buf_printf(answer, "/help/%.*s", (int)name, target);
			text = target + name + 3;
		}
	}
	buf_append(answer, text, (size_t)(end - text));
}

static void write_quote(const struct guide_section *section, const struct guide_terms *terms,
			size_t max, struct buf *answer)
{
	struct block blocks[BLOCKS_MAX];
	size_t count = split_blocks(section->text, blocks);
	bool left_out = false;

	choose_blocks(blocks, count, terms, max);
	buf_printf(answer, "### %s\n\n",
		   *section->heading != '\0' ? section->heading : section->title);
	for (size_t i = 0; i < count; i++) {
		if (!blocks[i].chosen) {
			left_out = left_out || !is_picture(&blocks[i]);
			continue;
		}
		if (blocks[i].code)
			buf_append(answer, blocks[i].text, blocks[i].length);
		else
			append_linked(section, blocks[i].text, blocks[i].length, answer);
		BUF_LITERAL(answer, "\n\n");
	}
	if (left_out)
		BUF_LITERAL(answer, "(There is more in this section.)\n\n");
}

static void write_sources(const struct guide_section *const *sections, size_t count,
			  struct buf *answer)
{
	BUF_LITERAL(answer, "**Sources**\n\n");
	for (size_t i = 0; i < count; i++) {
		const struct guide_section *section = sections[i];

		buf_printf(answer, "- [%s%s%s](/help/%s%s%s)\n", section->title,
			   *section->heading != '\0' ? ": " : "", section->heading,
			   section->document, *section->anchor != '\0' ? "#" : "", section->anchor);
	}
}

static void write_found(const struct guide_section *const *sections, size_t count,
			const struct guide_terms *terms, struct buf *answer)
{
	BUF_LITERAL(answer, "This is what the documentation of Web+ says about it. I retrieve and "
			    "quote; I do not "
			    "generate text.\n\n");
	for (size_t i = 0; i < count; i++)
		write_quote(sections[i], terms, i == 0 ? FIRST_QUOTE_MAX : OTHER_QUOTE_MAX, answer);
	write_sources(sections, count, answer);
}

void guide_answer_write(struct guide_index *index, const char *question, struct buf *answer)
{
	const struct guide_section *sections[SECTIONS_MAX];
	struct guide_terms terms;
	struct arena arena;
	size_t count = 0;

	arena_init(&arena);
	guide_terms_read(question, &arena, &terms);
	if (index != NULL)
		count = guide_search(index, &terms, sections, SECTIONS_MAX);
	if (count > 0)
		write_found(sections, count, &terms, answer);
	else if (terms.count == 0 || is_thanks(question))
		write_introduction(question, answer);
	else
		write_nothing_found(answer);
	arena_finish(&arena);
}
