/* SPDX-License-Identifier: MIT */
/* Functions of one variable on [-1, 1] to fit. */
#ifndef EXAMPLES_FUNCTIONS_H
#define EXAMPLES_FUNCTIONS_H

#include <stddef.h>

enum function {
    FUNCTION_PSINE, /* the paper's: frequency grows with a power of x */
    FUNCTION_CHIRP, /* frequency grows linearly */
    FUNCTION_STEP,  /* constant pieces */
    FUNCTION_SINES, /* sines over a wide band, everywhere */
    FUNCTION_MIXED, /* smooth on the left, a wide band on the right */
};

/* The names of the above, NULL at the end. */
extern const char *const function_names[];

double function_value(enum function function, double x);

/* The paper's n training coordinates: linspace(-1, 1, n) plus half a step, the last one at 0.99. */
void function_training_points(size_t n, float *x);

/* linspace(-1, 1, n). */
void function_even_points(size_t n, float *x);

#endif
