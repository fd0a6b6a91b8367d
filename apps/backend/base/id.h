/*
 * Identifiers: UUID version 7 (RFC 9562) in lower-case text, so that they sort by the time they
 * were made. Within one process they are strictly increasing. Callable from any thread.
 */
#ifndef WEBPLUS_BASE_ID_H
#define WEBPLUS_BASE_ID_H

#include <stdbool.h>

enum { ID_SIZE = 37 }; /* 36 characters and NUL */

void id_make(char id[static ID_SIZE]);
/* Whether `text` is 36 characters of a lower-case UUID, of any version. */
bool id_valid(const char *text);

#endif
