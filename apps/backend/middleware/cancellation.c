#include "middleware/cancellation.h"

#include "db/database.h"

static enum err prepare(struct request *request)
{
	db_watch(&request->cancelled);
	return ERR_OK;
}

static void conclude(struct request *request)
{
	(void)request;
	db_watch(NULL);
}

const struct middleware cancellation_middleware = { .name = "cancellation",
						    .prepare = prepare,
						    .conclude = conclude };
