#include "cache/redis_wait.h"

#include "base/list.h"
#include "base/pool.h"

#include <assert.h>
#include <semaphore.h>

/* On the stack of who waits. */
struct question {
	struct loop_task task;
	struct redis_client *client;
	struct redis_script *script;
	const struct redis_text *words;
	size_t keys, count;
	int timeout_ms;
	sem_t answered;
	enum err err;
	int64_t number;
};

static void answer(struct question *question, enum err err, int64_t number)
{
	question->err = err;
	question->number = number;
	sem_post(&question->answered);
}

static void on_answer(void *context, enum err err, const struct redis_value *value)
{
	bool is_number = value && value->type == REDIS_INTEGER;

	answer(context, err == ERR_OK && !is_number ? ERR_UPSTREAM : err,
	       is_number ? value->integer : 0);
}

static void ask(struct loop_task *task)
{
	struct question *question = CONTAINER_OF(task, struct question, task);
	enum err err =
		redis_eval(question->client, question->script, question->keys, question->words,
			   question->count, question->timeout_ms, on_answer, question);

	if (err != ERR_OK)
		answer(question, err, 0);
}

enum err redis_number(struct loop *loop, struct redis_client *client, struct redis_script *script,
		      size_t keys, const struct redis_text *words, size_t count, int timeout_ms,
		      int64_t *ret_number)
{
	struct question question = { .task = { .run = ask },
				     .client = client,
				     .script = script,
				     .words = words,
				     .keys = keys,
				     .count = count,
				     .timeout_ms = timeout_ms };

	assert(!loop_is_current(loop));
	sem_init(&question.answered, 0, 0);
	loop_post(loop, &question.task);
	pool_wait_begin();
	while (sem_wait(&question.answered) != 0)
		;
	pool_wait_end();
	sem_destroy(&question.answered);
	if (question.err == ERR_OK)
		*ret_number = question.number;
	return question.err;
}
