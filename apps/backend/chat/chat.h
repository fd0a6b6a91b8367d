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

struct app;
struct topic_kind;

extern const struct route conversation_routes[];
extern const struct route message_routes[];
extern const struct statement *const conversation_statements[]; /* these are ended by NULL */
extern const struct statement *const message_statements[];
extern const struct statement *const stream_statements[];
extern const struct topic_kind message_topic, conversation_topic, conversations_topic;

#endif
