#include "base/queue.h"

#include "test.h"

#include <pthread.h>
#include <semaphore.h>

enum { THREADS = 4, PER_THREAD = 20000 };

struct item {
	struct list node;
	int thread, number;
};

static void count_wake(void *context)
{
	(*(int *)context)++;
}

static void order_is_kept_and_only_the_first_wakes(void **state)
{
	struct item items[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	struct queue queue;
	struct list taken;
	int wakes = 0, number = 0;

	(void)state;
	queue_init(&queue, count_wake, &wakes);
	list_init(&taken);
	assert_false(queue_take_all(&queue, &taken));
	for (int i = 0; i < 3; i++)
		queue_push(&queue, &items[i].node);
	assert_int_equal(wakes, 1);
	assert_true(queue_take_all(&queue, &taken));
	assert_false(queue_take_all(&queue, &taken));
	LIST_EACH(item, &taken, struct item, node)
		assert_int_equal(item->number, number++);
	assert_int_equal(number, 3);
	queue_finish(&queue);
}

struct producer {
	pthread_t thread;
	struct queue *queue;
	struct item items[PER_THREAD];
};

static void *produce(void *context)
{
	struct producer *producer = context;

	for (int i = 0; i < PER_THREAD; i++)
		queue_push(producer->queue, &producer->items[i].node);
	return NULL;
}

static void post(void *context)
{
	sem_post(context);
}

static void nothing_is_lost_between_threads(void **state)
{
	static struct producer producers[THREADS];
	int next[THREADS] = { 0 }, total = 0;
	struct queue queue;
	struct list taken;
	sem_t wake;

	(void)state;
	sem_init(&wake, 0, 0);
	queue_init(&queue, post, &wake);
	list_init(&taken);
	for (int t = 0; t < THREADS; t++) {
		producers[t].queue = &queue;
		for (int i = 0; i < PER_THREAD; i++)
			producers[t].items[i] = (struct item){ .thread = t, .number = i };
		assert_int_equal(pthread_create(&producers[t].thread, NULL, produce, &producers[t]),
				 0);
	}
	while (total < THREADS * PER_THREAD) {
		sem_wait(&wake); /* a lost wake-up would hang here */
		queue_take_all(&queue, &taken);
		LIST_EACH_SAFE(item, &taken, struct item, node) {
			list_remove(&item->node);
			assert_int_equal(item->number, next[item->thread]++);
			total++;
		}
	}
	for (int t = 0; t < THREADS; t++)
		pthread_join(producers[t].thread, NULL);
	queue_finish(&queue);
	sem_destroy(&wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_kept_and_only_the_first_wakes),
		cmocka_unit_test(nothing_is_lost_between_threads),
	};

	return RUN_TESTS(tests);
}
