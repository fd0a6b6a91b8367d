/*
 * The headers that tell a browser what this site may do; on every reply, errors too. Loop thread only.
 */
#ifndef WEBPLUS_MIDDLEWARE_SECURITY_H
#define WEBPLUS_MIDDLEWARE_SECURITY_H

#include "http/server.h"

extern const struct middleware security_middleware;

#endif
