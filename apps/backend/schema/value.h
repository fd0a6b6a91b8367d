/*
 * Private to schema/: checks one value against its row and stores it in its record.
 *
 * Each setter returns false after it added what is wrong to the errors, under the name `path`. Any thread; a
 * decoder and its record belong to one.
 */
#ifndef WEBPLUS_SCHEMA_VALUE_H
#define WEBPLUS_SCHEMA_VALUE_H

#include "schema/schema.h"

enum { TEXT_MAX_DEFAULT = 1000, LIST_MAX_DEFAULT = 100, TEXTS_LENGTH_MAX = 200 };

/* Where the faults of one input go. */
struct decoder {
	struct arena *arena;
	struct field_errors *errors;
};

/* The bounds of a row, with what stands for those that it leaves out. */
struct bounds {
	int64_t min, max;
};

struct bounds field_bounds(const struct field *field);

bool value_set_text(struct decoder *decoder, const struct field *field, const char *path,
		    const char *text, void *record);
bool value_set_int(struct decoder *decoder, const struct field *field, const char *path,
		   int64_t value, void *record);
bool value_set_number(struct decoder *decoder, const struct field *field, const char *path,
		      double value, void *record);
bool value_set_bool(const struct field *field, bool value, void *record);
/* One element of a list of texts: a line, of .names where the field has some. */
bool value_check_element(struct decoder *decoder, const struct field *field, const char *path,
			 const char *text);
/* From the word on the wire: an enum or a time. */
bool value_set_word(struct decoder *decoder, const struct field *field, const char *path,
		    const char *word, void *record);
/* From text alone, as queries, headers and settings give it: any scalar. */
bool value_set_from_text(struct decoder *decoder, const struct field *field, const char *path,
			 const char *text, void *record);

#endif
