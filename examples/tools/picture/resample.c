/* SPDX-License-Identifier: MIT */
#include "picture/resample.h"

#include "cli/message.h"

#include <math.h>
#include <stdlib.h>

/* Keys' cubic convolution kernel with a = -1/2 (1981). */
static double kernel(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/* A line of pixels inside a picture: where it begins and how far apart its pixels are. */
struct line {
    size_t length;
    size_t stride;
};

/* One pixel of the result from a line, for every channel: the pixels under the kernel, weighted, within [0, 1]. */
static void sample(const float *source, struct line line, double center, double reach, size_t channels, float *out) {
    const size_t first = (size_t)fmax(ceil(center - 2 * reach - 0.5), 0);
    const size_t last = (size_t)fmin(floor(center + 2 * reach - 0.5), (double)line.length - 1);
    double sum[3] = {0}, total = 0;
    for (size_t i = first; i <= last; i++) {
        const double weight = kernel(((double)i + 0.5 - center) / reach);
        total += weight;
        for (size_t c = 0; c < channels; c++) sum[c] += weight * (double)source[i * line.stride + c];
    }
    for (size_t c = 0; c < channels; c++) out[c] = (float)fmin(fmax(sum[c] / total, 0), 1);
}

static void resample_line(const float *source, struct line from, float *target, struct line to, size_t channels) {
    const double scale = (double)from.length / (double)to.length;
    const double reach = fmax(scale, 1);
    for (size_t i = 0; i < to.length; i++)
        sample(source, from, ((double)i + 0.5) * scale, reach, channels, target + i * to.stride);
}

bool resample_bicubic(const struct picture *source, struct picture *target) {
    const size_t channels = source->channels;
    const size_t source_row = source->width * channels, target_row = target->width * channels;
    float *narrow = malloc(source->height * target_row * sizeof *narrow);
    if (!narrow) return message_out_of_memory();
    for (size_t y = 0; y < source->height; y++)
        resample_line(source->values + y * source_row, (struct line){source->width, channels}, narrow + y * target_row,
                      (struct line){target->width, channels}, channels);
    for (size_t x = 0; x < target->width; x++)
        resample_line(narrow + x * channels, (struct line){source->height, target_row}, target->values + x * channels,
                      (struct line){target->height, target_row}, channels);
    free(narrow);
    return true;
}
