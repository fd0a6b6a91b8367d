/*
 * Lines of X-Forwarded-For and Forwarded, from a proxy that is trusted: whatever they say, the client has an address, and
 * what a client wrote before the proxy's own element does not change who it is.
 */
#include "http/forwarded.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The lines of the text become headers; an empty one ends them. */
static void make_headers(char *text, const char *name,
			 struct text_pair headers[static LINES_MAX + 1])
{
	size_t count = 0;

	for (char *end; count < LINES_MAX && *text != '\0'; text = end) {
		end = strchr(text, '\n');
		if (end == NULL)
			end = text + strlen(text);
		else
			*end++ = '\0';
		headers[count++] = (struct text_pair){ name, text };
	}
	headers[count] = (struct text_pair){ NULL, NULL };
}

static bool resolve(const char *text, enum proxy_header header, struct arena *arena,
		    char peer[static 64])
{
	struct text_pair headers[LINES_MAX + 1];
	struct proxies proxies = { .header = header };
	struct request request = { .peer = "127.0.0.1", .headers = headers, .arena = *arena };
	struct ip_address address;
	const char *reason;
	bool fine;

	make_headers(arena_strdup(&request.arena, text),
		     header == PROXY_FORWARDED ? "forwarded" : "x-forwarded-for", headers);
	if (networks_parse("127.0.0.1", &request.arena, &proxies.trusted, &reason) != ERR_OK)
		abort();
	fine = forwarded_resolve(&proxies, &request);
	if (!ip_address_parse(request.peer, &address) || strlen(request.peer) >= 64)
		abort();
	strncpy(peer, request.peer, 64);
	*arena = request.arena;
	return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const own[] = { ", 203.0.113.7", ", for=203.0.113.7" };
	char peer[64];
	struct arena arena;

	if (memchr(data, 0, size) != NULL)
		return 0;
	arena_init(&arena);
	for (enum proxy_header header = PROXY_X_FORWARDED; header <= PROXY_FORWARDED; header++) {
		char *text = arena_strndup(&arena, (const char *)data, size);

		resolve(text, header, &arena, peer);
		if (strchr(text, '\n') == NULL && *text != '\0' &&
		    resolve(arena_printf(&arena, "%s%s", text, own[header]), header, &arena,
			    peer) &&
		    strcmp(peer, "203.0.113.7") != 0)
			abort();
	}
	arena_finish(&arena);
	return 0;
}
