/* SPDX-License-Identifier: MIT */
/* What the module tests share. */
#ifndef SAPE_TESTS_SUPPORT_H
#define SAPE_TESTS_SUPPORT_H

#include <sape/sape.h>
#include <stdbool.h>
#include <string.h>

#include "suite.h"

/* The call must succeed; otherwise the library's own words are shown. */
#define CHECK_OK(call)                                                                                                 \
    do {                                                                                                               \
        sape_status check_status = (call);                                                                             \
        ck_assert_msg(check_status == SAPE_OK, "%s: %s: %s", #call, sape_status_string(check_status),                  \
                      sape_last_error());                                                                              \
    } while (0)

/* The call must fail with the status, and its message hold both texts: the argument's name and its value. */
#define EXPECT_ERROR(call, expected, text1, text2)                                                                     \
    do {                                                                                                               \
        sape_status expect_status = (call);                                                                            \
        ck_assert_msg(expect_status == (expected), "%s: got %s, not %s", #call, sape_status_string(expect_status),     \
                      #expected);                                                                                      \
        ck_assert_msg(strstr(sape_last_error(), text1) && strstr(sape_last_error(), text2),                            \
                      "%s: \"%s\" does not say %s, %s", #call, sape_last_error(), text1, text2);                       \
    } while (0)

/* Uniform values; the same for the same seed. */
void random_array(uint64_t seed, size_t n, float low, float high, float *out);

/* Memory that is there; the test ends when it is not. */
float *new_array(size_t n);
float *new_random_array(uint64_t seed, size_t n, float low, float high);

/* The decimal digits of value, until the next call. */
const char *digits_of(size_t value);

/* Whether the library is built with CBLAS. */
bool has_cblas(void);

double largest_difference(size_t n, const float *a, const float *b);
double largest_magnitude(size_t n, const float *a);

#endif
