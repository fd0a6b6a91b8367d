/*
 * audit_rows FOLDER USERNAME ROWS: gives the SQLite installation in FOLDER many accounts, many sessions of USERNAME, and an
 * audit log of so many rows, chained and sealed as the server does it. USERNAME did a good part of it, and most of it is
 * sign-ins. Prints the id of USERNAME, and of an account that did little.
 */
#include "app.h"
#include "audit/audit.h"
#include "auth/auth_store.h"
#include "installation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 10000, SESSIONS = 1000, ROWS_AT_ONCE = 20000 };

struct filling {
	struct app *app;
	char (*ids)[ID_SIZE]; /* of the accounts, the busy one first */
	long from, until;
};

static enum err add_account(struct db *tx, const struct filling *filling, int i)
{
	char name[32], email[64];
	struct account account = { .id = filling->ids[i],
				   .username = name,
				   .email = email,
				   .email_hash = { name, 0 },
				   .password_hash = "none",
				   .role = ROLE_USER,
				   .created_at = clock_now() };
	const char *taken;

	snprintf(name, sizeof(name), "person-%05d", i);
	snprintf(email, sizeof(email), "%s@example.org", name);
	account.email_hash.size = strlen(name);
	return account_insert(tx, &account, &taken);
}

static enum err add_session(struct db *tx, const struct filling *filling, int i)
{
	char id[ID_SIZE], hash[32];
	struct timestamp now = clock_now();
	struct session session = { .id = id,
				   .account_id = filling->ids[0],
				   .created_at = now,
				   .last_used_at = { now.ms - i },
				   .expires_at = { now.ms + INT64_C(86400000) },
				   .address = "192.0.2.7",
				   .user_agent = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101" };

	id_make(id);
	snprintf(hash, sizeof(hash), "session-%d", i);
	return session_insert(tx, &session, hash);
}

static enum err run_accounts(struct db *tx, void *context)
{
	enum err err = ERR_OK;

	for (int i = 1; err == ERR_OK && i < ACCOUNTS; i++)
		err = add_account(tx, context, i);
	for (int i = 0; err == ERR_OK && i < SESSIONS; i++)
		err = add_session(tx, context, i);
	return err;
}

/* Of ten rows, three are the busy account's; of a thousand, one is no sign-in. */
static enum err run_rows(struct db *tx, void *context)
{
	const struct filling *filling = context;
	enum err err = ERR_OK;

	for (long i = filling->from; err == ERR_OK && i < filling->until; i++) {
		const char *whom = filling->ids[1 + i % (ACCOUNTS - 1)];
		struct audit_entry entry = {
			.action = i % 1000 == 0 ? AUDIT_ROLE_ASSIGN : AUDIT_SIGN_IN,
			.outcome = i % 20 == 0 ? AUDIT_REFUSED : AUDIT_DONE,
			.actor_id = i % 10 < 3 ? filling->ids[0] : whom,
			.object_kind = "account",
			.object_id = whom,
			.address = "192.0.2.7",
			.username = "somebody-of-this-name",
		};

		err = audit_append(filling->app, tx, &entry);
	}
	return err;
}

static enum err fill(struct app *app, const char *username, long rows, struct arena *arena)
{
	static char ids[ACCOUNTS][ID_SIZE];
	struct filling filling = { app, ids, 0, 0 };
	struct account busy;
	enum err err = account_by_username(app->db, username, arena, &busy);

	if (err != ERR_OK)
		return err;
	memcpy(ids[0], busy.id, ID_SIZE);
	for (int i = 1; i < ACCOUNTS; i++)
		id_make(ids[i]);
	err = db_transaction(app->db, run_accounts, &filling);
	while (err == ERR_OK && filling.until < rows) {
		filling.from = filling.until;
		filling.until +=
			ROWS_AT_ONCE < rows - filling.from ? ROWS_AT_ONCE : rows - filling.from;
		err = db_transaction(app->db, run_rows, &filling);
	}
	printf("%s %s\n", ids[0], ids[77]);
	return err;
}

int main(int argc, char **argv)
{
	struct config config = { .database_connections = 1, .database_checkout_ms = 5000 };
	struct app app = { .config = &config };
	struct arena arena;
	const char *reason = "";
	enum err err;

	if (argc != 4 || sodium_init() < 0)
		return EXIT_FAILURE;
	config.data = argv[1];
	arena_init(&arena);
	err = installation_open(&app, INSTALLATION_BESIDE, &arena, &reason);
	if (err == ERR_OK)
		err = fill(&app, argv[2], strtol(argv[3], NULL, 10), &arena);
	if (err != ERR_OK)
		fprintf(stderr, "audit_rows: %s %s\n", err_title(err), reason);
	installation_close(&app);
	arena_finish(&arena);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
