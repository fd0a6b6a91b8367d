/* The guides, as the page shows them. */
#ifndef WEBPLUS_HELP_HELP_H
#define WEBPLUS_HELP_HELP_H

#include "http/route.h"

extern const struct route help_routes[];

#endif
