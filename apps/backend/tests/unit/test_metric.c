/* What Prometheus is told, and its reference, come from the same rows. */
#include "base/metric.h"

#include "base/map.h"
#include "middleware/metric_tables.h"
#include "test.h"

#include <stdbool.h>
#include <string.h>

struct sample {
	bool up;
	unsigned open;
	uint64_t bytes_by[3];
	double seconds;
	struct histogram durations;
};

static const char *side(size_t index)
{
	static const char *const sides[] = { NULL, "left", "right" };

	return sides[index];
}

static const struct metric table[] = {
	METRIC(GAUGE, struct sample, up, "sample_up", "Whether."),
	METRIC(GAUGE, struct sample, open, "sample_open", "How many."),
	METRIC_EACH(COUNTER, struct sample, bytes_by, "sample_bytes_total", "side", side, "By."),
	METRIC(COUNTER, struct sample, seconds, "sample_seconds_total", "How long."),
	METRIC(HISTOGRAM, struct sample, durations, "sample_duration_seconds", "Each."),
	{ 0 },
};

static void assert_starts(const char *text, const char *start)
{
	assert_true(strlen(text) >= strlen(start));
	assert_memory_equal(text, start, strlen(start));
}

static void samples_are_of_the_types_of_their_members(void **state)
{
	struct sample sample = {
		.up = true, .open = 4000000000, .bytes_by = { 7, UINT64_MAX, 9 }, .seconds = 0.25
	};
	struct buf out;

	(void)state;
	histogram_add(&sample.durations, 1500);
	buf_init(&out, 10000);
	metrics_print_table(table, &sample, &out);
	assert_starts(out.data, "# HELP sample_up Whether.\n# TYPE sample_up gauge\nsample_up 1\n"
				"# HELP sample_open How many.\n# TYPE sample_open gauge\n"
				"sample_open 4000000000\n"
				"# HELP sample_bytes_total By.\n# TYPE sample_bytes_total counter\n"
				"sample_bytes_total{side=\"left\"} 18446744073709551615\n"
				"sample_bytes_total{side=\"right\"} 9\n"
				"# HELP sample_seconds_total How long.\n"
				"# TYPE sample_seconds_total counter\n"
				"sample_seconds_total 0.25\n"
				"# HELP sample_duration_seconds Each.\n"
				"# TYPE sample_duration_seconds histogram\n"
				"sample_duration_seconds_bucket{le=\"0.00025\"} 0\n");
	assert_non_null(strstr(out.data, "sample_duration_seconds_bucket{le=\"0.0025\"} 1\n"));
	assert_non_null(strstr(out.data, "sample_duration_seconds_sum 0.0015\n"));
	buf_finish(&out);
}

static void the_reference_names_each(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	metrics_print_rows(table, &out);
	assert_starts(out.data, "| `sample_up` | gauge |  | Whether. |\n"
				"| `sample_open` | gauge |  | How many. |\n"
				"| `sample_bytes_total` | counter | side | By. |\n");
	buf_finish(&out);
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* https://prometheus.io/docs/practices/naming/ */
static void names_follow_the_conventions(void **state)
{
	struct map names;

	(void)state;
	map_init(&names);
	for (const struct metric *const *each = metric_tables; *each; each++)
		for (const struct metric *metric = *each; metric->name; metric++) {
			assert_int_equal(ends_with(metric->name, "_total"),
					 metric->type == METRIC_COUNTER);
			assert_null(map_set(&names, metric->name, (void *)metric->name));
			assert_true(ends_with(metric->help, "."));
		}
	map_finish(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_of_the_types_of_their_members),
		cmocka_unit_test(the_reference_names_each),
		cmocka_unit_test(names_follow_the_conventions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
