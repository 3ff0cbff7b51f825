/* SPDX-License-Identifier: MIT */
#include "task/study_signals.h"

#include <math.h>

#include "task/random.h"

#define PI 3.14159265358979323846

const double study_band_ends[STUDY_NUM_BANDS - 1] = {1, 2, 4, 8};

/* One wave an octave, of equal height, in random directions and phases. */
static double sines(const double *x, size_t dim, uint64_t seed) {
    struct random random = {seed + 1};
    double sum = 0.0;
    for (double frequency = 0.75; frequency < 8.0; frequency *= 2.0) {
        const double turn = 2.0 * PI * random_uniform(&random), phase = 2.0 * PI * random_uniform(&random);
        const double along = dim == 1 ? x[0] : cos(turn) * x[0] + sin(turn) * x[1];
        sum += 0.25 * sin(2.0 * PI * frequency * along + phase);
    }
    return sum;
}

static double sines_1d(const double *x, uint64_t seed) {
    return sines(x, 1, seed);
}

static double sines_2d(const double *x, uint64_t seed) {
    return sines(x, 2, seed);
}

/* From 0 to 8 cycles per unit. */
static double chirp(const double *x, uint64_t seed) {
    (void)seed;
    return 0.5 * sin(2.0 * PI * 2.0 * (x[0] + 1.0) * (x[0] + 1.0));
}

static double step(const double *x, uint64_t seed) {
    (void)seed;
    return x[0] < 0.1 ? -0.5 : 0.5;
}

/* Smooth on the left, rough on the right. */
static double mixed_1d(const double *x, uint64_t seed) {
    const double smooth = 0.3 * sin(2.0 * PI * 0.5 * x[0]);
    return x[0] < 0.0 ? smooth : smooth + 0.3 * x[0] * sines(x, 1, seed + 100) * 4.0;
}

static double mixed_2d(const double *x, uint64_t seed) {
    const double smooth = 0.3 * sin(2.0 * PI * 0.5 * x[0]) * cos(PI * 0.5 * x[1]);
    return x[0] < 0.0 ? smooth : smooth + 1.2 * x[0] * sines(x, 2, seed + 100);
}

const struct study_signal study_signals[] = {{"sines", 1, sines_1d},    {"chirp", 1, chirp},
                                             {"step", 1, step},         {"mixed", 1, mixed_1d},
                                             {"sines_2d", 2, sines_2d}, {"mixed_2d", 2, mixed_2d}};
const size_t study_num_signals = sizeof study_signals / sizeof *study_signals;

/* Transforms lines of `size` complex numbers, `stride` apart, by the definition. */
static void transform(size_t lines, size_t line_step, size_t size, size_t stride, const double *in, double *out) {
    double cosine_of[STUDY_MAX_SIZE], sine_of[STUDY_MAX_SIZE];
    for (size_t i = 0; i < size; i++) {
        cosine_of[i] = cos(-2.0 * PI * (double)i / (double)size);
        sine_of[i] = sin(-2.0 * PI * (double)i / (double)size);
    }
    for (size_t line = 0; line < lines; line++) {
        for (size_t k = 0; k < size; k++) {
            double real = 0.0, imaginary = 0.0;
            for (size_t i = 0; i < size; i++) {
                const double *value = in + 2 * (line * line_step + i * stride);
                const size_t turn = i * k % size;
                real += value[0] * cosine_of[turn] - value[1] * sine_of[turn];
                imaginary += value[0] * sine_of[turn] + value[1] * cosine_of[turn];
            }
            out[2 * (line * line_step + k * stride)] = real;
            out[2 * (line * line_step + k * stride) + 1] = imaginary;
        }
    }
}

/* Cycles per unit of x: the domain is two units long. */
static double frequency_of(size_t k, size_t size) {
    return (double)(k <= size / 2 ? k : size - k) / 2.0;
}

void study_bands(size_t dim, size_t size, const float *errors, double *work, double bands[STUDY_NUM_BANDS]) {
    const size_t count = dim == 1 ? size : size * size;
    double *in = work, *out = work + 2 * count;
    for (size_t i = 0; i < count; i++) {
        in[2 * i] = (double)errors[i];
        in[2 * i + 1] = 0.0;
    }
    transform(count / size, size, size, 1, in, out);
    if (dim == 2) {
        transform(size, 1, size, size, out, in);
        out = in;
    }
    for (size_t b = 0; b < STUDY_NUM_BANDS; b++) bands[b] = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double frequency = hypot(frequency_of(i % size, size), dim == 2 ? frequency_of(i / size, size) : 0.0);
        size_t b = 0;
        while (b < STUDY_NUM_BANDS - 1 && frequency > study_band_ends[b]) b++;
        bands[b] += (out[2 * i] * out[2 * i] + out[2 * i + 1] * out[2 * i + 1]) / (double)count / (double)count;
    }
}
