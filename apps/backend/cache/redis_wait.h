/*
 * A number from a script in Redis, for who may wait for it: workers, which know the loop. Others call redis_eval.
 */
#ifndef WEBPLUS_CACHE_REDIS_WAIT_H
#define WEBPLUS_CACHE_REDIS_WAIT_H

#include "cache/redis_client.h"

/* Errors as redis_eval and redis_done say them; ERR_UPSTREAM, too, where the answer is no number. */
enum err redis_number(struct loop *loop, struct redis_client *client, struct redis_script *script,
		      size_t keys, const struct redis_text *words, size_t count, int timeout_ms,
		      int64_t *ret_number) WARN_UNUSED;

#endif
