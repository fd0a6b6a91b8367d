#include "base/err.h"

#include <assert.h>

static const struct {
	const char *code;
	int status;
	const char *title;
} rows[ERR_COUNT] = {
#define ERR_ROW(name, code, status, title) [ERR_##name] = { code, status, title },
	ERR_LIST(ERR_ROW)
#undef ERR_ROW
};

const char *err_code(enum err err)
{
	assert(err < ERR_COUNT);
	return rows[err].code;
}

int err_status(enum err err)
{
	assert(err < ERR_COUNT);
	return rows[err].status;
}

const char *err_title(enum err err)
{
	assert(err < ERR_COUNT);
	return rows[err].title;
}
