/*
 * The exactness of what streams: its committed prefix, whose it is, its end, and what is left of it
 * when its server has gone.
 */
#include "support_chat.h"

static int64_t chunks_left(struct scene *scene)
{
	return home_number(&scene->home, "SELECT count(*) FROM message_chunk");
}

static void each_start_of_a_server_is_another_epoch(void **state)
{
	struct scene *scene = *state;
	struct node again;

	assert_int_equal(scene->node.epoch, 1);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(again.epoch, 2);
	assert_string_equal(again.id, scene->node.id);
}

static void chunks_of_an_old_epoch_are_left_out(void **state)
{
	struct scene *scene = *state;
	const char *old = scene_add_streaming(scene, NULL, &scene->node), *ours;
	struct message_chunk chunks[2];
	bool written[2];
	struct node again;

	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	ours = scene_add_streaming(scene, NULL, &again);
	chunks[0] = chunk_of(old, 1, "abc");
	chunks[1] = chunk_of(ours, 1, "abc");
	assert_int_equal(chunks_insert(scene->home.db, &again, chunks, 2, written), ERR_OK);
	assert_false(written[0]);
	assert_true(written[1]);
	assert_string_equal(scene_read_message(scene, old).content, "");
	assert_string_equal(scene_read_message(scene, ours).content, "abc");
	chunks[1] = chunk_of(ours, 2, "def"); /* who was before us comes late */
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunks[1], 1, written),
			 ERR_OK);
	assert_false(written[0]);
	assert_string_equal(scene_read_message(scene, ours).content, "abc");
}

/* The attempt before was committed, and nobody heard of it; meanwhile there is more to write. */
static void a_chunk_that_may_be_there_is_written_again(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message_chunk longer = { .message_id = id,
					.first_seq = 2,
					.lengths = { "\x02\x01", 2 },
					.text = "lo!",
					.again = true };
	bool ours;

	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	scene_add_chunk(scene, &scene->node, id, 2, "lo");
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &longer, 1, &ours), ERR_OK);
	assert_true(ours);
	assert_string_equal(scene_read_message(scene, id).content, "Hello!");
	assert_int_equal(scene_read_message(scene, id).seq, 3);
}

static void an_end_folds_the_chunks(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_FAILED,
			       .content = "Hello",
			       .seq = 2,
			       .lengths = { "\x03\x02", 2 },
			       .error = { "upstream_error", "It broke." },
			       .completed_at = { 77 } };
	struct message message;

	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(chunks_left(scene), 0);
	message = scene_read_message(scene, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "upstream_error");
	assert_int_equal(message.completed_at.ms, 77);
	assert_int_equal(message.lease_until.ms, 0);
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end),
			 ERR_CONFLICT); /* once */
}

static void an_end_of_an_old_epoch_is_refused(void **state)
{
	struct scene *scene = *state;
	struct message end = { .id = scene_add_streaming(scene, NULL, &scene->node),
			       .content = "late" };
	struct node again;

	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(message_finish(scene->home.db, &again, &end), ERR_CONFLICT);
	assert_string_equal(scene_read_message(scene, end.id).content, "");
}

static void an_answer_goes_on_from_its_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_STOPPED,
			       .content = "Hel",
			       .seq = 1,
			       .lengths = { "\x03", 1 },
			       .completed_at = { 77 } };
	struct timestamp now = { 5000 };
	struct message message;

	assert_int_equal(message_take(scene->home.db, id, &scene->node, now), ERR_CONFLICT);
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(message_take(scene->home.db, id, &scene->node, now), ERR_OK);
	message = scene_read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_int_equal(message.completed_at.ms, 0);
	assert_int_equal(message.lease_until.ms, now.ms + LEASE_MS);
	assert_string_equal(message.content, "Hel");
	scene_add_chunk(scene, &scene->node, id, 2, "lo");
	message = scene_read_message(scene, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
}

static int64_t interrupt_but(struct scene *scene, const struct node *node, const char *under_way,
			     int64_t now_ms)
{
	struct array messages;

	assert_int_equal(messages_interrupt(scene->home.db, node, under_way,
					    (struct timestamp){ now_ms }, &scene->home.arena,
					    &messages),
			 ERR_OK);
	return (int64_t)messages.count;
}

static int64_t interrupt_at(struct scene *scene, const struct node *node, int64_t now_ms)
{
	return interrupt_but(scene, node, "", now_ms);
}

static void renew_at(struct scene *scene, const struct node *node, const char *under_way,
		     int64_t now_ms)
{
	assert_int_equal(
		leases_renew(scene->home.db, node, under_way, (struct timestamp){ now_ms }),
		ERR_OK);
}

static void an_abandoned_answer_keeps_its_exact_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message message;
	struct node again;

	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	scene_add_chunk(scene, &scene->node, id, 2, "lo");
	assert_int_equal(interrupt_but(scene, &scene->node, id, 1000000),
			 0); /* it is ours, and streams */
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = scene_read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_int_equal(message.lengths.size, 2);
	assert_int_equal(message.completed_at.ms, 2);
	assert_int_equal(chunks_left(scene), 0);
	assert_int_equal(interrupt_at(scene, &again, 2), 0);
}

/* As the migration leaves what a version that sealed no lengths has written: those of chunks in the clear, none of messages. */
static void unseal_lengths(struct scene *scene)
{
	home_sql(&scene->home, "UPDATE message SET lengths = NULL");
	home_sql(&scene->home,
		 scene->home.options.url
			 ? "UPDATE message_chunk SET lengths = NULL, clear_lengths = "
			   "CASE first_seq WHEN 1 THEN '\\x03'::bytea ELSE '\\x0201' END"
			 : "UPDATE message_chunk SET lengths = NULL, clear_lengths = "
			   "CASE first_seq WHEN 1 THEN x'03' ELSE x'0201' END");
}

static struct message_chunk two_deltas(const char *message_id, int64_t seq)
{
	return (struct message_chunk){ .message_id = message_id,
				       .first_seq = seq,
				       .lengths = { "\x02\x01", 2 },
				       .text = "lo!" };
}

static void an_answer_of_the_version_before_keeps_its_exact_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message_chunk chunk = two_deltas(id, 2), behind_a_gap = two_deltas(id, 5);
	struct message message;
	struct node again;
	bool ours;

	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunk, 1, &ours), ERR_OK);
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &behind_a_gap, 1, &ours),
			 ERR_OK);
	unseal_lengths(scene);
	assert_string_equal(scene_read_message(scene, id).content, "Hello!");
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = scene_read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello!");
	assert_int_equal(message.seq, 3);
	assert_int_equal(message.lengths.size, 3);
	assert_memory_equal(message.lengths.data, "\x03\x02\x01", 3);
	assert_int_equal(chunks_left(scene), 0);
}

/* It streamed once more there, and its first part has no lengths any more. */
static void one_that_went_on_there_keeps_its_text_and_number(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_STOPPED,
			       .content = "Well, ",
			       .seq = 2,
			       .lengths = { "\x04\x02", 2 } };
	struct message_chunk chunk = two_deltas(id, 3);
	struct message message;
	struct node again;
	bool ours;

	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(message_take(scene->home.db, id, &scene->node, (struct timestamp){ 1 }),
			 ERR_OK);
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunk, 1, &ours), ERR_OK);
	unseal_lengths(scene);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = scene_read_message(scene, id);
	assert_string_equal(message.content, "Well, lo!");
	assert_int_equal(message.seq, 4);
	assert_int_equal(message.lengths.size, 4);
	assert_memory_equal(message.lengths.data, "\x06\x00\x02\x01", 4);
}

/* One row that does not open is not in the way of a start, nor of what else was left behind. */
static void damaged_answers_are_ended_with_what_can_be_read(void **state)
{
	struct scene *scene = *state;
	const char *cut = scene_add_streaming(scene, NULL, &scene->node);
	const char *unreadable = scene_add_streaming(scene, NULL, &scene->node);
	const char *sound = scene_add_streaming(scene, NULL, &scene->node);
	struct message message;
	struct node again;

	scene_add_chunk(scene, &scene->node, cut, 1, "Hel");
	scene_add_chunk(scene, &scene->node, cut, 2, "lo");
	scene_add_chunk(scene, &scene->node, sound, 1, "Hello");
	scene_damage(scene, "message_chunk", "text", "first_seq = 2 AND message_id", cut);
	scene_damage(scene, "message", "content", "id", unreadable);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 3);
	assert_int_equal(interrupt_at(scene, &again, 2), 0);
	message = scene_read_message(scene, cut);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "corrupt");
	assert_string_equal(message.content, "Hel");
	assert_int_equal(message.seq, 1);
	message = scene_read_message(scene, sound);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, unreadable,
				      &scene->home.arena, &message),
			 ERR_CORRUPT);
	assert_int_equal(home_number(&scene->home,
				     "SELECT count(*) FROM message WHERE status = 'streaming'"),
			 0);
}

/* Another server's answer is let alone while its lease lasts. */
static void a_lease_keeps_others_away(void **state)
{
	struct scene *scene = *state;
	const struct node other = { "another server", 9 };
	const char *id = scene_add_streaming(scene, NULL, &other);

	assert_int_equal(interrupt_at(scene, &scene->node, 1000), 0);
	renew_at(scene, &other, id, 1000);
	assert_int_equal(interrupt_at(scene, &scene->node, 1000 + LEASE_MS), 0);
	renew_at(scene, &scene->node, id, 999999);
	assert_int_equal(interrupt_at(scene, &scene->node, 1001 + LEASE_MS), 1);
	assert_int_equal(scene_read_message(scene, id).status, MESSAGE_INTERRUPTED);
}

/* Its posting was committed and nobody heard of it: it says that it streams here, and nothing does. */
static void what_nobody_began_runs_out(void **state)
{
	struct scene *scene = *state;
	const char *forgotten = scene_add_streaming(scene, NULL, &scene->node);
	const char *first = scene_add_streaming(scene, NULL, &scene->node);
	const char *second = scene_add_streaming(scene, NULL, &scene->node);
	const char *under_way = arena_printf(&scene->home.arena, "%s%s", first, second);

	renew_at(scene, &scene->node, under_way, 2000);
	assert_int_equal(scene_read_message(scene, forgotten).lease_until.ms, 1000);
	assert_int_equal(scene_read_message(scene, second).lease_until.ms, 2000 + LEASE_MS);
	assert_int_equal(interrupt_but(scene, &scene->node, under_way, 1000), 0);
	assert_int_equal(interrupt_but(scene, &scene->node, under_way, 3000 + LEASE_MS), 1);
	assert_int_equal(scene_read_message(scene, forgotten).status, MESSAGE_INTERRUPTED);
	assert_int_equal(scene_read_message(scene, first).status, MESSAGE_STREAMING);
	assert_int_equal(scene_read_message(scene, second).status, MESSAGE_STREAMING);
}

/* ---- Stopping ---- */

static size_t stops_of(struct scene *scene, const struct node *node)
{
	struct array stops;

	assert_int_equal(stops_requested(scene->home.db, node, &scene->home.arena, &stops), ERR_OK);
	return stops.count;
}

static bool streams(struct scene *scene, const char *id)
{
	bool streaming;

	assert_int_equal(message_streams(scene->home.db, id, &streaming), ERR_OK);
	return streaming;
}

static void a_wish_to_stop_is_for_who_streams_it(void **state)
{
	struct scene *scene = *state;
	const struct node other = { "another server", 9 };
	const char *first = scene_add_streaming(scene, NULL, &scene->node);
	const char *second = scene_add_streaming(scene, NULL, &other);
	struct timestamp now = { 5000 };

	assert_int_equal(stops_of(scene, &scene->node), 0);
	assert_int_equal(message_request_stop(scene->home.db, first, now), ERR_OK);
	assert_int_equal(stops_of(scene, &scene->node), 1);
	assert_int_equal(stops_of(scene, &other), 0);
	assert_int_equal(conversation_request_stop(scene->home.db, scene->conversation_id, now),
			 ERR_OK);
	assert_int_equal(stops_of(scene, &other), 1);
	assert_true(streams(scene, first));
	assert_int_equal(interrupt_at(scene, &scene->node, 2000), 2);
	assert_false(streams(scene, first));
	assert_int_equal(stops_of(scene, &scene->node), 0);
	assert_int_equal(message_take(scene->home.db, second, &scene->node, now), ERR_OK);
	assert_int_equal(stops_of(scene, &scene->node), 0); /* it was about what was then */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(each_start_of_a_server_is_another_epoch),
		SCENE_TEST(chunks_of_an_old_epoch_are_left_out),
		SCENE_TEST(a_chunk_that_may_be_there_is_written_again),
		SCENE_TEST(an_end_folds_the_chunks),
		SCENE_TEST(an_end_of_an_old_epoch_is_refused),
		SCENE_TEST(an_answer_goes_on_from_its_prefix),
		SCENE_TEST(an_abandoned_answer_keeps_its_exact_prefix),
		SCENE_TEST(an_answer_of_the_version_before_keeps_its_exact_prefix),
		SCENE_TEST(one_that_went_on_there_keeps_its_text_and_number),
		SCENE_TEST(damaged_answers_are_ended_with_what_can_be_read),
		SCENE_TEST(a_lease_keeps_others_away),
		SCENE_TEST(what_nobody_began_runs_out),
		SCENE_TEST(a_wish_to_stop_is_for_who_streams_it),
	};

	return RUN_TESTS(tests);
}
