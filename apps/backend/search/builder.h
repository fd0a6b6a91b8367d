/* Building an index of what an owner has, from the beginning or from where it was left. Workers. */
#ifndef WEBPLUS_SEARCH_BUILDER_H
#define WEBPLUS_SEARCH_BUILDER_H

#include "search/merge.h"
#include "search/upkeep.h"

/*
 * Takes the lease, goes through the owner's conversations, and lets the index serve in the place of the one that does, which
 * is dropped after `rest_ms`. ERR_CANCELLED: it was stopped, and goes on another time. ERR_CONFLICT: another one builds it.
 */
enum err build(const struct upkeep *upkeep, struct held_index *held, int64_t rest_ms) WARN_UNUSED;

#endif
