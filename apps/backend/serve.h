/* `webplus serve`: the server, from its start to its end. Main thread, which becomes the loop's. */
#ifndef WEBPLUS_SERVE_H
#define WEBPLUS_SERVE_H

#include "config.h"

/* Returns the exit status. */
int serve(const struct config *config);

#endif
