#include "websockets/rate_limiter.h"

enum { MINUTE_US = 60 * 1000 * 1000 };

const struct rate_limit rate_limits[RATE_TYPES] = {
#define RATE_ROW(name, word, burst, per_minute, doc)                                               \
	[RATE_##name] = { word, burst, per_minute, doc },
	RATE_LIST(RATE_ROW)
#undef RATE_ROW
};

/* Three quarters used is a warning; it may be given again when less than half is. */
static bool is_to_be_warned(struct rates *rates, enum rate_type type, int64_t used_us,
			    int64_t bucket_us)
{
	uint8_t bit = (uint8_t)(1U << type);

	if (used_us < bucket_us / 2)
		rates->warned &= (uint8_t)~bit;
	if (used_us < bucket_us - bucket_us / 4 || (rates->warned & bit) != 0)
		return false;
	rates->warned |= bit;
	return true;
}

enum rate_verdict rate_take(struct rates *rates, enum rate_type type, int size, int64_t now_us)
{
	const struct rate_limit *limit = &rate_limits[type];
	int64_t token_us = MINUTE_US / ((int64_t)limit->per_minute * size);
	int64_t bucket_us = token_us * limit->burst * size;
	int64_t full_us = rates->full_us[type] > now_us ? rates->full_us[type] : now_us;

	if (full_us + token_us - now_us > bucket_us)
		return RATE_EMPTY;
	full_us += token_us;
	rates->full_us[type] = full_us;
	return is_to_be_warned(rates, type, full_us - now_us, bucket_us) ? RATE_WARNED : RATE_FINE;
}

bool rates_full(const struct rates *rates, int64_t now_us)
{
	for (int type = 0; type < RATE_TYPES; type++)
		if (rates->full_us[type] > now_us)
			return false;
	return true;
}
