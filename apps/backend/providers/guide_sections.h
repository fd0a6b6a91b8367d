/*
 * Cuts a Markdown document into sections at its headings (CommonMark's ATX headings, outside of
 * code). Any thread.
 */
#ifndef WEBPLUS_PROVIDERS_GUIDE_SECTIONS_H
#define WEBPLUS_PROVIDERS_GUIDE_SECTIONS_H

#include "providers/guide_index.h"

#include <stdbool.h>

enum { GUIDE_SECTIONS_MAX = 512 /* of a document; what is behind belongs to the last */ };

/* Fills at most GUIDE_SECTIONS_MAX sections that have a text of their own, and returns how many. */
size_t guide_sections_read(const struct guide_document *document, struct arena *arena,
			   struct guide_section *sections);

/* Follows the fences of code through the lines of a text. */
struct code_fence {
	char mark;   /* '`' or '~' while inside, else 0 */
	size_t size; /* how many of them opened it */
};

/* Reads the next line; returns whether it is code, the fences included. */
bool code_fence_line(struct code_fence *fence, const char *line, size_t length);

#endif
