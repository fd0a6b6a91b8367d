/*
 * The tables of docs/websockets.md that the code knows: how often a client may speak, and why a socket is closed. Any thread.
 */
#ifndef WEBPLUS_WEBSOCKETS_REFERENCE_H
#define WEBPLUS_WEBSOCKETS_REFERENCE_H

#include "base/buf.h"

/* As Markdown. */
void websockets_print_limits(struct buf *out);
void websockets_print_closes(struct buf *out);

#endif
