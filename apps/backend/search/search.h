/*
 * Full-text search over what is sealed.
 *
 * Each owner has an inverted index under a key of its own: a row is named by a keyed hash of a word and holds, sealed, the
 * moments at which messages with that word were made (index_key.h says what that hides, docs/encryption.md what it does not).
 * What ends or gets a title is marked in the transaction that writes it, and is found from then on: searches read what is
 * marked themselves. The indexer takes it into the index some seconds later, many at once. Every result is opened and held
 * against what was asked for (query.h): what the index says is never shown unseen.
 *
 * An index is built anew under a new key for `webplus search rebuild`, and by itself where something in it was erased.
 */
#ifndef WEBPLUS_SEARCH_SEARCH_H
#define WEBPLUS_SEARCH_SEARCH_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/metric.h"
#include "http/route.h"

#include <stdbool.h>
#include <stdio.h>

struct app;
struct db;

extern const struct route search_routes[];
extern const struct statement *const search_source_statements[]; /* these are ended by NULL */
extern const struct statement *const search_index_statements[];
extern const struct statement *const search_pending_statements[];

/*
 * In the transaction that ends a message, or gives a conversation its title: it is to be found. Does nothing where searching
 * is switched off.
 */
enum err search_mark_message(struct db *tx, const char *owner_id, const char *id) WARN_UNUSED;
enum err search_mark_title(struct db *tx, const char *owner_id, const char *id) WARN_UNUSED;
/* In the transaction that erases a conversation of this owner: what the indexes have of it is to go, too. */
enum err search_forget_some(struct db *tx, const char *owner_id) WARN_UNUSED;
/* In the transaction that deletes an account: its indexes are noise from then on. */
enum err search_forget_all(struct db *tx, const char *owner_id) WARN_UNUSED;
/* In one that erases it later: some rows of what it had here. *ret_more: there may be more. */
enum err search_erase_some(struct db *tx, const char *owner_id, int64_t rows,
			   bool *ret_more) WARN_UNUSED;
/* Whether searching is on, which is said once before anything is marked. */
void search_switch(bool on);

/* Does the work on indexes in a server, on its workers (upkeep.h). The calls are the loop's. */
struct indexer;

struct indexer *indexer_create(struct app *app);
void indexer_start(struct indexer *indexer);
/* Ends what is under way soon; then `stopped` is called. */
void indexer_stop(struct indexer *indexer, void (*stopped)(void *context), void *context);
void indexer_destroy(struct indexer *indexer);

/* How large the indexes were some seconds ago. */
extern const struct metric search_metrics[];
void search_print_metrics(const struct app *app, struct buf *out);

/* `webplus search rebuild` and `status`, which print what they did or found. */
enum err search_rebuild(struct db *db, FILE *out) WARN_UNUSED;
enum err search_status(struct db *db, FILE *out) WARN_UNUSED;

#endif
