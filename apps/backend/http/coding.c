#include "http/coding.h"

#include "http/characters.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { WEIGHT_MAX = 1000, UNSAID = -1 };

static const char *const names[CODINGS] = {
	[CODING_GZIP] = "gzip",
	[CODING_ZSTD] = "zstd",
	[CODING_BROTLI] = "br",
};

const char *coding_name(enum coding coding)
{
	return names[coding];
}

/* A stretch of the header, without the blanks around it. */
struct stretch {
	const char *start;
	size_t length;
};

static struct stretch trim(const char *start, size_t length)
{
	while (length > 0 && is_blank(start[0]))
		start++, length--;
	while (length > 0 && is_blank(start[length - 1]))
		length--;
	return (struct stretch){ start, length };
}

static bool equals(struct stretch stretch, const char *text)
{
	return stretch.length == strlen(text) &&
	       strncasecmp(stretch.start, text, stretch.length) == 0;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ); UNSAID for anything else. */
static int parse_quality(struct stretch text)
{
	int value, unit = WEIGHT_MAX / 10;

	if (text.length == 0 || text.length > 5 || (text.start[0] != '0' && text.start[0] != '1'))
		return UNSAID;
	if (text.length > 1 && text.start[1] != '.')
		return UNSAID;
	value = (text.start[0] - '0') * WEIGHT_MAX;
	for (size_t i = 2; i < text.length; i++, unit /= 10) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return UNSAID;
		value += (text.start[i] - '0') * unit;
	}
	return value <= WEIGHT_MAX ? value : UNSAID;
}

/* What stands behind the coding's name: nothing, or a weight. */
static int parse_weight(struct stretch rest)
{
	struct stretch name;
	const char *equal;

	if (rest.length == 0)
		return WEIGHT_MAX;
	rest = trim(rest.start + 1, rest.length - 1); /* the semicolon */
	equal = memchr(rest.start, '=', rest.length);
	if (equal == NULL)
		return UNSAID;
	name = (struct stretch){ rest.start, (size_t)(equal - rest.start) };
	if (!equals(name, "q"))
		return UNSAID;
	return parse_quality((struct stretch){ equal + 1, rest.length - name.length - 1 });
}

/* Where the weight of this name belongs; NULL for a coding that we do not know. */
static int *place_of(struct coding_weights *weights, int *others, struct stretch name)
{
	if (equals(name, "*"))
		return others;
	if (equals(name, "identity"))
		return &weights->of[CODING_IDENTITY];
	if (equals(name, "x-gzip")) /* section 8.4.1.3 */
		return &weights->of[CODING_GZIP];
	for (int i = CODING_IDENTITY + 1; i < CODINGS; i++)
		if (equals(name, names[i]))
			return &weights->of[i];
	return NULL;
}

static void read_element(struct coding_weights *weights, int *others, struct stretch element)
{
	const char *semicolon = memchr(element.start, ';', element.length);
	size_t length = semicolon != NULL ? (size_t)(semicolon - element.start) : element.length;
	int *place = place_of(weights, others, trim(element.start, length));
	int weight =
		parse_weight((struct stretch){ element.start + length, element.length - length });

	if (place != NULL && weight != UNSAID)
		*place = weight;
}

struct coding_weights coding_weights(const char *accept)
{
	struct coding_weights weights = { { 0 } };
	int others = UNSAID;

	for (int i = 0; i < CODINGS; i++)
		weights.of[i] = UNSAID;
	while (accept != NULL && *accept != '\0') {
		size_t length = strcspn(accept, ",");

		read_element(&weights, &others, trim(accept, length));
		accept += length + (accept[length] == ',');
	}
	for (int i = 0; i < CODINGS; i++)
		if (weights.of[i] == UNSAID)
			weights.of[i] = others;
	/* Liked least, unless something is said of it: who lists codings wants one. */
	if (weights.of[CODING_IDENTITY] == UNSAID)
		weights.of[CODING_IDENTITY] = 1;
	for (int i = 0; i < CODINGS; i++)
		if (weights.of[i] == UNSAID)
			weights.of[i] = 0;
	return weights;
}

enum coding coding_choose(const struct coding_weights *weights,
			  const enum coding preference[static 1])
{
	enum coding best = CODING_IDENTITY;
	int best_weight = 0;

	for (;; preference++) {
		int weight = weights->of[*preference];

		if (weight > best_weight) {
			best = *preference;
			best_weight = weight;
		}
		if (*preference == CODING_IDENTITY)
			return best;
	}
}
