#include "db/claim.h"

#include "base/memory.h"
#include "db/admin.h"

#include <stdlib.h>

struct db_claim {
	struct admin *admin;
};

struct taken {
	int64_t taken;
};

static const struct field taken_fields[] = {
	FIELD(struct taken, taken, .doc = "1: it is ours."),
	{ 0 },
};

static const struct schema taken_schema = SCHEMA(struct taken, taken_fields, .name = "ClaimTaken");

static const struct statement try_lock = {
	"SELECT CASE WHEN pg_try_advisory_lock(hashtextextended($1, 0)) THEN 1 ELSE 0 END AS taken",
	&taken_schema
};

enum err db_claim_take(const struct db_options *options, const char *name, struct arena *arena,
		       struct db_claim **ret_claim, const char **ret_reason)
{
	struct db_claim *claim;
	struct taken taken;
	struct admin *admin;
	enum err err;

	*ret_claim = NULL;
	if (!is_postgres(options))
		return ERR_OK;
	err = admin_open(options, arena, &admin, ret_reason);
	if (err != ERR_OK)
		return err;
	err = db_one(&admin->db, &try_lock, ARGS(name), NULL, &taken);
	if (err != ERR_OK)
		*ret_reason = arena_printf(arena, "%s", admin->engine->reason(admin));
	else if (!taken.taken)
		err = ERR_CONFLICT;
	if (err != ERR_OK) {
		admin->engine->close(admin);
		return err;
	}
	claim = MEMORY_NEW(struct db_claim);
	claim->admin = admin;
	*ret_claim = claim;
	return ERR_OK;
}

void db_claim_release(struct db_claim *claim)
{
	if (!claim)
		return;
	claim->admin->engine->close(claim->admin);
	free(claim);
}
