/*
 * The one table that drives everything: a record is declared once, and from that declaration come decoding and
 * validation, encoding, SQL row binding, configuration, the OpenAPI document and the TypeScript types.
 *
 *	struct conversation_new {
 *		const char *title;
 *		const char *model_id;
 *	};
 *
 *	static const struct field conversation_new_fields[] = {
 *		FIELD(struct conversation_new, title, .optional = true, .max = 200, .doc = "Shown in the list."),
 *		FIELD(struct conversation_new, model_id, .optional = true, .max = 200, .doc = "As GET /models names it."),
 *		{ 0 }
 *	};
 *	const struct schema conversation_new_schema = SCHEMA(struct conversation_new, conversation_new_fields,
 *		.name = "ConversationNew");
 *
 * FIELD takes the offset from the member and the wire type from the member's C type, so the two cannot disagree:
 *
 *	C member              on the wire           in SQL             limits
 *	const char *          string, null if NULL  TEXT (or sealed)   min/max in characters
 *	bool                  true, false           INTEGER 0, 1
 *	int, int64_t          integer               INTEGER            min/max; default ±(2^53 - 1)
 *	double                number                REAL
 *	enum x                string of .names      TEXT, the same     the closed set
 *	struct timestamp      RFC 3339              INTEGER ms UTC
 *	struct blob           never                 BLOB (or sealed)
 *	struct array          array of .schema      never              max elements
 *	struct texts          array of strings      TEXT, one a line   max elements; .names closes the set
 *	a struct              object of .schema     columns name_…     null where its first field is NULL
 *
 * What comes from outside has bounds that its row names: schema_check_input. Texts that are compared, those of FORMAT_LINE
 * and FORMAT_EMAIL, are brought into Unicode's form C.
 *
 * A nullable integer or time that is 0 is null. A string from outside is valid UTF-8 without NUL, and without other
 * control characters than tab and line feed.
 *
 * A field that is `private` or `secret` is sealed at rest; the value of the attribute is the field's stable name in
 * the seal ("message.content") and must never change, whatever becomes of the table or column. `private` is encoded to
 * those who may read the record, `secret` never is. `stored` fields are SQL only, `shown` fields are wire only.
 *
 * All tables are constant and readable from any thread. schema_check finds the mistakes of a table at start.
 */
#ifndef WEBPLUS_SCHEMA_SCHEMA_H
#define WEBPLUS_SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire {
	WIRE_NONE, /* ends a table of fields */
	WIRE_TEXT,
	WIRE_BOOL,
	WIRE_INT,
	WIRE_NUMBER,
	WIRE_ENUM,
	WIRE_TIME,
	WIRE_BLOB,
	WIRE_LIST,
	WIRE_TEXTS,
	WIRE_OBJECT,
};

/* Where a field of a request comes from. */
enum source { FROM_BODY, FROM_PATH, FROM_QUERY, FROM_HEADER };

/* What structure a text has; the check, its words and its OpenAPI pattern are rows of one table in format.c. */
enum format {
	FORMAT_NONE,
	FORMAT_ID, /* a UUID in lower case */
	/* 3 to 32 of a-z 0-9 . _ -, beginning with a letter or digit; upper case is accepted */
	FORMAT_USERNAME,
	FORMAT_EMAIL, /* one @, RFC 5321 lengths, no spaces */
	FORMAT_LINE, /* no line feed, no tab, nothing that turns its direction; if anything, then something that is seen */
	FORMAT_TOKEN, /* visible ASCII */
	FORMAT_COUNT
};

struct blob {
	const void *data;
	size_t size;
};

struct array {
	void *items; /* `count` records of the element schema, one after the other */
	size_t count;
};

/* Several texts, none of them with a line feed. */
struct texts {
	const char **items;
	size_t count;
};

/*
 * First member of an input record whose schema says `.presence`: bit i stands for row i of its table.
 * `set`: the key was there; `null`: it was there and null. Absent, null and zero are three things.
 */
struct presence {
	uint64_t set, null;
};

/* 2^53 - 1: what JavaScript reads exactly. */
#define INTEGER_MAX INT64_C(9007199254740991)

struct schema;

struct field {
	const char *name; /* JSON key, SQL column, query parameter */
	const char *doc;  /* one sentence for the people who call */
	enum wire wire;
	size_t offset;
	size_t size;

	enum source from;
	const char *header; /* FROM_HEADER: the header's name */

	bool optional; /* an input may leave it out */
	bool nullable; /* null is a value */
	int64_t min, max;
	enum format format;
	const char *const *names;    /* WIRE_ENUM: the words by value, ended by NULL */
	const struct schema *schema; /* WIRE_OBJECT, WIRE_LIST */
	const char *unit;            /* "ms", "bytes", "tokens" */
	const char *preset;          /* the value when left out, as text */

	const char *private; /* sealed at rest, shown to those who may read the record */
	const char *secret;  /* sealed at rest, never shown */
	bool stored;         /* in SQL only */
	bool shown;          /* on the wire only */
	bool credential;     /* whoever has it may act: a reply that holds it is not compressed */
};

struct schema {
	const char *name; /* in OpenAPI and TypeScript, "ConversationNew" */
	const char *doc;
	const struct field *fields;
	size_t size;
	bool presence;      /* the record begins with struct presence */
	const char *table;  /* records that are stored */
	const char *key[2]; /* the columns that identify a row, which its seals are bound to */
};

#define WIRE_OF(type, member)                                                                      \
	_Generic(((type *)0)->member,                                                              \
		const char *: WIRE_TEXT,                                                           \
		bool: WIRE_BOOL,                                                                   \
		int: WIRE_INT,                                                                     \
		int64_t: WIRE_INT,                                                                 \
		double: WIRE_NUMBER,                                                               \
		unsigned int: WIRE_ENUM,                                                           \
		struct timestamp: WIRE_TIME,                                                       \
		struct blob: WIRE_BLOB,                                                            \
		struct array: WIRE_LIST,                                                           \
		struct texts: WIRE_TEXTS,                                                          \
		default: WIRE_OBJECT)

#define FIELD(type, member, ...)                                                                   \
	{ .name = #member,                                                                         \
	  .wire = WIRE_OF(type, member),                                                           \
	  .offset = offsetof(type, member),                                                        \
	  .size = sizeof(((type *)0)->member),                                                     \
	  __VA_ARGS__ }

#define SCHEMA(type, field_table, ...)                                                             \
	{ .fields = (field_table), .size = sizeof(type), __VA_ARGS__ }

/* Every list on the wire. */
struct page {
	struct array items;
	const char *next_cursor;
};

/* Declares `schema_name`, the page of records of `element`. */
#define PAGE_SCHEMA(schema_name, element, wire_name)                                               \
	static const struct field schema_name##_fields[] = {                                       \
		FIELD(struct page, items, .schema = &(element), .doc = "One page."),               \
		FIELD(struct page, next_cursor, .nullable = true,                                  \
		      .doc = "Pass it as `cursor` for the next page; null on the last."),          \
		{ 0 },                                                                             \
	};                                                                                         \
	static const struct schema schema_name =                                                   \
		SCHEMA(struct page, schema_name##_fields, .name = (wire_name))

/* Row `name` of a table; NULL when there is none. */
const struct field *schema_field(const struct schema *schema, const char *name);
/* Whether the sender gave the field of that name. Asserts that the schema has presence and that row. */
bool schema_given(const struct schema *schema, const void *record, const char *name);
/* Finds what is wrong with the table itself, nested ones too: NULL, or a sentence for its author. */
const char *schema_check(const struct schema *schema, struct arena *arena);
/* The same for a record that comes from outside, where each text, number and list needs bounds of its own. */
const char *schema_check_input(const struct schema *schema, struct arena *arena);
/* How many bytes of JSON a record that passed it can need, however its texts are escaped, but no more than `most`. */
size_t schema_json_max(const struct schema *schema, size_t most);

/* What was wrong with an input: every error at once, but no more than FIELD_ERRORS_MAX of them. */
enum { FIELD_ERRORS_MAX = 32 };

struct field_error {
	const char *field; /* "title", "parts[2].text", "" for the whole */
	const char *message;
};

struct field_errors {
	struct field_error list[FIELD_ERRORS_MAX];
	size_t count;
};

/* Both copy the texts into the arena. */
void field_error_add(struct field_errors *errors, struct arena *arena, const char *field,
		     const char *format, ...) PRINTF_LIKE(4, 5);

enum { JSON_DEPTH_MAX = 32 };

/* A name and its value, for paths, queries and headers. */
struct text_pair {
	const char *name;
	const char *value;
};

/* The parts of a request that an input record is made of. Pairs end with a NULL name. */
struct input {
	const struct text_pair *path, *query;
	const char *(*header)(void *context, const char *name); /* NULL when the request has none */
	void *context;
	const char *body;
	size_t body_length;
};

/*
 * Fills `record` (schema->size bytes, zeroed by the callee) from a request. Texts live in the arena.
 * ERR_MALFORMED: the body is no JSON object, errors[0] says where. ERR_INVALID: the errors say which fields.
 * A path field that is not valid gives ERR_NOT_FOUND: there can be no such thing.
 */
enum err schema_decode(const struct schema *schema, const struct input *input, struct arena *arena,
		       void *record, struct field_errors *errors) WARN_UNUSED;
/* The same for a JSON text alone. */
enum err schema_decode_json(const struct schema *schema, const char *json, size_t length,
			    struct arena *arena, void *record,
			    struct field_errors *errors) WARN_UNUSED;
/* Sets one scalar field from text, as a query, a setting or a flag gives it. */
enum err schema_decode_text(const struct field *field, const char *text, struct arena *arena,
			    void *record, struct field_errors *errors) WARN_UNUSED;

/* Appends the record as JSON. Secret, stored and blob fields are left out. */
void schema_encode(const struct schema *schema, const void *record, struct buf *out);
/* Appends a JSON string with its quotes; the text must be UTF-8. */
void json_append_string(struct buf *out, const char *text);
void json_append_string_n(struct buf *out, const char *text, size_t length);

/* Appends the JSON Schema (2020-12) of a record as it is sent (`input`) or received. Nested records become $refs. */
void schema_print_json_schema(const struct schema *schema, bool input, struct buf *out);
void field_print_json_schema(const struct field *field, bool input, struct buf *out);

/* Whether the text fits; if not, *ret_message says what is asked. */
bool format_check(enum format format, const char *text, const char **ret_message);
/* The regular expression (ECMA-262) of the format, or NULL. */
const char *format_pattern(enum format format);
/* The most characters that a text of the format has; 0: the format does not say. */
int64_t format_max(enum format format);
/* Whether its texts are compared, and so are brought into one form (base/utf8.h) as they come in. */
bool format_is_compared(enum format format);

#endif
