#include "db/key_store.h"

#include "base/clock.h"
#include "db/engine.h"
#include "security/data_keys.h"

struct stored_key {
	int64_t id;
	struct blob wrapped;
	struct timestamp created_at;
};

static const struct field stored_key_fields[] = {
	FIELD(struct stored_key, id, .doc = "Its number."),
	FIELD(struct stored_key, wrapped, .stored = true, .doc = "By the master key."),
	FIELD(struct stored_key, created_at, .doc = "When it was made."),
	{ 0 },
};

static const struct schema stored_key_schema =
	SCHEMA(struct stored_key, stored_key_fields, .name = "DataKey", .table = "data_key",
	       .key = { "id" });

static const struct statement select_newer = {
	"SELECT {columns} FROM data_key WHERE id > $1 ORDER BY id", &stored_key_schema
};

static const struct statement replace_wrapped = { "UPDATE data_key SET wrapped = $2 WHERE id = $1",
						  NULL };

const struct statement *const key_store_statements[] = { &select_newer, &replace_wrapped, NULL };

enum err key_store_learn(struct db *db)
{
	struct data_keys *keys = keyring_data_keys(db->keyring);
	const struct stored_key *list;
	struct array rows;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = db_all(db, &select_newer, ARGS((int64_t)data_keys_newest(keys)), &arena, &rows);
	list = rows.items;
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++)
		err = data_key_learn(keys, (uint32_t)list[i].id, list[i].wrapped);
	arena_finish(&arena);
	return err;
}

static enum err insert(struct db *tx, uint32_t number, uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	struct stored_key row = { .id = number,
				  .wrapped = { wrapped, WRAPPED_KEY_SIZE },
				  .created_at = clock_now() };

	return db_insert(tx, &stored_key_schema, &row);
}

enum err key_store_make_first(struct db *tx)
{
	uint8_t wrapped[WRAPPED_KEY_SIZE];

	data_key_make(keyring_data_keys(tx->keyring), DATA_KEY_FIRST, wrapped);
	return insert(tx, DATA_KEY_FIRST, wrapped);
}

/* The first one may have no row yet. */
enum err key_store_wrap(struct db *tx, const struct data_keys *under)
{
	const struct data_keys *keys = keyring_data_keys(tx->keyring);
	uint8_t wrapped[WRAPPED_KEY_SIZE];
	struct blob blob = { wrapped, sizeof(wrapped) };
	enum err err = key_store_learn(tx);

	for (uint32_t i = DATA_KEY_FIRST; err == ERR_OK && i <= data_keys_newest(keys); i++) {
		int64_t changed = 0;

		data_key_wrap(keys, i, under, wrapped);
		err = db_exec(tx, &replace_wrapped, ARGS((int64_t)i, blob), &changed);
		if (err == ERR_OK && changed == 0)
			err = insert(tx, i, wrapped);
	}
	return err;
}

enum err key_store_make(struct db *tx, uint32_t *ret_number)
{
	struct data_keys *keys = keyring_data_keys(tx->keyring);
	uint8_t wrapped[WRAPPED_KEY_SIZE];
	enum err err = key_store_learn(tx);

	if (err != ERR_OK)
		return err;
	*ret_number = data_keys_newest(keys) + 1;
	if (*ret_number > DATA_KEYS_MAX)
		return ERR_CONFLICT;
	data_key_make(keys, *ret_number, wrapped);
	return insert(tx, *ret_number, wrapped);
}
