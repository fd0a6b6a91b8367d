/*
 * The part of a text around the first place where it has what was asked for, in segments: what was asked for, and what stands
 * between. Line feeds and runs of spaces are one space; "…" tells that the text goes on. Any thread.
 */
#ifndef WEBPLUS_SEARCH_EXCERPT_H
#define WEBPLUS_SEARCH_EXCERPT_H

#include "base/arena.h"
#include "schema/schema.h"
#include "search/query.h"

struct excerpt_segment {
	const char *text;
	bool hit;
};

extern const struct schema excerpt_segment_schema;

/* An array of struct excerpt_segment, in the arena. */
struct array excerpt_make(const char *text, const struct hits *hits, struct arena *arena);

#endif
