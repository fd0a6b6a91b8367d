/*
 * Private to chat/: what other nodes tell of conversations and lists, for those who listen to them here.
 *
 * The bus says what happened to which record; it is read on a worker and published here as if it had happened here. Where
 * something may have been missed, subscribers are told "subscribed" anew, since they fetch what they show at that word. Loop
 * thread only.
 */
#ifndef WEBPLUS_CHAT_RELAY_H
#define WEBPLUS_CHAT_RELAY_H

#include "app.h"

struct relay;

/* Watches the topics from here on. NULL where there is no bus. */
struct relay *relay_create(struct app *app);
/* Every subscriber must be gone, and the workers too. */
void relay_destroy(struct relay *relay);

#endif
