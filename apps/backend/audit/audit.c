#include "audit/audit.h"

#include "app.h"
#include "audit/audit_store.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/request.h"
#include "security/authorize.h"
#include "security/keyring.h"

#include <sodium.h>
#include <string.h>

enum { HASH_BYTES = 32, SALT_BYTES = 16, SALT_SIZE = SALT_BYTES * 2 + 1, DETAILS_MAX = 8192 };

/* A keyed hash of parts, each with its NUL, so that none can run into the next. */
static void hash_parts(const struct app *app, const char *const *parts, size_t count,
		       char text[static AUDIT_HASH_SIZE])
{
	unsigned char hash[HASH_BYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, keyring_key(app->keyring, KEY_AUDIT), KEY_SIZE, HASH_BYTES);
	for (size_t i = 0; i < count; i++)
		crypto_generichash_update(&state, (const unsigned char *)parts[i],
					  strlen(parts[i]) + 1);
	crypto_generichash_final(&state, hash, HASH_BYTES);
	sodium_bin2hex(text, AUDIT_HASH_SIZE, hash, HASH_BYTES);
}

static void commit_to(const struct app *app, const char *salt, const char *details,
		      char text[static AUDIT_HASH_SIZE])
{
	const char *parts[] = { salt, details };

	hash_parts(app, parts, 2, text);
}

static void hash_row(const struct app *app, const char *before, const struct audit_row *row,
		     struct arena *arena, char text[static AUDIT_HASH_SIZE])
{
	const char *parts[] = { before,
				arena_printf(arena, "%lld", (long long)row->seq),
				arena_printf(arena, "%lld", (long long)row->at.ms),
				row->actor_id,
				audit_action_words[row->action],
				row->object_kind,
				row->object_id,
				row->outcome == AUDIT_DONE ? "done" : "refused",
				row->commitment };

	hash_parts(app, parts, sizeof(parts) / sizeof(parts[0]), text);
}

/* ---- Writing ---- */

static void add_detail(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%c\"%s\":", out->length ? ',' : '{', name);
	json_append_string(out, value);
}

static const char *make_details(const struct audit_entry *entry, struct arena *arena)
{
	struct buf text;
	const char *details;

	buf_init(&text, DETAILS_MAX);
	add_detail(&text, "address", entry->address);
	add_detail(&text, "username", entry->username);
	add_detail(&text, "detail", entry->detail);
	buf_append_text(&text, text.length ? "}" : "{}");
	details = text.overflow ? "{}" : arena_strndup(arena, text.data, text.length);
	buf_finish(&text);
	return details;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

enum err audit_append(struct app *app, struct db *tx, const struct audit_entry *entry)
{
	char salt[SALT_SIZE], commitment[AUDIT_HASH_SIZE], hash[AUDIT_HASH_SIZE];
	unsigned char bytes[SALT_BYTES];
	struct audit_row tip, row;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(salt, sizeof(salt), bytes, sizeof(bytes));
	err = audit_tip(tx, &arena, &tip);
	if (err == ERR_OK) {
		row = (struct audit_row){ .seq = tip.seq + 1,
					  .at = clock_now(),
					  .actor_id = or_empty(entry->actor_id),
					  .action = entry->action,
					  .object_kind = or_empty(entry->object_kind),
					  .object_id = or_empty(entry->object_id),
					  .outcome = entry->outcome,
					  .commitment = commitment,
					  .hash = hash,
					  .salt = salt,
					  .details = make_details(entry, &arena) };
		if (row.at.ms < tip.at.ms)
			row.at = tip.at; /* the wall clock may step back, the log may not */
		commit_to(app, salt, row.details, commitment);
		hash_row(app, tip.hash, &row, &arena, hash);
		err = audit_insert(tx, &row);
	}
	arena_finish(&arena);
	return err;
}

struct writing {
	struct app *app;
	const struct audit_entry *entry;
};

static enum err run_write(struct db *tx, void *context)
{
	struct writing *writing = context;

	return audit_append(writing->app, tx, writing->entry);
}

enum err audit_write(struct app *app, const struct audit_entry *entry)
{
	struct writing writing = { app, entry };

	return db_transaction(app->db, run_write, &writing);
}

struct audit_entry audit_entry_of(const struct request *request, enum audit_action action,
				  const char *object_kind, const char *object_id)
{
	return (struct audit_entry){ .action = action,
				     .actor_id = request->principal ? request->principal->user_id
								    : NULL,
				     .object_kind = object_kind,
				     .object_id = object_id,
				     .address = request->peer };
}

/* ---- Checking ---- */

/* Only what is personal to an account that was deleted is erased. */
static bool may_be_erased(const struct app *app, const struct audit_row *row)
{
	const char *whose = *row->actor_id ? row->actor_id : row->object_id;

	return audit_find_deletion(app->db, whose) == ERR_OK;
}

/* NULL when the row follows on the one before; else what is wrong with it. */
static const char *fault_of(const struct app *app, const struct audit_row *row,
			    const struct audit_row *before, struct arena *arena)
{
	char hash[AUDIT_HASH_SIZE], commitment[AUDIT_HASH_SIZE];

	if (row->seq != before->seq + 1)
		return "rows are missing before it";
	hash_row(app, before->hash, row, arena, hash);
	if (strcmp(hash, row->hash) != 0)
		return "it was changed";
	if (!row->details && !row->salt)
		return may_be_erased(app, row) ? NULL : "its details were removed";
	commit_to(app, or_empty(row->salt), or_empty(row->details), commitment);
	return strcmp(commitment, row->commitment) == 0 ? NULL : "its details were changed";
}

enum err audit_verify(struct app *app, FILE *out)
{
	char hash[AUDIT_HASH_SIZE] = "";
	struct audit_row before = { .hash = hash }, row;
	const char *fault = NULL;
	struct arena arena;
	enum err err = ERR_OK;

	while (err == ERR_OK && !fault) {
		arena_init(&arena);
		err = audit_next(app->db, before.seq, &arena, &row);
		if (err == ERR_OK)
			fault = fault_of(app, &row, &before, &arena);
		if (err == ERR_OK && !fault) {
			before.seq = row.seq;
			memcpy(hash, row.hash, AUDIT_HASH_SIZE);
		}
		arena_finish(&arena);
	}
	if (err == ERR_CORRUPT)
		fault = "its details were changed";
	if (fault) {
		fprintf(out, "The audit log is broken behind row %lld: %s.\n",
			(long long)before.seq, fault);
		return ERR_CORRUPT;
	}
	if (err != ERR_NOT_FOUND)
		return err;
	fprintf(out, "%lld rows, none changed or missing. Tip: %lld %s\n", (long long)before.seq,
		(long long)before.seq, hash);
	return ERR_OK;
}

void audit_log_tip(struct app *app)
{
	struct audit_row tip;
	struct arena arena;

	arena_init(&arena);
	if (audit_tip(app->db, &arena, &tip) == ERR_OK)
		log_info("audit tip", "seq", arena_printf(&arena, "%lld", (long long)tip.seq),
			 "hash", *tip.hash ? tip.hash : "-", NULL);
	arena_finish(&arena);
}
