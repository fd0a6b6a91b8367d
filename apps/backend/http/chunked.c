#include "http/chunked.h"

#include "http/characters.h"

/*
 * Larger sizes are refused long before, by the limit of the body; this keeps the number itself
 * whole.
 */
static const int64_t SIZE_LIMIT = INT64_C(1) << 50;

static enum chunked_state read_size(struct chunked *chunked, char c)
{
	int digit = hex_value(c);

	if (digit >= 0 && chunked->left < SIZE_LIMIT) {
		chunked->left = chunked->left * 16 + digit;
		return CHUNKED_SIZE;
	}
	if (digit >= 0 || chunked->state == CHUNKED_SIZE_FIRST)
		return CHUNKED_BAD;
	if (c == '\r')
		return CHUNKED_SIZE_FEED;
	return c == ';' ? CHUNKED_EXTENSION : CHUNKED_BAD;
}

static enum chunked_state read_extension(struct chunked *chunked, char c)
{
	if (c == '\r')
		return CHUNKED_SIZE_FEED;
	if (!is_class(c, CHAR_VALUE) || ++chunked->extensions > CHUNK_EXTENSIONS_MAX)
		return CHUNKED_BAD;
	return CHUNKED_EXTENSION;
}

static enum chunked_state read_trailer_name(struct chunked *chunked, char c)
{
	if (++chunked->trailers > CHUNK_TRAILERS_MAX)
		return CHUNKED_BAD;
	if (c == ':' && chunked->state == CHUNKED_TRAILER_NAME)
		return CHUNKED_TRAILER;
	return is_class(c, CHAR_TOKEN) ? CHUNKED_TRAILER_NAME : CHUNKED_BAD;
}

static enum chunked_state read_trailer(struct chunked *chunked, char c)
{
	if (c == '\r')
		return CHUNKED_TRAILER_FEED;
	if (!is_class(c, CHAR_VALUE) || ++chunked->trailers > CHUNK_TRAILERS_MAX)
		return CHUNKED_BAD;
	return CHUNKED_TRAILER;
}

/* One byte of the framing. */
static enum chunked_state read_byte(struct chunked *chunked, char c)
{
	switch (chunked->state) {
	case CHUNKED_SIZE_FIRST:
	case CHUNKED_SIZE:
		return read_size(chunked, c);
	case CHUNKED_EXTENSION:
		return read_extension(chunked, c);
	case CHUNKED_SIZE_FEED:
		if (c != '\n')
			return CHUNKED_BAD;
		return chunked->left > 0 ? CHUNKED_DATA : CHUNKED_LINE;
	case CHUNKED_DATA_RETURN:
		return c == '\r' ? CHUNKED_DATA_FEED : CHUNKED_BAD;
	case CHUNKED_DATA_FEED:
		return c == '\n' ? CHUNKED_SIZE_FIRST : CHUNKED_BAD;
	case CHUNKED_LINE:
		return c == '\r' ? CHUNKED_END_FEED : read_trailer_name(chunked, c);
	case CHUNKED_TRAILER_NAME:
		return read_trailer_name(chunked, c);
	case CHUNKED_TRAILER:
		return read_trailer(chunked, c);
	case CHUNKED_TRAILER_FEED:
		return c == '\n' ? CHUNKED_LINE : CHUNKED_BAD;
	case CHUNKED_END_FEED:
		return c == '\n' ? CHUNKED_DONE : CHUNKED_BAD;
	default:
		return CHUNKED_BAD;
	}
}

size_t chunked_read(struct chunked *chunked, const char *data, size_t length,
		    const char **ret_piece, size_t *ret_piece_length)
{
	size_t used = 0, size;

	*ret_piece_length = 0;
	while (used < length && chunked->state < CHUNKED_DONE) {
		if (chunked->state != CHUNKED_DATA) {
			chunked->state = read_byte(chunked, data[used++]);
			continue;
		}
		size = length - used;
		if ((int64_t)size > chunked->left)
			size = (size_t)chunked->left;
		*ret_piece = data + used;
		*ret_piece_length = size;
		chunked->left -= (int64_t)size;
		if (chunked->left == 0)
			chunked->state = CHUNKED_DATA_RETURN;
		return used + size;
	}
	return used;
}

size_t chunk_head_write(char head[static CHUNK_HEAD_MAX], size_t length)
{
	size_t digits = 1;

	for (size_t rest = length >> 4; rest > 0; rest >>= 4)
		digits++;
	for (size_t i = digits; i > 0; i--) {
		head[i - 1] = "0123456789abcdef"[length & 15];
		length >>= 4;
	}
	head[digits] = '\r';
	head[digits + 1] = '\n';
	return digits + 2;
}
