/* SPDX-License-Identifier: MIT */
/* What a test expects of the precision of products that SAPE_BACKEND asks for. */
#ifndef SAPE_TESTS_PRECISION_H
#define SAPE_TESTS_PRECISION_H

#include <stdbool.h>

/* The number that belongs to it. */
double by_precision(double fp32, double bf16x3, double bf16);

/* Whether outputs are exact enough for differences over a small step. */
bool has_differences(void);

#endif
