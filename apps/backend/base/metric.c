#include "base/metric.h"

#include <assert.h>
#include <stdbool.h>

static const char *type_name(enum metric_type type)
{
	static const char *const names[] = { "counter", "gauge", "histogram" };

	return names[type];
}

static uint64_t integer_at(const char *at, size_t size_bytes)
{
	if (size_bytes == sizeof(bool))
		return *(const bool *)at;
	if (size_bytes == sizeof(unsigned))
		return *(const unsigned *)at;
	assert(size_bytes == sizeof(uint64_t));
	return *(const uint64_t *)at;
}

static void print_value(const struct metric *metric, const char *at, struct buf *out)
{
	if (metric->value == METRIC_REAL)
		buf_printf(out, " %.15g\n", *(const double *)(const void *)at);
	else
		buf_printf(out, " %llu\n", (unsigned long long)integer_at(at, metric->size_bytes));
}

static void print_each(const struct metric *metric, const char *at, struct buf *out)
{
	for (size_t i = 0; i < metric->count; i++) {
		const char *value = metric->label_value(i);

		if (!value)
			continue;
		buf_printf(out, "%s{%s=\"%s\"}", metric->name, metric->label, value);
		print_value(metric, at + i * metric->size_bytes, out);
	}
}

static void print_samples(const struct metric *metric, const char *at, struct buf *out)
{
	if (metric->value == METRIC_DURATIONS) {
		histogram_print((const struct histogram *)at, metric->name, out);
	} else if (metric->label) {
		print_each(metric, at, out);
	} else {
		buf_printf(out, "%s", metric->name);
		print_value(metric, at, out);
	}
}

void metrics_print_table(const struct metric *table, const void *record, struct buf *out)
{
	for (const struct metric *metric = table; metric->name; metric++) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
			   metric->name, type_name(metric->type));
		print_samples(metric, (const char *)record + metric->offset, out);
	}
}

void metrics_print_rows(const struct metric *table, struct buf *out)
{
	for (const struct metric *metric = table; metric->name; metric++)
		buf_printf(out, "| `%s` | %s | %s | %s |\n", metric->name, type_name(metric->type),
			   metric->label ? metric->label : "", metric->help);
}
