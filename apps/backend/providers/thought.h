/*
 * What a model thinks before it answers. Many write it at the beginning of their text, between these tags; what a server says
 * apart is put there, too. So it is kept with the answer, and shown folded. It is no part of the answer: it is not sent back to
 * a model, and not searched. Any thread.
 */
#ifndef WEBPLUS_PROVIDERS_THOUGHT_H
#define WEBPLUS_PROVIDERS_THOUGHT_H

#include <stdbool.h>

#define THOUGHT_BEGIN "<think>"
#define THOUGHT_END "</think>"

/* What is said behind the thought: the text itself where there is none, "" where it has not ended. */
const char *thought_skip(const char *text);
/* Whether the text ends within a thought. */
bool thought_is_open(const char *text);

#endif
