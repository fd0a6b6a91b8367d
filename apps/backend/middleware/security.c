#include "middleware/security.h"

/*
 * The page runs its own scripts and styles and nothing else: no inline code, no other origin, no frame around it.
 * X-XSS-Protection is 0, since the filter that it switched on in old browsers could itself be used to leak.
 */
static const char headers[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Frame-Options: DENY\r\n"
	"X-XSS-Protection: 0\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";

static void decorate(struct request *request)
{
	buf_append(&request->reply.headers, headers, sizeof(headers) - 1);
}

const struct middleware security_middleware = { .name = "security", .decorate = decorate };
