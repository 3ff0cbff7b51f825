/* SPDX-License-Identifier: MIT */
/* The functions that layers end with, in double precision. */
#ifndef SAPE_TESTS_REFERENCE_FUNCTION_H
#define SAPE_TESTS_REFERENCE_FUNCTION_H

#include <stddef.h>

/* relu to gaussian as sape_activation counts them, then sigmoid and exp; "none" is the last. */
#define NUM_REFERENCE_FUNCTIONS 11
extern const char *const reference_function_names[NUM_REFERENCE_FUNCTIONS];

struct reference_curve {
    double value, slope, curvature;
};

/* The function of that name, and parameter, at z. */
struct reference_curve reference_function(const char *name, double a, double z);

#endif
