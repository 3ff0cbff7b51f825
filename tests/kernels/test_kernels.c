/* SPDX-License-Identifier: MIT */
/*
 * The kernels of every instruction set that this processor has, against double precision over their whole input ranges.
 * Errors are in ulp: units in the last place of the exact result. The bounds are those that docs/performance.md states.
 */
#include "kernels/kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "support.h"

#define NUM_SETS 4
#define TWO_PI 6.283185307179586476925

static const struct sape_kernels *kernels_of(int i) {
    return sape_kernels_find((sape_instruction_set)(SAPE_INSTRUCTIONS_BASELINE + i));
}

static double error_in_ulp(float value, double exact) {
    const float magnitude = fabsf((float)exact);
    const double ulp = (double)nextafterf(magnitude, INFINITY) - (double)magnitude;
    return fabs((double)value - exact) / ulp;
}

static double worse(double a, double b) {
    return b > a || isnan(b) ? b : a;
}

/* Largest errors of sine and cosine over n places from low to high, by the kernel for Fourier features of frequency 1;
   those of sine in units of the result while it is above floor. */
static void sincos_errors(const struct sape_kernels *kernels, size_t n, double low, double high, double *relative,
                          double *absolute) {
    const float one = 1.0f, rest = 0.0f;
    const struct sape_basis basis = {.domain_dim = 1, .count = 1, .points = &one, .scales = &rest};
    float *x = sape_alloc(n, sizeof *x), *features = sape_alloc(2 * kernels->width, sizeof *features);
    for (size_t i = 0; i < n; i++) x[i] = (float)(low + (high - low) * (double)i / (double)(n - 1));
    for (size_t i = 0; i < n; i += kernels->width) {
        kernels->encode[SAPE_ENCODING_FOURIER](&basis, 1, kernels->width, x + i, features);
        for (size_t s = 0; s < kernels->width; s++) {
            const double t = (double)x[i + s] - nearbyint((double)x[i + s]);
            const double exact[] = {sin(TWO_PI * t), cos(TWO_PI * t)};
            for (size_t k = 0; k < 2; k++) {
                const float value = features[k * kernels->width + s];
                *absolute = worse(*absolute, fabs((double)value - exact[k]) / (double)(FLT_EPSILON / 2.0f));
                /* At the zeros the double's own rounding of the angle would be what is measured. */
                if (fabs(exact[k]) > 1e-6) *relative = worse(*relative, error_in_ulp(value, exact[k]));
            }
        }
    }
    sape_release(x);
    sape_release(features);
}

START_TEST(test_sine_and_cosine) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    /* Whole panels of every width. */
    const size_t n = 96 * 10000;
    double relative = 0.0, absolute = 0.0;
    sincos_errors(kernels, n, -1.0, 1.0, &relative, &absolute);
    sincos_errors(kernels, n, -1e6, 1e6, &relative, &absolute);
    sincos_errors(kernels, n, -1e-6, 1e-6, &relative, &absolute);
    printf("%s: sine and cosine within %.2f ulp, %.2f half-ulps of 1\n", kernels->name, relative, absolute);
    ck_assert_double_le(relative, 2.0);
    ck_assert_double_le(absolute, 2.0);
}
END_TEST

/* exp(-x^2) with x^2 rounded, from 1 down to where the result would not be a normal number. */
START_TEST(test_exponential) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    const size_t n = 96 * 10000;
    const float centre = 0.0f, sigma = 1.0f;
    const struct sape_basis basis = {.domain_dim = 1, .count = 1, .points = &centre, .scales = &sigma};
    float *x = sape_alloc(n, sizeof *x), *value = sape_alloc(n, sizeof *value);
    double error = 0.0;
    for (size_t i = 0; i < n; i++) x[i] = (float)(12.0 * (double)i / (double)n);
    for (size_t i = 0; i < n; i += kernels->width)
        kernels->encode[SAPE_ENCODING_RBF](&basis, 1, kernels->width, x + i, value + i);
    for (size_t i = 0; i < n; i++) {
        const double square = (double)(x[i] * x[i]);
        if (square > 87.0)
            ck_assert_msg(value[i] == 0.0f, "exp(-%g) is %g", square, (double)value[i]);
        else
            error = worse(error, error_in_ulp(value[i], exp(-square)));
    }
    printf("%s: exponential within %.2f ulp\n", kernels->name, error);
    ck_assert_double_le(error, 2.0);
    sape_release(x);
    sape_release(value);
}
END_TEST

START_TEST(test_masking) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    enum { ROWS = 5 };
    const size_t width = kernels->width;
    float *values = sape_alloc(ROWS * width, sizeof *values), *before = sape_alloc(ROWS * width, sizeof *before);
    float *weights = sape_alloc(width, sizeof *weights);
    random_array(1, ROWS * width, -1.0f, 1.0f, values);
    random_array(2, width, 0.0f, 1.0f, weights);
    memcpy(before, values, ROWS * width * sizeof *values);
    kernels->scale_rows(ROWS, width, weights, values);
    for (size_t i = 0; i < ROWS * width; i++) ck_assert(values[i] == before[i] * weights[i % width]);
    sape_release(values);
    sape_release(before);
    sape_release(weights);
}
END_TEST

/* Moments and steps over all magnitudes of gradients, in two parts. */
START_TEST(test_adam) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    enum { COUNT = 16 * 6000 };
    const struct sape_adam adam = {0.9f, 0.999f, 0.1f, 0.001f, 1e-3f / 0.19f, 1.0f / sqrtf(0.001999f), 1e-8f, 1.0f};
    float *arrays[8];
    for (size_t a = 0; a < 8; a++) arrays[a] = sape_alloc(COUNT, sizeof(float));
    float *parameter = arrays[0], *first = arrays[1], *second = arrays[2];
    const struct sape_stepped stepped = {parameter, first, second, arrays[5], arrays[6], arrays[7]};
    const float *const gradients[] = {arrays[3], arrays[4]};
    double moments = 0.0, step = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        const float magnitude = powf(10.0f, -15.0f + 30.0f * (float)i / COUNT), sign = i % 3 == 0 ? -1.0f : 1.0f;
        arrays[3][i] = sign * magnitude;
        arrays[4][i] = sign * magnitude * 0.25f;
        first[i] = sign * magnitude * 0.3f;
        second[i] = magnitude * magnitude * 0.2f;
    }
    float *old_first = sape_alloc(COUNT, sizeof(float)), *old_second = sape_alloc(COUNT, sizeof(float));
    memcpy(old_first, first, COUNT * sizeof *first);
    memcpy(old_second, second, COUNT * sizeof *second);
    ck_assert(kernels->adam(&adam, COUNT, 2, gradients, &stepped));
    ck_assert_mem_eq(stepped.kept_first, old_first, COUNT * sizeof *first);
    ck_assert_mem_eq(stepped.kept_second, old_second, COUNT * sizeof *second);
    for (size_t i = 0; i < COUNT; i++) {
        const double g = (double)gradients[0][i] + (double)gradients[1][i];
        const double m = (double)adam.beta1 * (double)old_first[i] + (double)adam.one_minus_beta1 * g;
        const double v = (double)adam.beta2 * (double)old_second[i] + (double)adam.one_minus_beta2 * g * g;
        const double moved = (double)adam.step * m / (sqrt(v) * (double)adam.root_scale + (double)adam.epsilon);
        moments = worse(moments, worse(error_in_ulp(first[i], m), error_in_ulp(second[i], v)));
        step = worse(step, error_in_ulp(parameter[i], -moved));
    }
    printf("%s: Adam's moments within %.2f ulp, its step within %.2f\n", kernels->name, moments, step);
    ck_assert_double_le(moments, 4.0);
    ck_assert_double_le(step, 6.0);
    /* What would be a denormal number is none. */
    for (size_t i = 0; i < COUNT; i++) arrays[3][i] = arrays[4][i] = first[i] = second[i] = 1.1e-38f;
    ck_assert(kernels->adam(&adam, COUNT, 2, gradients, &stepped));
    for (size_t i = 0; i < COUNT; i++) ck_assert(first[i] == 0.0f && second[i] == 0.0f);
    for (size_t a = 0; a < 8; a++) sape_release(arrays[a]);
    sape_release(old_first);
    sape_release(old_second);
}
END_TEST

/* Wherever it is, a parameter or a moment that is not finite is seen, and so is an infinite second moment, which leaves
   its parameter alone. */
START_TEST(test_not_finite) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    enum { COUNT = 64 };
    const struct sape_adam adam = {0.9f, 0.999f, 0.1f, 0.001f, 1e-3f, 1.0f, 1e-8f, 1.0f};
    static const float wrong[] = {1e30f, FLT_MAX, INFINITY, NAN};
    float *arrays[7];
    for (size_t a = 0; a < 7; a++) arrays[a] = sape_alloc(COUNT, sizeof(float));
    const struct sape_stepped stepped = {arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], arrays[5]};
    const float *const gradients[] = {arrays[6], arrays[6]};
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            for (size_t a = 0; a < 3; a++) memset(arrays[a], 0, COUNT * sizeof(float));
            arrays[6][i] = wrong[k];
            ck_assert(!kernels->adam(&adam, COUNT, 1, gradients, &stepped));
            for (size_t a = 0; a < 2; a++) memset(arrays[a], 0, COUNT * sizeof(float));
            const bool overflows = k > 0;
            ck_assert(kernels->sgd(1e-3f, 0.9f, 1.0f, COUNT, 2, gradients, &stepped) != overflows);
            ck_assert(arrays[4][i] == 0.0f);
            arrays[6][i] = 0.0f;
        }
    for (size_t a = 0; a < 7; a++) sape_release(arrays[a]);
}
END_TEST

/* What a store makes of a sum. */
static double stored(const struct sape_product_args *args, size_t row, size_t at, double sum, double before) {
    switch (args->store) {
    case SAPE_STORE_ADD:
        return before + sum;
    case SAPE_STORE_BIAS:
        return sum + (double)args->bias[row];
    case SAPE_STORE_RELU:
        return fmax(sum + (double)args->bias[row], 0.0);
    case SAPE_STORE_CURVE:
        return tanh(sum + (double)args->bias[row]);
    case SAPE_STORE_GATE:
        return args->gate[at] > 0.0f ? sum : 0.0;
    case SAPE_STORE_SCALE:
        return sum * (double)args->gate[at];
    default:
        return sum;
    }
}

/* Every number of rows and columns that a block can have, and more than one block; sums of up to 40 products of numbers
   below 1 are off by less than 40 half-ulps of 40. */
START_TEST(test_product) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    enum { DEPTH = 40, MOST = 40 };
    const size_t width = kernels->width, block = kernels->block;
    float *a = sape_alloc(DEPTH * MOST, sizeof *a), *packed = sape_alloc(DEPTH * (MOST + block), sizeof *packed);
    float *b = sape_alloc(DEPTH * width, sizeof *b), *c = sape_alloc(MOST * width, sizeof *c);
    float *before = sape_alloc(MOST * width, sizeof *before), *gate = sape_alloc(MOST * width, sizeof *gate);
    float *slopes = sape_alloc(MOST * width, sizeof *slopes);
    float bias[MOST];
    const struct sape_curve curve = {SAPE_FUNCTION_TANH, 0.0f, slopes, NULL};
    random_array(3, DEPTH * MOST, -1.0f, 1.0f, a);
    random_array(4, DEPTH * width, -1.0f, 1.0f, b);
    random_array(5, MOST, -1.0f, 1.0f, bias);
    random_array(6, MOST * width, -1.0f, 1.0f, before);
    random_array(7, MOST * width, -1.0f, 1.0f, gate);
    for (size_t rows = 1; rows <= 2 * block + 1; rows++) {
        for (size_t columns = kernels->lanes; columns <= width; columns += kernels->lanes) {
            for (int store = SAPE_STORE; store <= SAPE_STORE_SCALE; store++) {
                if (store == SAPE_STORE_CURVE && columns < width) continue;
                const size_t depth = rows % 2 == 0 ? DEPTH : rows % 7;
                kernels->pack_columns(depth, rows, a, MOST, depth, packed);
                memcpy(c, before, MOST * width * sizeof *c);
                const struct sape_product_args args = {.rows = rows,
                                                       .columns = columns,
                                                       .depth = depth,
                                                       .panels = 1,
                                                       .a = packed,
                                                       .a_depth = depth,
                                                       .b = b,
                                                       .b_stride = width,
                                                       .c = c,
                                                       .c_stride = width,
                                                       .store = (enum sape_store)store,
                                                       .bias = bias,
                                                       .curve = &curve,
                                                       .gate = gate};
                kernels->product(&args);
                for (size_t i = 0; i < MOST * width; i++) {
                    const size_t row = i / width, column = i % width;
                    double sum = 0.0;
                    if (row >= rows || column >= columns) {
                        ck_assert(c[i] == before[i]);
                        continue;
                    }
                    for (size_t p = 0; p < depth; p++) sum += (double)a[p * MOST + row] * (double)b[p * width + column];
                    ck_assert_double_le(fabs((double)c[i] - stored(&args, row, i, sum, (double)before[i])), 1e-4);
                    if (store == SAPE_STORE_CURVE)
                        ck_assert_double_le(fabs((double)slopes[i] - 1.0 + (double)c[i] * (double)c[i]), 1e-5);
                }
            }
        }
    }
    float *const arrays[] = {a, packed, b, c, before, gate, slopes};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) sape_release(arrays[i]);
}
END_TEST

START_TEST(test_gradient) {
    const struct sape_kernels *kernels = kernels_of(_i);
    if (kernels == NULL) return;
    enum { PANELS = 3, ROWS = 27, OUTPUTS = 39, STRIDE = 48 };
    const size_t width = kernels->width, samples = PANELS * width;
    const size_t padded = (STRIDE + width - 1) / width * width;
    float *a = sape_alloc(ROWS * samples, sizeof *a), *d = sape_alloc((OUTPUTS + 4) * samples, sizeof *d);
    float *packed = sape_alloc(padded * samples, sizeof *packed), *c = sape_alloc(ROWS * STRIDE, sizeof *c);
    float sums[STRIDE], rows[OUTPUTS];
    random_array(8, ROWS * samples, -1.0f, 1.0f, a);
    random_array(9, OUTPUTS * samples, -1.0f, 1.0f, d);
    for (size_t panel = 0; panel < PANELS; panel++)
        kernels->pack_rows(OUTPUTS, width, d + panel * OUTPUTS * width, width, width, samples,
                           packed + panel * width * width);
    for (int add = 0; add < 2; add++) {
        const struct sape_gradient_args args = {.rows = ROWS,
                                                .columns = STRIDE,
                                                .panels = PANELS,
                                                .depth = width,
                                                .a = a,
                                                .a_panel = ROWS * width,
                                                .b = packed,
                                                .c = c,
                                                .c_stride = STRIDE,
                                                .add = add != 0};
        kernels->gradient(&args);
        kernels->column_sums(STRIDE, samples, packed, add != 0, sums);
        for (size_t panel = 0; panel < PANELS; panel++)
            kernels->row_sums(OUTPUTS, width, d + panel * OUTPUTS * width, panel > 0, rows);
        for (size_t o = 0; o < STRIDE; o++) {
            double total = 0.0;
            for (size_t s = 0; s < samples && o < OUTPUTS; s++)
                total += (double)d[(s / width * OUTPUTS + o) * width + s % width];
            ck_assert_double_le(fabs((double)sums[o] - (add + 1) * total), 1e-4);
            if (o < OUTPUTS) ck_assert_double_le(fabs((double)rows[o] - total), 1e-4);
            for (size_t row = 0; row < ROWS; row++) {
                double sum = 0.0;
                for (size_t s = 0; s < samples && o < OUTPUTS; s++)
                    sum += (double)a[(s / width * ROWS + row) * width + s % width] *
                           (double)d[(s / width * OUTPUTS + o) * width + s % width];
                ck_assert_double_le(fabs((double)c[row * STRIDE + o] - (add + 1) * sum), 1e-4);
            }
        }
    }
    float *const arrays[] = {a, d, packed, c};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) sape_release(arrays[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernels");
    TCase *tcase = tcase_create("kernels");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_sine_and_cosine, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_exponential, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_masking, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_adam, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_not_finite, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_product, 0, NUM_SETS);
    tcase_add_loop_test(tcase, test_gradient, 0, NUM_SETS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
