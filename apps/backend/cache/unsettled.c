#include "cache/unsettled.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct write {
	struct list node;
	struct tags tags;
	int64_t since_ms; /* monotonic */
	int64_t number;   /* it is over when all below this one are; 0: not drawn yet */
};

struct unsettled {
	struct unsettled_options options;
	uv_timer_t timer; /* runs while there are any */
	struct list writes;
	size_t count;
	bool looking;
	int64_t look_ms; /* when the look began: its number was drawn no earlier */
};

static int64_t now(const struct unsettled *unsettled)
{
	return unsettled->options.now_ms();
}

static void raise_again(const struct unsettled *unsettled, const struct write *write)
{
	unsettled->options.raise(unsettled->options.context, &write->tags);
}

static void on_timer(uv_timer_t *timer)
{
	struct unsettled *unsettled = timer->data;

	LIST_EACH(write, &unsettled->writes, struct write, node)
		raise_again(unsettled, write);
	if (unsettled->looking)
		return;
	unsettled->looking = true;
	unsettled->look_ms = now(unsettled);
	unsettled->options.look(unsettled->options.context);
}

static void forget(struct unsettled *unsettled, struct write *write)
{
	list_remove(&write->node);
	free(write);
	if (--unsettled->count == 0)
		uv_timer_stop(&unsettled->timer);
}

/* It may have been seen since the last time that it was raised. */
static void take_horizon(struct unsettled *unsettled, struct write *write,
			 const struct db_horizon *horizon)
{
	if (write->number == 0) {
		if (unsettled->look_ms - write->since_ms >= UNSETTLED_MS)
			write->number = horizon->own;
		return;
	}
	if (horizon->oldest <= write->number)
		return;
	raise_again(unsettled, write);
	forget(unsettled, write);
}

void unsettled_look_done(struct unsettled *unsettled, const struct db_horizon *horizon)
{
	unsettled->looking = false;
	if (!horizon)
		return;
	LIST_EACH_SAFE(write, &unsettled->writes, struct write, node)
		take_horizon(unsettled, write, horizon);
}

static bool same_tags(const struct tags *a, const struct tags *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	return true;
}

/* Those of an earlier write are raised for this one too. */
static struct write *find(const struct unsettled *unsettled, const struct tags *tags)
{
	LIST_EACH(write, &unsettled->writes, struct write, node)
		if (same_tags(&write->tags, tags))
			return write;
	return NULL;
}

void unsettled_add(struct unsettled *unsettled, const struct tags *tags)
{
	struct write *write = find(unsettled, tags);

	if (!write) {
		write = MEMORY_NEW(struct write);
		write->tags = *tags;
		list_append(&unsettled->writes, &write->node);
		if (unsettled->count++ == 0)
			uv_timer_start(&unsettled->timer, on_timer, unsettled->options.raise_ms,
				       unsettled->options.raise_ms);
	}
	write->since_ms = now(unsettled);
	write->number = 0;
}

size_t unsettled_count(const struct unsettled *unsettled)
{
	return unsettled->count;
}

/* ---- Life ---- */

struct unsettled *unsettled_create(const struct unsettled_options *options)
{
	struct unsettled *unsettled = MEMORY_NEW(struct unsettled);

	unsettled->options = *options;
	if (!unsettled->options.now_ms)
		unsettled->options.now_ms = clock_monotonic_ms;
	if (unsettled->options.raise_ms == 0)
		unsettled->options.raise_ms = UNSETTLED_RAISE_MS;
	list_init(&unsettled->writes);
	uv_timer_init(&options->loop->uv, &unsettled->timer);
	unsettled->timer.data = unsettled;
	return unsettled;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void unsettled_destroy(struct unsettled *unsettled)
{
	if (!unsettled)
		return;
	LIST_EACH_SAFE(write, &unsettled->writes, struct write, node)
		forget(unsettled, write);
	uv_close((uv_handle_t *)&unsettled->timer, on_timer_closed);
}
