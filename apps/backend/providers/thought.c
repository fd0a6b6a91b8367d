#include "providers/thought.h"

#include <string.h>

static const char space[] = " \t\r\n";

/* Behind the tag that begins one, or NULL. */
static const char *begin(const char *text)
{
	text += strspn(text, space);
	return strncmp(text, THOUGHT_BEGIN, sizeof(THOUGHT_BEGIN) - 1) == 0
		       ? text + sizeof(THOUGHT_BEGIN) - 1
		       : NULL;
}

const char *thought_skip(const char *text)
{
	const char *thought = begin(text), *end;

	if (!thought)
		return text;
	end = strstr(thought, THOUGHT_END);
	if (!end)
		return thought + strlen(thought);
	end += sizeof(THOUGHT_END) - 1;
	return end + strspn(end, space);
}

bool thought_is_open(const char *text)
{
	const char *thought = begin(text);

	return thought && !strstr(thought, THOUGHT_END);
}
