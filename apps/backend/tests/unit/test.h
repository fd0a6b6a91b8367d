/*
 * What every unit test includes: cmocka, and the headers that it wants before itself.
 */
#ifndef WEBPLUS_TESTS_UNIT_TEST_H
#define WEBPLUS_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those above */

#define RUN_TESTS(tests) cmocka_run_group_tests((tests), NULL, NULL)

#endif
