/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void random_array(uint64_t seed, size_t n, float low, float high, float *out) {
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = low + (high - low) * (float)((state >> 33) & 0xFFFFFF) * 0x1p-24f;
    }
}

float *new_array(size_t n) {
    float *array = calloc(n + 1, sizeof *array);
    ck_assert_ptr_nonnull(array);
    return array;
}

float *new_random_array(uint64_t seed, size_t n, float low, float high) {
    float *array = new_array(n);
    random_array(seed, n, low, high, array);
    return array;
}

const char *digits_of(size_t value) {
    static char digits[24];
    snprintf(digits, sizeof digits, "%zu", value);
    return digits;
}

double largest_difference(size_t n, const float *a, const float *b) {
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double difference = fabs((double)a[i] - (double)b[i]);
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

double largest_magnitude(size_t n, const float *a) {
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)a[i]));
    return largest;
}
