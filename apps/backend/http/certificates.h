/* The certificates of authorities that are trusted besides those of the system. */
#ifndef WEBPLUS_HTTP_CERTIFICATES_H
#define WEBPLUS_HTTP_CERTIFICATES_H

#include "base/err.h"

/* Whether the file holds one, as PEM (RFC 7468). NULL is fine. ERR_INVALID: *ret_reason goes behind the name of the setting. */
enum err certificates_check(const char *path, const char **ret_reason) WARN_UNUSED;

#endif
