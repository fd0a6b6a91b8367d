/*
 * Work for nobody is not done: reads of the database end when the request's client has left or its time is up.
 */
#ifndef WEBPLUS_MIDDLEWARE_CANCELLATION_H
#define WEBPLUS_MIDDLEWARE_CANCELLATION_H

#include "http/server.h"

extern const struct middleware cancellation_middleware;

#endif
