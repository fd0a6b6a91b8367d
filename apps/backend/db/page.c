#include "db/page.h"

#include "base/id.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const void *page_cut(struct page *page, const struct schema *row, int64_t limit)
{
	if ((int64_t)page->items.count <= limit)
		return NULL;
	page->items.count = (size_t)limit;
	return (const char *)page->items.items + (size_t)(limit - 1) * row->size;
}

/* base64url of "milliseconds id" */
const char *place_encode(struct place place, struct arena *arena)
{
	const char *text = arena_printf(arena, "%lld %s", (long long)place.time.ms, place.id);
	size_t size =
		sodium_base64_encoded_len(strlen(text), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *cursor = arena_alloc(arena, size);

	return sodium_bin2base64(cursor, size, (const unsigned char *)text, strlen(text),
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err place_decode(const char *cursor, struct arena *arena, struct place *ret_place)
{
	unsigned char bytes[CURSOR_MAX + 1];
	size_t length;
	struct place place;
	char *end;
	long long ms;

	if (sodium_base642bin(bytes, sizeof(bytes) - 1, cursor, strlen(cursor), NULL, &length, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return ERR_INVALID;
	bytes[length] = '\0';
	errno = 0;
	ms = strtoll((char *)bytes, &end, 10);
	if (errno || *end != ' ' || !id_valid(end + 1))
		return ERR_INVALID;
	place = (struct place){ { ms }, arena_strdup(arena, end + 1) };
	if (strcmp(place_encode(place, arena), cursor) != 0)
		return ERR_INVALID;
	*ret_place = place;
	return ERR_OK;
}
