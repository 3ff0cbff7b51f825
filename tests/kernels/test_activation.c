/* SPDX-License-Identifier: MIT */
/*
 * The functions that layers end with, of every instruction set that this processor has, against double precision over
 * their whole input ranges. Errors are in ulp, units in the last place of the exact result; of what has
 * zeros, where that says nothing, in half-ulps of its largest magnitude. The bounds are those that docs/performance.md
 * states.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "kernels/kernels.h"
#include "reference_function.h"
#include "support.h"

#define NUM_SETS 4
/* Whole vectors of every width. */
#define POINTS (16 * 3000)

static const struct sape_kernels *kernels_of(int i) {
    return sape_kernels_find((sape_instruction_set)(SAPE_INSTRUCTIONS_BASELINE + i));
}

/* A function over a range of its arguments, and what is allowed. */
struct range {
    enum sape_function function;
    const char *name;
    float a;
    double low, high;
    /* Ulp of the value, wherever it is; 0 for a function with zeros. */
    double ulp;
    /* Half-ulps of the largest value, slope and curvature. */
    double half_ulps[3];
};

static const struct range ranges[] = {
    {SAPE_FUNCTION_LEAKY_RELU, "leaky_relu", 0.0f, -100.0, 100.0, 1.0, {1.0, 1.0, 0.0}},
    {SAPE_FUNCTION_SINE, "sine", 30.0f, -1.0, 1.0, 0.0, {4.0, 4.0, 4.0}},
    {SAPE_FUNCTION_SINE, "sine", 30.0f, -1000.0, 1000.0, 0.0, {32.0, 32.0, 32.0}},
    {SAPE_FUNCTION_SINE, "sine", 1.7f, -50.0, 50.0, 0.0, {4.0, 4.0, 4.0}},
    {SAPE_FUNCTION_SOFTPLUS, "softplus", 1.0f, -86.0, 30.0, 3.0, {1.0, 2.0, 5.0}},
    {SAPE_FUNCTION_SOFTPLUS, "softplus", 8.0f, -10.0, 4.0, 3.0, {1.0, 2.0, 5.0}},
    {SAPE_FUNCTION_GELU, "gelu", 0.0f, -12.9, 13.0, 8.0, {1.0, 4.0, 4.0}},
    {SAPE_FUNCTION_GELU, "gelu", 0.0f, -2.0, 2.0, 8.0, {2.0, 4.0, 4.0}},
    {SAPE_FUNCTION_SILU, "silu", 0.0f, -86.0, 86.0, 4.0, {1.0, 4.0, 6.0}},
    {SAPE_FUNCTION_SILU, "silu", 0.0f, -3.0, 3.0, 4.0, {3.0, 4.0, 6.0}},
    {SAPE_FUNCTION_TANH, "tanh", 0.0f, -40.0, 40.0, 3.0, {3.0, 5.0, 8.0}},
    {SAPE_FUNCTION_TANH, "tanh", 0.0f, -1.0, 1.0, 3.0, {3.0, 5.0, 8.0}},
    {SAPE_FUNCTION_GAUSSIAN, "gaussian", 1.0f, -9.2, 9.2, 2.0, {2.0, 3.0, 3.0}},
    {SAPE_FUNCTION_GAUSSIAN, "gaussian", 3.0f, -3.0, 3.0, 0.0, {2.0, 4.0, 4.0}},
    {SAPE_FUNCTION_SIGMOID, "sigmoid", 0.0f, -86.0, 40.0, 4.0, {3.0, 5.0, 8.0}},
    {SAPE_FUNCTION_EXP, "exp", 0.0f, -86.9, 88.7, 2.0, {2.0, 2.0, 2.0}},
};

#define NUM_RANGES ((int)(sizeof ranges / sizeof *ranges))

/* All points of a range at once, of which the first vector is left alone. */
struct points {
    size_t lanes;
    float *z, *results[3];
};

static void points_open(struct points *points, const struct range *range, const struct sape_kernels *kernels) {
    points->lanes = kernels->lanes;
    points->z = sape_alloc(POINTS, sizeof *points->z);
    for (size_t k = 0; k < 3; k++) points->results[k] = sape_alloc(POINTS, sizeof *points->z);
    for (size_t i = 0; i < POINTS; i++)
        points->z[i] = (float)(range->low + (range->high - range->low) * (double)i / (double)(POINTS - 1));
    memcpy(points->results[0], points->z, POINTS * sizeof *points->z);
    const struct sape_curve curve = {range->function, range->a, points->results[1], points->results[2]};
    kernels->apply(&curve, kernels->lanes, POINTS - kernels->lanes, points->results[0]);
}

static void points_close(struct points *points) {
    sape_release(points->z);
    for (size_t k = 0; k < 3; k++) sape_release(points->results[k]);
}

static double error_in_ulp(float value, double exact) {
    const float magnitude = fabsf((float)exact);
    const double ulp = (double)nextafterf(magnitude, INFINITY) - (double)magnitude;
    return fabs((double)value - exact) / ulp;
}

static double worse(double a, double b) {
    return b > a || isnan(b) ? b : a;
}

/* Value, slope and curvature. */
static void exact_at(const struct range *range, float z, double *exact) {
    const struct reference_curve curve = reference_function(range->name, (double)range->a, (double)z);
    exact[0] = curve.value;
    exact[1] = curve.slope;
    exact[2] = curve.curvature;
}

START_TEST(test_errors) {
    const struct sape_kernels *kernels = kernels_of(_i / NUM_RANGES);
    const struct range *range = &ranges[_i % NUM_RANGES];
    if (kernels == NULL) return;
    struct points points;
    double exact[3], largest[3] = {0.0}, off[3] = {0.0}, ulp = 0.0;
    points_open(&points, range, kernels);
    ck_assert_mem_eq(points.results[0], points.z, points.lanes * sizeof(float));
    for (size_t i = points.lanes; i < POINTS; i++) {
        exact_at(range, points.z[i], exact);
        ulp = worse(ulp, error_in_ulp(points.results[0][i], exact[0]));
        for (size_t k = 0; k < 3; k++) {
            largest[k] = fmax(largest[k], fabs(exact[k]));
            off[k] = worse(off[k], fabs((double)points.results[k][i] - exact[k]));
        }
    }
    printf("%s: %s (%g) from %g to %g:", kernels->name, range->name, (double)range->a, range->low, range->high);
    if (range->ulp > 0.0) printf(" within %.2f ulp,", ulp);
    if (range->ulp > 0.0) ck_assert_double_le(ulp, range->ulp);
    for (size_t k = 0; k < 3; k++) {
        off[k] = largest[k] == 0.0 ? off[k] : off[k] / largest[k] / (double)(FLT_EPSILON / 2.0f);
        printf(" %.2f", off[k]);
    }
    printf(" half-ulps of the largest value, slope, curvature\n");
    for (size_t k = 0; k < 3; k++) ck_assert_double_le(off[k], range->half_ulps[k]);
    points_close(&points);
}
END_TEST

/* Fewer derivatives, the same values; ReLU too, which has none. */
START_TEST(test_fewer_derivatives) {
    const struct sape_kernels *kernels = kernels_of(_i / NUM_RANGES);
    const struct range *range = &ranges[_i % NUM_RANGES];
    if (kernels == NULL) return;
    struct points points;
    points_open(&points, range, kernels);
    const size_t bytes = POINTS * sizeof(float);
    float *values = sape_alloc(POINTS, sizeof *values), *slopes = sape_alloc(POINTS, sizeof *slopes);
    for (int derivatives = 0; derivatives < 2; derivatives++) {
        const struct sape_curve curve = {range->function, range->a, derivatives == 1 ? slopes : NULL, NULL};
        memcpy(values, points.z, bytes);
        kernels->apply(&curve, kernels->lanes, POINTS - kernels->lanes, values);
        ck_assert_mem_eq(values, points.results[0], bytes);
    }
    ck_assert_mem_eq(slopes, points.results[1], bytes);
    const struct sape_curve relu = {.function = SAPE_FUNCTION_RELU};
    memcpy(values, points.z, bytes);
    kernels->apply(&relu, 0, POINTS, values);
    for (size_t i = 0; i < POINTS; i++) ck_assert(values[i] == fmaxf(points.z[i], 0.0f));
    sape_release(values);
    sape_release(slopes);
    points_close(&points);
}
END_TEST

/* Far outside, values are those of the limit, and NaN shows. */
START_TEST(test_extremes) {
    const struct sape_kernels *kernels = kernels_of(_i);
    static const struct {
        enum sape_function function;
        float z, value, slope;
    } cases[] = {
        {SAPE_FUNCTION_SOFTPLUS, 1e30f, 1e30f, 1.0f},   {SAPE_FUNCTION_SOFTPLUS, -1e30f, 0.0f, 0.0f},
        {SAPE_FUNCTION_GELU, 1e9f, 1e9f, 1.0f},         {SAPE_FUNCTION_GELU, -1e9f, 0.0f, 0.0f},
        {SAPE_FUNCTION_SILU, 1e30f, 1e30f, 1.0f},       {SAPE_FUNCTION_SILU, -1e30f, 0.0f, 0.0f},
        {SAPE_FUNCTION_TANH, 1e30f, 1.0f, 0.0f},        {SAPE_FUNCTION_TANH, -1e30f, -1.0f, 0.0f},
        {SAPE_FUNCTION_GAUSSIAN, 1e9f, 0.0f, 0.0f},     {SAPE_FUNCTION_GAUSSIAN, -1e9f, 0.0f, 0.0f},
        {SAPE_FUNCTION_SIGMOID, 1e30f, 1.0f, 0.0f},     {SAPE_FUNCTION_SIGMOID, -1e30f, 0.0f, 0.0f},
        {SAPE_FUNCTION_EXP, 89.0f, INFINITY, INFINITY}, {SAPE_FUNCTION_EXP, -1e30f, 0.0f, 0.0f},
    };
    if (kernels == NULL) return;
    float *arrays[3];
    for (size_t k = 0; k < 3; k++) arrays[k] = sape_alloc(16, sizeof(float));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sape_curve curve = {cases[i].function, 1.0f, arrays[1], arrays[2]};
        for (size_t s = 0; s < 16; s++) arrays[0][s] = s == 3 ? NAN : cases[i].z;
        kernels->apply(&curve, 0, 16, arrays[0]);
        for (size_t s = 0; s < 16; s++) {
            if (s == 3) continue;
            ck_assert_msg(arrays[0][s] == cases[i].value, "%d at %g is %g", (int)cases[i].function, (double)cases[i].z,
                          (double)arrays[0][s]);
            ck_assert_msg(arrays[1][s] == cases[i].slope, "%d at %g slopes %g", (int)cases[i].function,
                          (double)cases[i].z, (double)arrays[1][s]);
        }
        ck_assert(isnan(arrays[0][3]));
    }
    for (size_t k = 0; k < 3; k++) sape_release(arrays[k]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("activation");
    TCase *tcase = tcase_create("activation");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_errors, 0, NUM_SETS * NUM_RANGES);
    tcase_add_loop_test(tcase, test_fewer_derivatives, 0, NUM_SETS * NUM_RANGES);
    tcase_add_loop_test(tcase, test_extremes, 0, NUM_SETS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
