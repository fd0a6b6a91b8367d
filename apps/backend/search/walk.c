#include "search/walk.h"

enum { READ_AT_ONCE = 8 };

static enum err open_block(const struct walk *walk, const struct search_block *block,
			   struct moments *ret_moments)
{
	struct block_place place = { block->index_id, block->term, block->place };

	return index_open(walk->key, place, block->moments, walk->arena, ret_moments);
}

static struct stream *stream_of(struct walk *walk, int64_t term)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->streams[i].term == term)
			return &walk->streams[i];
	return NULL;
}

/* Every term of the index has a head, an empty one too. */
static enum err read_heads(struct walk *walk, const struct terms *terms, size_t from, size_t count)
{
	const struct search_block *blocks;
	struct array rows;
	enum err err = block_heads(walk->db, walk->index_id, terms->list + from, count, walk->arena,
				   &rows);

	if (err != ERR_OK)
		return err;
	walk->none = walk->none || rows.count < count;
	blocks = rows.items;
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++) {
		struct stream *stream = stream_of(walk, blocks[i].term);

		err = stream ? open_block(walk, &blocks[i], &stream->head) : ERR_CORRUPT;
	}
	return err;
}

enum err walk_begin(struct walk *walk, const struct terms *terms)
{
	enum err err = ERR_OK;

	walk->count = terms->count;
	walk->none = terms->count == 0;
	for (size_t i = 0; i < terms->count; i++)
		walk->streams[i] = (struct stream){ .term = terms->list[i],
						    .place = MOMENT_MAX + 1,
						    .asked = MOMENT_NONE };
	for (size_t from = 0; err == ERR_OK && from < terms->count; from += BLOCKS_AT_ONCE) {
		size_t left = terms->count - from;

		err = read_heads(walk, terms, from, left < BLOCKS_AT_ONCE ? left : BLOCKS_AT_ONCE);
	}
	return err;
}

/* The block in which a moment would stand, among those that were read, or read now; NULL: there is none. */
static enum err find_block(struct walk *walk, struct stream *stream, int64_t until,
			   const struct search_block **ret_block)
{
	const struct search_block *read = stream->read.items;
	enum err err;

	while (stream->at < stream->read.count && read[stream->at].place > until)
		stream->at++;
	if (stream->at == stream->read.count) {
		err = blocks_from(walk->db, walk->index_id, stream->term, until, READ_AT_ONCE,
				  walk->arena, &stream->read);
		if (err != ERR_OK)
			return err;
		stream->at = 0;
		read = stream->read.items;
	}
	*ret_block = stream->read.count > 0 ? &read[stream->at] : NULL;
	return ERR_OK;
}

static enum err read_block(struct walk *walk, struct stream *stream, int64_t until)
{
	const struct search_block *block;
	enum err err = find_block(walk, stream, until, &block);

	--*walk->budget;
	stream->block.count = 0;
	stream->place = MOMENT_NONE;
	if (err != ERR_OK || !block)
		return err;
	stream->place = block->place;
	return open_block(walk, block, &stream->block);
}

static int64_t latest(const struct moments *moments, int64_t until)
{
	size_t count = moments_until(moments, until);

	return count > 0 ? moments->list[count - 1] : MOMENT_NONE;
}

/*
 * Moments are asked for in falling order, so a block serves until they fall below where it begins. One begins somewhat before
 * its first moment: what is asked for in between is in the block before.
 */
static enum err stream_seek(struct walk *walk, struct stream *stream, int64_t until,
			    int64_t *ret_moment)
{
	bool fresh = until <= stream->asked && until >= stream->place;
	enum err err = fresh ? ERR_OK : read_block(walk, stream, until);
	int64_t head = latest(&stream->head, until), placed = latest(&stream->block, until);

	while (err == ERR_OK && placed == MOMENT_NONE && stream->place > 0) {
		err = read_block(walk, stream, stream->place - 1);
		placed = latest(&stream->block, until);
	}
	stream->asked = until;
	if (err == ERR_OK)
		*ret_moment = head > placed ? head : placed;
	return err;
}

enum err walk_seek(struct walk *walk, int64_t until, int64_t *ret_moment, bool *ret_stopped)
{
	size_t agreed = 0;

	*ret_stopped = false;
	*ret_moment = walk->none ? MOMENT_NONE : until;
	for (size_t i = 0; *ret_moment != MOMENT_NONE && agreed < walk->count;
	     i = (i + 1) % walk->count) {
		int64_t before = *ret_moment;
		enum err err;

		if (*walk->budget <= 0) {
			*ret_stopped = true;
			return ERR_OK;
		}
		err = stream_seek(walk, &walk->streams[i], before, ret_moment);
		if (err != ERR_OK)
			return err;
		agreed = *ret_moment == before ? agreed + 1 : 1;
	}
	return ERR_OK;
}
