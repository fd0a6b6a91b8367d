/*
 * Taking texts into an index: their terms are gathered, many texts at once, put in order, and merged into the blocks.
 *
 * A term has a head, a short list of what came last, and behind it blocks, each of which holds the moments from its own place
 * up to that of the next one; a place is a time between two messages and of none. What is merged goes into the head; one that grows too long is spread over the blocks, which are
 * split when they are full. So an index that is read along a term is read a block at a time, and a message whose words are
 * common rewrites few rows more than one whose words are rare. Merging the same again changes nothing.
 *
 * Only who has the index's lease merges, and each transaction says so; it writes some hundred rows. Workers.
 */
#ifndef WEBPLUS_SEARCH_MERGE_H
#define WEBPLUS_SEARCH_MERGE_H

#include "search/index_key.h"
#include "search/search_store.h"
#include "search/terms.h"

#include <stdatomic.h>

enum {
	HOLD_MS = 60 * 1000,
	BATCH_POSTINGS = 1 << 20, /* at which a batch is full: 16 MiB */
};

struct posting {
	int64_t term, moment;
};

struct batch {
	struct posting *list;
	size_t count, capacity;
	int64_t moment; /* of the text that is being added */
};

void batch_init(struct batch *batch);
void batch_finish(struct batch *batch);
void batch_add_message(struct batch *batch, const struct index_key *key,
		       const struct source_message *message);
void batch_add_title(struct batch *batch, const struct index_key *key,
		     const struct source_title *title);

/* An index that this thread has the lease of. */
struct held_index {
	struct search_index row; /* as it is stored */
	struct index_key key;
	const atomic_bool *stop; /* NULL: nobody stops it */
};

/* What is written with the index's row: called in the transaction, after the lease was seen to be ours. NULL: nothing. */
struct held_write {
	enum err (*run)(struct db *tx, void *context);
	void *context;
};

/*
 * Writes the row as it is in *held, and makes the lease longer (until_ms > 0: exactly so long). ERR_CONFLICT: the lease was
 * lost.
 */
enum err held_save(struct db *db, struct held_index *held, int64_t until_ms,
		   const struct held_write *write) WARN_UNUSED;
/* Empties the batch into the index. ERR_CANCELLED: it was stopped; what was written stays, and may be written again. */
enum err batch_merge(struct db *db, struct held_index *held, struct batch *batch) WARN_UNUSED;

#endif
