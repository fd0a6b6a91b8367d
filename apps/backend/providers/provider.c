#include "providers/provider.h"

#include <assert.h>

const char *chat_end_code(enum chat_end end)
{
	static const char *const codes[CHAT_END_COUNT] = {
#define CHAT_END_CODE(name, code, detail) [CHAT_##name] = (code),
		CHAT_END_LIST(CHAT_END_CODE)
#undef CHAT_END_CODE
	};

	assert(end < CHAT_END_COUNT);
	return codes[end];
}

const char *chat_end_detail(enum chat_end end)
{
	static const char *const details[CHAT_END_COUNT] = {
#define CHAT_END_DETAIL(name, code, detail) [CHAT_##name] = (detail),
		CHAT_END_LIST(CHAT_END_DETAIL)
#undef CHAT_END_DETAIL
	};

	assert(end < CHAT_END_COUNT);
	return details[end];
}
