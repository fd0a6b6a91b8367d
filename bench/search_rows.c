/*
 * search_rows FOLDER USERNAME MESSAGES: gives the SQLite installation in FOLDER so many messages of USERNAME, sealed as the
 * server does it, over two years and in conversations of fifty. Their words follow Zipf's law, as those of people do. In each
 * 10 000th message stands a rare word, `raritas`, and two words that always follow each other, `terra incognita`.
 */
#include "app.h"
#include "auth/auth_store.h"
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "config.h"
#include "installation.h"
#include "search/moments.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	VOCABULARY = 200000,
	WORDS = 40, /* of a message */
	IN_CONVERSATION = 50,
	ROWS_AT_ONCE = 5000,
	TEXT_SIZE = 1024,
	RARE_EACH = 10000,
};

struct filling {
	const char *owner_id;
	long from, until, all;
	double *reach; /* of each word: the share of all words up to it */
	uint64_t random;
};

static double next_random(struct filling *filling)
{
	filling->random = filling->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (double)(filling->random >> 11) / (double)(UINT64_C(1) << 53);
}

static int choose_word(struct filling *filling)
{
	double share = next_random(filling);
	int low = 0, high = VOCABULARY - 1;

	while (low < high) {
		int middle = (low + high) / 2;

		if (filling->reach[middle] < share)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void make_reach(struct filling *filling)
{
	double sum = 0;

	for (int i = 0; i < VOCABULARY; i++)
		filling->reach[i] = sum += 1 / (double)(i + 1);
	for (int i = 0; i < VOCABULARY; i++)
		filling->reach[i] /= sum;
}

static void make_text(struct filling *filling, long number, char text[static TEXT_SIZE])
{
	size_t length = 0;

	for (int i = 0; i < WORDS; i++)
		length += (size_t)snprintf(text + length, TEXT_SIZE - length, "w%x ",
					   (unsigned)choose_word(filling));
	if (number % RARE_EACH == 0)
		snprintf(text + length, TEXT_SIZE - length, "raritas, terra incognita");
}

/* The ids are those of the time at which it would have been said. */
static void make_id(const struct filling *filling, long number, int kind, char id[static ID_SIZE])
{
	int64_t span = INT64_C(2) * 365 * 86400 * 1000 / filling->all;

	moment_bound(INT64_C(1700000000000) + number * span, id);
	id[14] = '7';
	id[19] = '8';
	snprintf(id + 24, 13, "%012d", kind);
}

static enum err add_conversation(struct db *tx, const struct filling *filling, long number,
				 const char *id)
{
	char title[64];
	struct timestamp at = { moment_of(id) };
	struct conversation conversation = { .id = id,
					     .owner_id = filling->owner_id,
					     .title = title,
					     .model_id = "webplus/guide",
					     .created_at = at,
					     .updated_at = at };

	snprintf(title, sizeof(title), "Conversation of topic t%lx", number / IN_CONVERSATION);
	return conversation_insert(tx, &conversation);
}

static enum err add_message(struct db *tx, struct filling *filling, long number)
{
	char id[ID_SIZE], conversation_id[ID_SIZE], text[TEXT_SIZE];
	struct message message = { .id = id,
				   .conversation_id = conversation_id,
				   .owner_id = filling->owner_id,
				   .role = number % 2 ? MESSAGE_ASSISTANT : MESSAGE_USER,
				   .content = text };
	enum err err = ERR_OK;

	make_id(filling, number, 1, id);
	make_id(filling, number - number % IN_CONVERSATION, 0, conversation_id);
	make_text(filling, number, text);
	message.created_at.ms = moment_of(id);
	message.completed_at = message.created_at;
	if (number % IN_CONVERSATION == 0)
		err = add_conversation(tx, filling, number, conversation_id);
	return err == ERR_OK ? message_insert(tx, &message) : err;
}

static enum err run_rows(struct db *tx, void *context)
{
	struct filling *filling = context;
	enum err err = ERR_OK;

	for (long i = filling->from; err == ERR_OK && i < filling->until; i++)
		err = add_message(tx, filling, i);
	return err;
}

static enum err fill(struct db *db, const char *username, long messages, struct arena *arena)
{
	struct filling filling = { .all = messages, .random = 1 };
	struct account owner;
	enum err err = account_by_username(db, username, arena, &owner);

	filling.owner_id = owner.id;
	filling.reach = ARENA_ARRAY(arena, VOCABULARY, double);
	make_reach(&filling);
	while (err == ERR_OK && filling.until < messages) {
		long left = messages - filling.until;

		filling.from = filling.until;
		filling.until += left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
		err = db_transaction(db, run_rows, &filling);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct config config = { .database_connections = 1, .database_checkout_ms = 5000 };
	struct app app = { .config = &config };
	const char *reason = "";
	struct arena arena;
	enum err err;

	if (argc != 4 || sodium_init() < 0)
		return EXIT_FAILURE;
	config.data = argv[1];
	arena_init(&arena);
	err = installation_open(&app, INSTALLATION_BESIDE, &arena, &reason);
	if (err == ERR_OK)
		err = fill(app.db, argv[2], strtol(argv[3], NULL, 10), &arena);
	if (err != ERR_OK)
		fprintf(stderr, "search_rows: %s %s\n", err_title(err), reason);
	installation_close(&app);
	arena_finish(&arena);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
