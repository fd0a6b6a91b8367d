/* Private to chat/: what the two files about stored messages share. */
#ifndef WEBPLUS_CHAT_MESSAGE_STORE_H
#define WEBPLUS_CHAT_MESSAGE_STORE_H

#include "chat/chat_store.h"

extern const struct schema message_chunk_schema;

/*
 * Adds what is committed beyond `content` to a message that streams: the chunks that follow it
 * without a gap. The message may have ended since it was read, and even have gone on, but what it
 * is given here is a prefix of it all the same.
 */
enum err message_add_chunks(struct db *db, struct arena *arena,
			    struct message *message) WARN_UNUSED;
/* The same as far as nothing is damaged; *ret_damaged says whether something is. */
enum err message_add_sound_chunks(struct db *db, struct arena *arena, struct message *message,
				  bool *ret_damaged) WARN_UNUSED;
/* As it is stored, without its chunks. */
enum err message_read_row(struct db *db, const char *id, struct arena *arena,
			  struct message *ret_message) WARN_UNUSED;

#endif
