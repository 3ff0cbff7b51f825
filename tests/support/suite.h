/* SPDX-License-Identifier: MIT */
/* What every test program's main() ends with. */
#ifndef SAPE_TESTS_SUITE_H
#define SAPE_TESTS_SUITE_H

#include <check.h>

/* Runs the suite; the exit status of a test program. The tests' working directory is one of their own, which is removed
   with what they leave there, also when they are killed: they are processes of their own. */
int run_suite(Suite *suite);

#endif
