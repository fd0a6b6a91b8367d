#include "http/turns.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct host {
	struct list node;
	struct list waiting; /* of turns */
	unsigned under_way;
	size_t length;
	char name[]; /* "https://api.example.org:8443" */
};

void turns_init(struct turns *turns, unsigned per_host, unsigned total)
{
	*turns = (struct turns){ .per_host = per_host, .total = total };
	list_init(&turns->hosts);
}

void turns_finish(struct turns *turns)
{
	assert(list_empty(&turns->hosts));
	(void)turns;
}

/* Scheme and authority of a URL. */
static size_t host_length(const char *url)
{
	const char *authority = strstr(url, "://");
	size_t scheme = authority != NULL ? (size_t)(authority + 3 - url) : 0;

	return scheme + strcspn(url + scheme, "/?#");
}

static struct host *find_host(struct turns *turns, const char *url)
{
	size_t length = host_length(url);
	struct host *host;

	LIST_EACH(known, &turns->hosts, struct host, node)
		if (known->length == length && strncasecmp(known->name, url, length) == 0)
			return known;
	host = memory_alloc(sizeof(*host) + length);
	host->length = length;
	memcpy(host->name, url, length);
	list_init(&host->waiting);
	list_append(&turns->hosts, &host->node);
	return host;
}

static bool has_room(const struct turns *turns, const struct host *host)
{
	return turns->under_way < turns->total && host->under_way < turns->per_host;
}

static void let_go(struct turns *turns, struct turn *turn)
{
	turn->goes = true;
	turn->host->under_way++;
	turns->under_way++;
}

bool turns_enter(struct turns *turns, struct turn *turn, const char *url)
{
	struct host *host = find_host(turns, url);

	list_init(&turn->node);
	turn->host = host;
	turn->goes = false;
	if (list_empty(&host->waiting) && has_room(turns, host)) {
		let_go(turns, turn);
		return true;
	}
	list_append(&host->waiting, &turn->node);
	turns->waiting++;
	return false;
}

void turns_leave(struct turns *turns, struct turn *turn)
{
	struct host *host = turn->host;

	if (host == NULL)
		return;
	turn->host = NULL;
	if (turn->goes) {
		host->under_way--;
		turns->under_way--;
	} else {
		list_remove(&turn->node);
		turns->waiting--;
	}
	if (host->under_way > 0 || !list_empty(&host->waiting))
		return;
	list_remove(&host->node);
	free(host);
}

struct turn *turns_next(struct turns *turns)
{
	if (turns->waiting == 0)
		return NULL;
	LIST_EACH(host, &turns->hosts, struct host, node) {
		struct turn *turn = CONTAINER_OF(host->waiting.next, struct turn, node);

		if (list_empty(&host->waiting) || !has_room(turns, host))
			continue;
		list_remove(&turn->node);
		turns->waiting--;
		let_go(turns, turn);
		list_remove(&host->node); /* the others first, next time */
		list_append(&turns->hosts, &host->node);
		return turn;
	}
	return NULL;
}
