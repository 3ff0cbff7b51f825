/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static int remove_entry(const char *path, const struct stat *entry, int kind, struct FTW *place) {
    (void)entry;
    (void)kind;
    (void)place;
    return remove(path);
}

int run_suite(Suite *suite) {
    char folder[] = "/tmp/sape-test-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? 0 : 1;
}
