/*
 * Runs a fuzz target over the files that are named, or that lie in the directories that are named: the corpus, as part
 * of the ordinary tests, in a build without libFuzzer. An empty corpus is an error, since it would test nothing.
 */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger than any case in a corpus is useful. */
enum { CASE_MAX = 4 << 20 };

static size_t replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(CASE_MAX);
	uint8_t *exact;
	size_t size;

	if (file == NULL || data == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	size = fread(data, 1, CASE_MAX, file);
	fclose(file);
	/* Exactly as long as the case is, so that the sanitizer sees a read past its end. */
	exact = realloc(data, size + (size == 0));
	assert(exact != NULL);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static size_t replay(const char *path);

static size_t replay_directory(const char *path)
{
	struct dirent **entries;
	int found = scandir(path, &entries, NULL, alphasort);
	size_t replayed = 0;

	for (int i = 0; i < found; i++) {
		char child[4096];

		snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replayed += replay(child);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return replayed;
}

static size_t replay(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return replay_directory(path);
	return replay_file(path);
}

int main(int count, char **paths)
{
	size_t replayed = 0;

	for (int i = 1; i < count; i++)
		replayed += replay(paths[i]);
	printf("%zu cases replayed\n", replayed);
	return replayed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
