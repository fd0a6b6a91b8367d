/*
 * Private to schema/: from the text of a JSON object to jansson's tree of it.
 *
 * JSON's grammar has values that no field can take, and that jansson refuses with the whole text: numbers that no int64 and
 * no double holds, halves of surrogate pairs. They become values beside them that json_number_is_beyond and
 * json_string_is_text know, so that decoding can name their field. Any thread; a tree belongs to the one that read it.
 */
#ifndef WEBPLUS_SCHEMA_JSON_TEXT_H
#define WEBPLUS_SCHEMA_JSON_TEXT_H

#include "schema/value.h"

#include <jansson.h>

/* ERR_MALFORMED after it said to the errors what is wrong, and where. The caller gives up the tree with json_decref. */
enum err json_text_read(struct decoder *decoder, const char *json, size_t length,
			json_t **ret_root) WARN_UNUSED;
/* Whether it stands for a number that is too large: the outermost of those that fit do, too. */
bool json_number_is_beyond(const json_t *number);
/* Whether a string is text: it has no NUL, which stands for half a surrogate pair, too. */
bool json_string_is_text(const json_t *string);

#endif
