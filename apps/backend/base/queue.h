/*
 * How threads hand work to each other: an intrusive first-in first-out queue under a lock.
 *
 * `wake` is called by a push that finds the queue empty, after the lock is released: it brings the
 * consumer, which then takes everything at once. A queue may be pushed to from any thread and is
 * taken from by its one consumer.
 */
#ifndef WEBPLUS_BASE_QUEUE_H
#define WEBPLUS_BASE_QUEUE_H

#include "base/list.h"

#include <pthread.h>
#include <stdbool.h>

struct queue {
	pthread_mutex_t lock;
	struct list items;
	void (*wake)(void *context);
	void *context;
};

void queue_init(struct queue *queue, void (*wake)(void *context), void *context);
/* The queue must be empty. */
void queue_finish(struct queue *queue);

void queue_push(struct queue *queue, struct list *item);
/* Moves everything that waits to the end of `to`; returns false if there was nothing. */
bool queue_take_all(struct queue *queue, struct list *to);

#endif
