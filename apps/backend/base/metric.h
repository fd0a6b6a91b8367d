/*
 * What is counted, as rows of tables: the text that Prometheus reads (exposition format 0.0.4) and the reference of it are
 * made from the same row. A row names a member of the struct that its table is about; the struct is filled before. Any thread,
 * if no other one changes that struct meanwhile.
 */
#ifndef WEBPLUS_BASE_METRIC_H
#define WEBPLUS_BASE_METRIC_H

#include "base/buf.h"
#include "base/histogram.h"

#include <stddef.h>
#include <stdint.h>

enum metric_type {
	METRIC_COUNTER, /* only grows; its name ends with _total */
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
};

enum metric_value { METRIC_INTEGER, METRIC_REAL, METRIC_DURATIONS };

struct metric {
	const char *name; /* with its unit, in Prometheus' base units */
	const char *help;
	enum metric_type type;
	enum metric_value value; /* these three come from the member */
	size_t size_bytes;
	size_t offset;
	/* Of an array: a sample for each element, told apart by the label. */
	const char *label; /* NULL: the member is one value */
	size_t count;
	const char *(*label_value)(size_t index); /* NULL: that element is left out */
};

/* Rows of a table, which ends with one without a name. */
#define METRIC(kind, record, member, name_, help_)                                                 \
	{ .name = (name_),                                                                         \
	  .help = (help_),                                                                         \
	  .type = METRIC_##kind,                                                                   \
	  METRIC_MEMBER(record, member, ((record *)0)->member) }
#define METRIC_EACH(kind, record, member, name_, label_, label_value_, help_)                      \
	{ .name = (name_),                                                                         \
	  .help = (help_),                                                                         \
	  .type = METRIC_##kind,                                                                   \
	  .label = (label_),                                                                       \
	  .label_value = (label_value_),                                                           \
	  .count = sizeof(((record *)0)->member) / sizeof(((record *)0)->member[0]),               \
	  METRIC_MEMBER(record, member, ((record *)0)->member[0]) }
#define METRIC_MEMBER(record, member, element)                                                     \
	.offset = offsetof(record, member), .size_bytes = sizeof(element),                         \
	.value = _Generic(element,                                                                 \
		double: METRIC_REAL,                                                               \
		struct histogram: METRIC_DURATIONS,                                                \
		default: METRIC_INTEGER)

/* The samples of one struct. */
void metrics_print_table(const struct metric *table, const void *record, struct buf *out);
/* A line of Markdown for each row. */
void metrics_print_rows(const struct metric *table, struct buf *out);

#endif
