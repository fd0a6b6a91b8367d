/*
 * Which pages of other sites may read replies (Fetch, section 3.2): none, unless the settings name their origins.
 *
 * An origin is let in only by its exact text. What is sent back is the settings' text, never the client's. The origin's
 * pages get no cookies along unless the settings say so, and even then the refresh cookie, which is SameSite=Strict, goes
 * to pages of the same site alone. A request that is refused here is still answered: it is the browser that keeps the
 * answer from the page. Loop thread only, but for cors_check.
 */
#ifndef WEBPLUS_MIDDLEWARE_CORS_H
#define WEBPLUS_MIDDLEWARE_CORS_H

#include "base/arena.h"
#include "http/server.h"

/* Whether the text is an origin, https://chat.example.org, in the lower case in which browsers send it. */
bool cors_is_origin(const char *text);
/* Whether it is a list of them; NULL is an empty one. A port that its scheme has anyway is refused: browsers leave it out. */
enum err cors_check(const char *origins, struct arena *arena, const char **ret_reason) WARN_UNUSED;

/* Whether the request comes from a page of an origin that the settings name. */
bool cors_allows(struct request *request);

extern const struct middleware cors_middleware;

#endif
