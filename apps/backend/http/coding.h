/*
 * Content codings (RFC 9110, section 8.4.1) and what a client says of them (section 12.5.3). Constant; any thread.
 */
#ifndef WEBPLUS_HTTP_CODING_H
#define WEBPLUS_HTTP_CODING_H

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_ZSTD, CODING_BROTLI, CODINGS };

/* "gzip"; NULL for CODING_IDENTITY. */
const char *coding_name(enum coding coding);

/* Quality values in thousandths; 0: not acceptable. */
struct coding_weights {
	int of[CODINGS];
};

/*
 * Reads an Accept-Encoding; NULL: the header was not sent. What is malformed counts as not there, and what nothing is
 * said of is acceptable only if it is identity.
 */
struct coding_weights coding_weights(const char *accept);

/*
 * The coding that the client likes best. Of equals the first of `preference`, which ends with CODING_IDENTITY; that too
 * where nothing is acceptable.
 */
enum coding coding_choose(const struct coding_weights *weights,
			  const enum coding preference[static 1]);

#endif
