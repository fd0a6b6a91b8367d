#include "chat/deltas.h"

void deltas_append(struct buf *lengths, uint32_t length)
{
	while (length >= 0x80) {
		buf_append_char(lengths, (char)(length | 0x80));
		length >>= 7;
	}
	buf_append_char(lengths, (char)length);
}

void deltas_begin(struct delta_walk *walk, struct blob lengths, const char *text,
		  size_t text_length)
{
	static const uint8_t none[1];
	const uint8_t *at = lengths.size ? lengths.data : none;

	*walk = (struct delta_walk){
		.at = at, .end = at + lengths.size, .text = text, .text_left = text_length
	};
}

static bool read_length(struct delta_walk *walk, uint32_t *ret_length)
{
	uint32_t length = 0;

	for (unsigned shift = 0; walk->at < walk->end && shift < 7 * DELTA_LENGTH_SIZE;
	     shift += 7) {
		uint8_t byte = *walk->at++;

		length |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_length = length;
			return true;
		}
	}
	return false;
}

bool deltas_next(struct delta_walk *walk)
{
	uint32_t length;

	if (!read_length(walk, &length) || length > walk->text_left)
		return false;
	walk->seq++;
	walk->delta = walk->text;
	walk->length = length;
	walk->text += length;
	walk->text_left -= length;
	return true;
}
