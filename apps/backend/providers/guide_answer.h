/*
 * The words of the built-in model: it quotes the guides, says where it found what, and never
 * pretends to write. The same question gets the same answer as long as the guides are the same.
 * Callable from any thread; takes milliseconds.
 */
#ifndef WEBPLUS_PROVIDERS_GUIDE_ANSWER_H
#define WEBPLUS_PROVIDERS_GUIDE_ANSWER_H

#include "base/buf.h"
#include "providers/guide_index.h"

enum { GUIDE_ANSWER_MAX = 32 * 1024 };

/* Appends the answer, in Markdown. `index` may be NULL: then it finds nothing. */
void guide_answer_write(struct guide_index *index, const char *question, struct buf *answer);

#endif
