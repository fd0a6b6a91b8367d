/*
 * A line of the log for each request: what was asked, what was answered, how long it took; and one for input that was
 * refused, with the fields and without what they held. Loop thread only.
 */
#ifndef WEBPLUS_MIDDLEWARE_ACCESS_LOG_H
#define WEBPLUS_MIDDLEWARE_ACCESS_LOG_H

#include "http/server.h"

extern const struct middleware access_log_middleware;

#endif
