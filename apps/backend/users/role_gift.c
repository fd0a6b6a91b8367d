#include "users/role_gift.h"

#include "http/request.h"
#include "users/role_store.h"

enum err role_check_within(struct request *request, uint64_t permissions)
{
	if (permissions & ~request->principal->permissions)
		return request_fail(request, ERR_FORBIDDEN,
				    "This goes beyond what you may do yourself.");
	return ERR_OK;
}

enum err role_check_gift(struct request *request, struct db *db, const char *name)
{
	uint64_t permissions;
	enum err err = role_permissions(db, name, &permissions);

	if (err == ERR_NOT_FOUND)
		return request_invalid(request, "role",
				       "is not the name of a role; GET /api/v1/roles lists them");
	return err == ERR_OK ? role_check_within(request, permissions) : err;
}
