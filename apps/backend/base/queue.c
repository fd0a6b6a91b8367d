#include "base/queue.h"

#include <assert.h>

void queue_init(struct queue *queue, void (*wake)(void *context), void *context)
{
	pthread_mutex_init(&queue->lock, NULL);
	list_init(&queue->items);
	queue->wake = wake;
	queue->context = context;
}

void queue_finish(struct queue *queue)
{
	assert(list_empty(&queue->items));
	pthread_mutex_destroy(&queue->lock);
}

void queue_push(struct queue *queue, struct list *item)
{
	bool was_empty;

	pthread_mutex_lock(&queue->lock);
	was_empty = list_empty(&queue->items);
	list_append(&queue->items, item);
	pthread_mutex_unlock(&queue->lock);
	if (was_empty)
		queue->wake(queue->context);
}

bool queue_take_all(struct queue *queue, struct list *to)
{
	bool any;

	pthread_mutex_lock(&queue->lock);
	any = !list_empty(&queue->items);
	list_splice(to, &queue->items);
	pthread_mutex_unlock(&queue->lock);
	return any;
}
