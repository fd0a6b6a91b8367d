/*
 * The one list of what can go wrong.
 *
 * Each row gives the C name, the stable word that programs read on the wire, the HTTP status and
 * the sentence that people read when nothing more exact is known. A function that can fail returns
 * `enum err`; ERR_OK is 0. Callable from any thread.
 */
#ifndef WEBPLUS_BASE_ERR_H
#define WEBPLUS_BASE_ERR_H

#define WARN_UNUSED __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, args_at) __attribute__((format(printf, text_at, args_at)))

/* X(name, code, HTTP status, title) */
#define ERR_LIST(X)                                                                                \
	X(OK, "ok", 200, "OK")                                                                     \
	X(PENDING, "pending", 202, "The answer follows later.")                                    \
	X(MALFORMED, "malformed", 400, "The request is malformed.")                                \
	X(UNAUTHENTICATED, "unauthenticated", 401, "Sign in first.")                               \
	X(FORBIDDEN, "forbidden", 403, "You are not allowed to do this.")                          \
	X(NOT_FOUND, "not_found", 404, "There is no such thing.")                                  \
	X(METHOD, "method_not_allowed", 405, "This method is not allowed here.")                   \
	X(TIMEOUT, "timeout", 408, "The request took too long.")                                   \
	X(CONFLICT, "conflict", 409, "This is at odds with the present state.")                    \
	X(TOO_LARGE, "too_large", 413, "The request is too large.")                                \
	X(MEDIA_TYPE, "media_type", 415, "This type of content is not accepted here.")             \
	X(EXPECTATION, "expectation_failed", 417,                                                  \
	  "The server cannot do what the Expect header asks.")                                     \
	X(INVALID, "validation_failed", 422, "Some fields are not valid.")                         \
	X(TOO_MANY, "too_many_requests", 429, "Too many requests. Try again later.")               \
	X(HEADERS_TOO_LARGE, "headers_too_large", 431, "The headers are too large.")               \
	X(CANCELLED, "cancelled", 499, "The request was cancelled.")                               \
	X(INTERNAL, "internal", 500, "Something went wrong on the server.")                        \
	X(UPSTREAM, "upstream_error", 502,                                                         \
	  "A server that this one asked did not answer properly.")                                 \
	X(UNAVAILABLE, "unavailable", 503, "The server cannot answer now. Try again later.")       \
	X(UNCONFIRMED, "unconfirmed", 503,                                                         \
	  "The database did not confirm this. It may have been done: look before you try again.")  \
	X(CORRUPT, "corrupt", 500, "Stored data is damaged and was not shown.")                    \
	X(KEY_MISSING, "key_missing", 500,                                                         \
	  "Stored data is sealed under a key that this server does not have.")                     \
	X(DISK_FULL, "disk_full", 507, "The server has no room left to store this.")

enum err {
#define ERR_ENUM(name, code, status, title) ERR_##name,
	ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
		ERR_COUNT
};

const char *err_code(enum err err);
int err_status(enum err err);
const char *err_title(enum err err);

#endif
