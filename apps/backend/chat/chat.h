/*
 * Conversations and their messages, and the answers that stream into them.
 *
 * A message has a parent; the conversation's active leaf names the branch that is shown. An answer is made by a
 * generation (generation.h), which belongs to the server and not to whoever asked.
 */
#ifndef WEBPLUS_CHAT_CHAT_H
#define WEBPLUS_CHAT_CHAT_H

#include "base/err.h"
#include "http/route.h"

#include <stdbool.h>
#include <stdint.h>

struct app;
struct db;
struct export_part;
struct topic_kind;

extern const struct route conversation_routes[];
extern const struct route message_routes[];
extern const struct statement *const conversation_statements[]; /* these are ended by NULL */
extern const struct statement *const message_statements[];
extern const struct statement *const stream_statements[];
extern const struct statement *const idempotency_statements[];
/*
 * Any thread: closes the server-sent events of this account (NULL: everybody's), or of this session or API key of it (NULL:
 * of all): whoever read them comes back with the rights of now, or not at all.
 */
void event_streams_end(struct app *app, const char *account_id, const char *session_id);
/* Any thread, after a commit: ends the answers under way of this account if it was deleted or disabled. */
void generations_review(struct app *app, const char *account_id);

/*
 * In a transaction that erases an account which is gone already: so many rows of what it had here. *ret_more: there may be
 * more.
 */
enum err chat_erase_some(struct db *tx, const char *owner_id, int64_t rows,
			 bool *ret_more) WARN_UNUSED;

extern const struct export_part conversations_export;
extern const struct topic_kind message_topic, conversation_topic, conversations_topic;

#endif
