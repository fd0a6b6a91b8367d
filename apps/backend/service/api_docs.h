/* The API as a page to read, made from the route tables; without scripts. Any thread. */
#ifndef WEBPLUS_SERVICE_API_DOCS_H
#define WEBPLUS_SERVICE_API_DOCS_H

#include "base/buf.h"
#include "http/route.h"

void api_docs_print(const struct route *const *tables, struct buf *out);
extern const char api_docs_style[];

#endif
