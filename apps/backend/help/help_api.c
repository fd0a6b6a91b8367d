#include "help/help.h"

#include "http/assets.h"
#include "http/request.h"

#include <string.h>

static const char prefix[] = "/docs/", suffix[] = ".md";

struct guide {
	const char *name;
	const char *title;
	const char *content;
};

static const struct field guide_fields[] = {
	FIELD(struct guide, name, .doc = "`user-guide`."),
	FIELD(struct guide, title, .doc = "Its heading."),
	FIELD(struct guide, content, .doc = "Markdown."),
	{ 0 },
};

static const struct schema guide_schema =
	SCHEMA(struct guide, guide_fields, .name = "Guide", .doc = "A part of the documentation.");

static const struct field guide_title_fields[] = {
	FIELD(struct guide, name, .doc = "`user-guide`."),
	FIELD(struct guide, title, .doc = "Its heading."),
	{ 0 },
};

static const struct schema guide_title_schema =
	SCHEMA(struct guide, guide_title_fields, .name = "GuideTitle");

PAGE_SCHEMA(guide_page_schema, guide_title_schema, "GuidePage");

struct guide_name {
	const char *name;
};

static const struct field guide_name_fields[] = {
	FIELD(struct guide_name, name, .from = FROM_PATH, .max = 100, .format = FORMAT_TOKEN,
	      .doc = "The guide."),
	{ 0 },
};

static const struct schema guide_name_schema =
	SCHEMA(struct guide_name, guide_name_fields, .name = "GuideName");

/* Only what people who use or run Web+ read is a guide: its name says so. */
static bool is_guide(const struct asset *asset)
{
	size_t length = strlen(asset->path);
	const char *end = "-guide.md";

	return strncmp(asset->path, prefix, sizeof(prefix) - 1) == 0 && length > strlen(end) &&
	       strcmp(asset->path + length - strlen(end), end) == 0;
}

/* The text of its first heading. */
static const char *title_of(const char *content, struct arena *arena)
{
	content += strspn(content, "# \n");
	return arena_strndup(arena, content, strcspn(content, "\n"));
}

static struct guide read_guide(const struct asset *asset, struct arena *arena)
{
	const char *name = asset->path + sizeof(prefix) - 1;
	struct guide guide = {
		.name = arena_strndup(arena, name, strlen(name) - (sizeof(suffix) - 1)),
		.content = arena_strndup(arena, (const char *)asset->data[CODING_IDENTITY],
					 asset->size[CODING_IDENTITY]),
	};

	guide.title = title_of(guide.content, arena);
	return guide;
}

static enum err guides_list(struct request *request, const void *in, void *out)
{
	struct page *page = out;
	struct guide *guides = ARENA_ARRAY(&request->arena, assets_count, struct guide);

	(void)in;
	page->items.items = guides;
	for (size_t i = 0; i < assets_count; i++)
		if (is_guide(&assets[i]))
			guides[page->items.count++] = read_guide(&assets[i], &request->arena);
	return ERR_OK;
}

static enum err guide_get(struct request *request, const void *in, void *out)
{
	const struct guide_name *input = in;
	const char *path = arena_printf(&request->arena, "%s%s%s", prefix, input->name, suffix);
	const struct asset *asset = asset_find(path, strlen(path));
	struct guide *guide = out;

	if (!asset || !is_guide(asset))
		return request_fail(request, ERR_NOT_FOUND, "There is no guide of this name.");
	*guide = read_guide(asset, &request->arena);
	return ERR_OK;
}

const struct route help_routes[] = {
	{ "GET", "/api/v1/help", .access = ACCESS_PUBLIC, .cache = { CACHE_PUBLIC, 3600, "" },
	  .out = &guide_page_schema, .handle = guides_list, .doc = "The guides." },
	{ "GET", "/api/v1/help/{name}", .access = ACCESS_PUBLIC,
	  .cache = { CACHE_PUBLIC, 3600, "" }, .in = &guide_name_schema, .out = &guide_schema,
	  .handle = guide_get, .doc = "One guide." },
	{ 0 },
};
