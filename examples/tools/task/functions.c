/* SPDX-License-Identifier: MIT */
#include "task/functions.h"

#include <math.h>

const char *const function_names[] = {"psine", "chirp", "step", "sines", "mixed", NULL};

static double psine(double x) {
    return 0.5 * sin(0.01 * pow(2 * x + 4, 4.5));
}

static double chirp(double x) {
    const double t = x + 1;
    return 0.5 * sin(2 * M_PI * (0.5 * t + 1.1 * t * t));
}

static double step(double x) {
    return x < -0.4 ? -0.3 : x < 0.3 ? 0.4 : -0.1;
}

static double sines(double x) {
    return 0.3 * sin(M_PI * x) + 0.2 * sin(4 * M_PI * x + 1) + 0.15 * sin(10 * M_PI * x + 2);
}

static double mixed(double x) {
    const double rough = x > 0 ? x * sin(11 * M_PI * x) : 0;
    return 0.3 * sin(M_PI * x) + 0.4 * rough;
}

double function_value(enum function function, double x) {
    switch (function) {
    case FUNCTION_PSINE:
        return psine(x);
    case FUNCTION_CHIRP:
        return chirp(x);
    case FUNCTION_STEP:
        return step(x);
    case FUNCTION_SINES:
        return sines(x);
    case FUNCTION_MIXED:
        return mixed(x);
    }
    return 0;
}

void function_training_points(size_t n, float *x) {
    const double spacing = 2.0 / (double)(n - 1);
    for (size_t i = 0; i < n; i++) x[i] = (float)(-1 + ((double)i + 0.5) * spacing);
    x[n - 1] = 0.99f;
}

void function_even_points(size_t n, float *x) {
    for (size_t i = 0; i < n; i++) x[i] = n == 1 ? -1.0f : (float)(-1 + 2 * (double)i / (double)(n - 1));
}
