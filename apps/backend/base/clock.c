#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400, DAYS_PER_ERA = 146097 };

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
static const int64_t TIMESTAMP_MIN = INT64_C(-62167219200000);
static const int64_t TIMESTAMP_MAX = INT64_C(253402300799999);

struct date {
	int year, month, day;
};

static int64_t read_clock_us(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

struct timestamp clock_now(void)
{
	return (struct timestamp){ read_clock_us(CLOCK_REALTIME) / 1000 };
}

void clock_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

/*
 * Days since 1970-01-01 and back, in the proleptic Gregorian calendar. Years are counted from 1
 * March, so that the leap day is the last of its year, and in eras of 400 years, which all have the
 * same number of days.
 */
static int64_t days_from_date(struct date date)
{
	int64_t year = date.month > 2 ? date.year : date.year - 1;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year =
		(153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - 719468;
}

static struct date date_from_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t day_of_era = shifted - era * DAYS_PER_ERA;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	return (struct date){
		.year = (int)(year_of_era + era * 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

static char *put_digits(char *at, unsigned value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

void timestamp_format(struct timestamp time, char text[static TIMESTAMP_TEXT_SIZE])
{
	int64_t ms = time.ms < TIMESTAMP_MIN   ? TIMESTAMP_MIN
		     : time.ms > TIMESTAMP_MAX ? TIMESTAMP_MAX
					       : time.ms;
	int64_t since_min = ms - TIMESTAMP_MIN; /* so that division never meets a negative number */
	int64_t seconds = since_min / MS_PER_SECOND;
	unsigned second_of_day = (unsigned)(seconds % SECONDS_PER_DAY);
	struct date date = date_from_days(seconds / SECONDS_PER_DAY +
					  TIMESTAMP_MIN / MS_PER_SECOND / SECONDS_PER_DAY);
	char *at = put_digits(text, (unsigned)date.year, 4);

	*at++ = '-';
	at = put_digits(at, (unsigned)date.month, 2);
	*at++ = '-';
	at = put_digits(at, (unsigned)date.day, 2);
	*at++ = 'T';
	at = put_digits(at, second_of_day / 3600, 2);
	*at++ = ':';
	at = put_digits(at, second_of_day / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, second_of_day % 60, 2);
	*at++ = '.';
	at = put_digits(at, (unsigned)(since_min % MS_PER_SECOND), 3);
	*at++ = 'Z';
	*at = '\0';
}

/* Exactly `count` digits at *at, which is moved behind them. */
static bool take_digits(const char **at, int count, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += count;
	*ret_value = value;
	return true;
}

static bool take_char(const char **at, const char *choices)
{
	for (; *choices != '\0'; choices++) {
		if (**at == *choices) {
			(*at)++;
			return true;
		}
	}
	return false;
}

static bool date_exists(struct date date)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);

	return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
	       date.day <= days[date.month - 1] + (leap && date.month == 2);
}

static bool take_date(const char **at, int64_t *ret_days)
{
	struct date date;

	if (!take_digits(at, 4, &date.year) || !take_char(at, "-") ||
	    !take_digits(at, 2, &date.month) || !take_char(at, "-") ||
	    !take_digits(at, 2, &date.day) || !date_exists(date))
		return false;
	*ret_days = days_from_date(date);
	return true;
}

/* A leap second (":60") counts as the first of the next minute. */
static bool take_time(const char **at, int64_t *ret_seconds)
{
	int hour, minute, second;

	if (!take_digits(at, 2, &hour) || !take_char(at, ":") || !take_digits(at, 2, &minute) ||
	    !take_char(at, ":") || !take_digits(at, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret_seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* What is finer than a millisecond is cut off. */
static bool take_fraction(const char **at, int64_t *ret_ms)
{
	int weight = 100, digit, count = 0;

	*ret_ms = 0;
	if (!take_char(at, "."))
		return true;
	while (take_digits(at, 1, &digit)) {
		*ret_ms += digit * weight;
		weight /= 10;
		count++;
	}
	return count >= 1 && count <= 9;
}

static bool take_offset(const char **at, int64_t *ret_seconds)
{
	bool west = **at == '-';
	int hour, minute;

	*ret_seconds = 0;
	if (take_char(at, "Zz"))
		return true;
	if (!take_char(at, "+-") || !take_digits(at, 2, &hour) || !take_char(at, ":") ||
	    !take_digits(at, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ret_seconds = (hour * 3600 + minute * 60) * (west ? -1 : 1);
	return true;
}

enum err timestamp_parse(const char *text, struct timestamp *ret_time)
{
	int64_t days, seconds, ms, offset, time;

	if (!take_date(&text, &days) || !take_char(&text, "Tt ") || !take_time(&text, &seconds) ||
	    !take_fraction(&text, &ms) || !take_offset(&text, &offset) || *text != '\0')
		return ERR_MALFORMED;
	time = (days * SECONDS_PER_DAY + seconds - offset) * MS_PER_SECOND + ms;
	if (time < TIMESTAMP_MIN || time > TIMESTAMP_MAX)
		return ERR_MALFORMED;
	ret_time->ms = time;
	return ERR_OK;
}
