#include "middleware/security.h"

#include "app.h"
#include "config.h"

#include <stdio.h>
#include <string.h>

enum { SECONDS_PER_DAY = 24 * 60 * 60 };

/* X(name, value, what it is for). On every reply, whatever the settings. */
#define FIXED_HEADERS(X)                                                                           \
	X("Content-Security-Policy",                                                               \
	  "default-src 'none'; script-src 'self'; style-src 'self'; "                              \
	  "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " \
	  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "                          \
	  "require-trusted-types-for 'script'; trusted-types 'none'",                              \
	  "The page runs the scripts and styles of its own files and nothing else: no inline "     \
	  "code, no `eval`, no other origin, no plug-in, no frame around it. Text that a model "   \
	  "or a user wrote cannot become code even where a mistake lets it into the page: with "   \
	  "Trusted Types and no policy, the browser refuses every assignment of a text to "        \
	  "`innerHTML` and its like. Nothing inline is left, so there is no nonce and no hash.")   \
	X("X-Content-Type-Options", "nosniff",                                                     \
	  "A reply is what its `Content-Type` says. Without it, browsers guess, and an answer "    \
	  "that looks like HTML becomes a page.")                                                  \
	X("X-Frame-Options", "DENY",                                                               \
	  "`frame-ancestors` for browsers that do not know it: nobody can lay this page under "    \
	  "his own and have it clicked.")                                                          \
	X("X-XSS-Protection", "0",                                                                 \
	  "Off, on purpose. The filter that it switched on in old browsers could be made to "      \
	  "remove chosen scripts of a page, and to tell other sites what is in it; today's "       \
	  "browsers have none. The Content-Security-Policy does what it was meant for.")           \
	X("Referrer-Policy", "no-referrer",                                                        \
	  "The addresses of conversations, set-up links and invitations are not told to the "      \
	  "sites that answers link to.")                                                           \
	X("Permissions-Policy",                                                                    \
	  "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "        \
	  "hid=(), magnetometer=(), microphone=(), midi=(), payment=(), screen-wake-lock=(), "     \
	  "serial=(), usb=(), xr-spatial-tracking=()",                                             \
	  "What the page does not use, no code in it can ask for. The clipboard is left on, for "  \
	  "the Copy buttons.")                                                                     \
	X("Cross-Origin-Opener-Policy", "same-origin",                                             \
	  "A page that opens this one, or was opened by it, shares no process with it and has no " \
	  "handle on its window.")                                                                 \
	X("Cross-Origin-Resource-Policy", "same-origin",                                           \
	  "Other sites cannot load replies as pictures or scripts, where Spectre and its like "    \
	  "would read them. Requests by CORS are not concerned.")

#define LINE(name, value, doc) name ": " value "\r\n"
static const char fixed_lines[] = FIXED_HEADERS(LINE);

static const struct {
	const char *name, *value, *doc;
} fixed_headers[] = {
#define ROW(name, value, doc) { name, value, doc },
	FIXED_HEADERS(ROW)
#undef ROW
};

bool security_is_https(const struct request *request)
{
	const char *url = request->app->config->public_url;

	return request->secure || (url && strncmp(url, "https://", 8) == 0);
}

/* RFC 6797, section 7.2: never over plain HTTP, where it would be an attacker's to set. */
static void append_strict_transport(struct request *request)
{
	const struct config *config = request->app->config;

	if (config->hsts_days == 0 || !security_is_https(request))
		return;
	reply_header(request, "Strict-Transport-Security",
		     arena_printf(&request->arena, "max-age=%lld%s",
				  (long long)config->hsts_days * SECONDS_PER_DAY,
				  config->hsts_subdomains ? "; includeSubDomains" : ""));
}

static void decorate(struct request *request)
{
	buf_append(&request->reply.headers, fixed_lines, sizeof(fixed_lines) - 1);
	append_strict_transport(request);
	reply_header(request, "Cache-Control",
		     request->reply.cache_control ? request->reply.cache_control : "no-store");
}

const struct middleware security_middleware = { .name = "security", .decorate = decorate };

void security_print_reference(struct buf *out)
{
	BUF_LITERAL(out, "| header | value | why |\n|---|---|---|\n");
	for (size_t i = 0; i < sizeof(fixed_headers) / sizeof(fixed_headers[0]); i++)
		buf_printf(out, "| `%s` | `%s` | %s |\n", fixed_headers[i].name,
			   fixed_headers[i].value, fixed_headers[i].doc);
}
