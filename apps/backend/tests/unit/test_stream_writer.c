/* What streams is committed in batches that all streams share: also when a commit is not answered. */
#include "chat/stream_writer.h"

#include "base/clock.h"
#include "chat/conversation_store.h"
#include "db/engine.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { STREAMS = 20, WAIT_MS = 20000 };

struct scene;

/* One answer, and what its batches came to. */
struct answer {
	struct stream stream;
	struct scene *scene;
	int batches, unconfirmed;
};

struct scene {
	struct home home;
	struct loop loop;
	struct db db; /* what is submitted to it is carried out at once */
	int unheard;  /* so many of the next commits are, and nobody hears of them */
	struct app app;
	struct node node;
	struct principal ada;
	struct stream_writer writer;
	struct answer answers[STREAMS];
	bool closed;
};

static void on_batch_done(struct stream *stream, enum err err, const struct stream_mark *before)
{
	struct answer *answer = CONTAINER_OF(stream, struct answer, stream);

	(void)before;
	answer->batches++;
	answer->unconfirmed += err == ERR_UNCONFIRMED;
}

static const char *new_id(struct scene *scene)
{
	char *id = arena_alloc(&scene->home.arena, ID_SIZE);

	id_make(id);
	return id;
}

static const char *add_conversation(struct scene *scene)
{
	struct conversation conversation = { .id = new_id(scene),
					     .owner_id = scene->ada.user_id,
					     .title = "",
					     .model_id = "webplus/guide",
					     .created_at = { 1 } };

	assert_int_equal(conversation_insert(scene->home.db, &conversation), ERR_OK);
	return conversation.id;
}

static void begin_answer(struct scene *scene, struct answer *answer, const char *conversation_id)
{
	struct message message = { .id = new_id(scene),
				   .conversation_id = conversation_id,
				   .owner_id = scene->ada.user_id,
				   .role = MESSAGE_ASSISTANT,
				   .status = MESSAGE_STREAMING,
				   .content = "",
				   .node_id = scene->node.id,
				   .epoch = scene->node.epoch,
				   .lease_until = { INT64_MAX },
				   .created_at = { 1 } };

	assert_int_equal(message_insert(scene->home.db, &message), ERR_OK);
	answer->scene = scene;
	stream_init(&answer->stream, message.id);
	answer->stream.batch_done = on_batch_done;
}

static enum err run_submitted(struct db *tx, void *context)
{
	struct db_job *job = context;

	return job->run(tx, job);
}

static void finish_on_loop(struct loop_task *task)
{
	struct db_job *job = CONTAINER_OF(task, struct db_job, task);

	job->done(job, job->result);
}

static void submit(struct db *db, struct db_job *job)
{
	struct scene *scene = CONTAINER_OF(db, struct scene, db);

	job->result = db_transaction(scene->home.db, run_submitted, job);
	if (job->result == ERR_OK && scene->unheard > 0) {
		scene->unheard--;
		job->result = ERR_UNCONFIRMED;
	}
	job->task.run = finish_on_loop;
	loop_post(&scene->loop, &job->task);
}

static const struct engine engine = { .submit = submit };

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	const char *conversation_id;

	home_make(&scene->home);
	loop_init(&scene->loop);
	scene->home.options.loop = &scene->loop;
	home_open(&scene->home);
	scene->db.engine = &engine;
	scene->app.loop = &scene->loop;
	scene->app.db = &scene->db;
	scene->ada = home_account(&scene->home, "ada");
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &scene->node), ERR_OK);
	conversation_id = add_conversation(scene);
	for (int i = 0; i < STREAMS; i++)
		begin_answer(scene, &scene->answers[i], conversation_id);
	stream_writer_init(&scene->writer, &scene->app, &scene->node);
	*state = scene;
	return 0;
}

static void on_closed(struct stream_writer *writer)
{
	CONTAINER_OF(writer, struct scene, writer)->closed = true;
}

static void next_turn(struct scene *scene)
{
	uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < STREAMS; i++)
		stream_finish(&scene->answers[i].stream);
	stream_writer_finish(&scene->writer, on_closed);
	while (!scene->closed)
		next_turn(scene);
	home_close(&scene->home);
	loop_finish(&scene->loop);
	home_remove(&scene->home);
	free(scene);
	return 0;
}

static void say(struct answer *answer, const char *text)
{
	assert_true(stream_append(&answer->scene->writer, &answer->stream, text, strlen(text)));
}

#define RUN_UNTIL(scene, condition)                                                                \
	do {                                                                                       \
		int64_t end_ms_ = clock_monotonic_ms() + WAIT_MS;                                  \
		while (!(condition)) {                                                             \
			next_turn(scene);                                                          \
			if (clock_monotonic_ms() > end_ms_)                                        \
				fail_msg("waited in vain for %s", #condition);                     \
		}                                                                                  \
	} while (0)

/* Turns the loop until everything said in the first `count` answers is committed. */
static void run_until_written(struct scene *scene, int count)
{
	for (int i = 0; i < count; i++) {
		const struct stream *stream = &scene->answers[i].stream;

		RUN_UNTIL(scene, stream->written.seq == stream->end.seq && !stream->in_batch);
	}
}

static void has_stored(struct answer *answer, const char *content, int64_t seq)
{
	struct home *home = &answer->scene->home;
	struct message message;

	assert_int_equal(
		message_read_whole(home->db, answer->stream.message_id, &home->arena, &message),
		ERR_OK);
	assert_string_equal(message.content, content);
	assert_int_equal(message.seq, seq);
}

static void a_batch_that_was_committed_unheard_is_written_again(void **state)
{
	struct scene *scene = *state;
	struct answer *one = &scene->answers[0], *other = &scene->answers[1];

	say(one, "Hel");
	run_until_written(scene, 1);
	scene->unheard = 2;
	say(one, "lo");
	say(other, "Good ");
	RUN_UNTIL(scene, one->unconfirmed == 1);
	say(one, ", you");
	run_until_written(scene, 2);
	assert_int_equal(one->unconfirmed, 2);
	assert_int_equal(other->unconfirmed, 2);
	say(other, "day");
	run_until_written(scene, 2);
	has_stored(one, "Hello, you", 3);
	has_stored(other, "Good day", 2);
}

/* Each statement that is waited for is a round trip, and this is what is written most. */
static void a_batch_asks_once_for_all_streams(void **state)
{
	struct scene *scene = *state;
	uint64_t before;

	for (int i = 0; i < STREAMS; i++)
		say(&scene->answers[i], "Hello");
	before = db_counts(scene->home.db).statements;
	run_until_written(scene, STREAMS);
	assert_int_equal(db_counts(scene->home.db).statements - before, 1 + STREAMS);
	for (int i = 0; i < STREAMS; i++)
		assert_int_equal(scene->answers[i].batches, 1);
	has_stored(&scene->answers[STREAMS - 1], "Hello", 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_batch_that_was_committed_unheard_is_written_again),
		TEST(a_batch_asks_once_for_all_streams),
	};

	return RUN_TESTS(tests);
}
