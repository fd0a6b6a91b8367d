/*
 * Private to chat/: stops an answer wherever it streams.
 *
 * One that streams here is cancelled, and each request that asked is answered with its end. For one that streams on another
 * server the wish is written into the message (message_request_stop) and announced; that server looks when it hears of it, and
 * each second, and the request waits here until the message has ended.
 */
#ifndef WEBPLUS_CHAT_STOPPING_H
#define WEBPLUS_CHAT_STOPPING_H

#include "http/request.h"

/*
 * On the loop: `request` is PENDING with a struct message that streams as its `out`, and is finished when that has ended, with
 * what it has become; or with ERR_UNAVAILABLE when that takes too long.
 */
void stopping_begin(struct request *request);

#endif
