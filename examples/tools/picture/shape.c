/* SPDX-License-Identifier: MIT */
#include "picture/shape.h"

#include "picture/picture.h"

#include <stdbool.h>

/* Pixels of the picture and of its border, and those among them that are transparent. */
struct counts {
    size_t all, border, clear, border_clear;
};

/* Of how many pixels one must be transparent for the shapes to be what is opaque. */
enum { PIXELS_PER_CLEAR = 50, BORDER_PIXELS_PER_CLEAR = 10 };

static bool is_clear(gdImagePtr image, int x, int y) {
    return picture_pixel_alpha(image, x, y) > gdAlphaMax / 2;
}

static bool is_border(gdImagePtr image, int x, int y) {
    return x == 0 || x == gdImageSX(image) - 1 || y == 0 || y == gdImageSY(image) - 1;
}

/* Takes what is not transparent for the shapes. */
static struct counts by_alpha(gdImagePtr image, uint8_t *inside, size_t stride) {
    struct counts counts = {0};
    for (int y = 0; y < gdImageSY(image); y++) {
        for (int x = 0; x < gdImageSX(image); x++) {
            const bool clear = is_clear(image, x, y), border = is_border(image, x, y);
            inside[(size_t)y * stride + (size_t)x] = !clear;
            counts.all++;
            counts.clear += clear;
            counts.border += border;
            counts.border_clear += clear && border;
        }
    }
    return counts;
}

static int grey(gdImagePtr image, int x, int y) {
    const int pixel = gdImageGetTrueColorPixel(image, x, y), alpha = picture_pixel_alpha(image, x, y);
    const int value =
        (299 * gdTrueColorGetRed(pixel) + 587 * gdTrueColorGetGreen(pixel) + 114 * gdTrueColorGetBlue(pixel)) / 1000;
    return (value * (gdAlphaMax - alpha) + 255 * alpha) / gdAlphaMax;
}

/* The grey value that parts the dark and the light pixels best: up to it they are dark. -1 where there is only one. */
static int threshold_of(const size_t histogram[256]) {
    double count = 0, sum = 0, dark_count = 0, dark_sum = 0, best = -1;
    int threshold = -1;
    for (int i = 0; i < 256; i++) {
        count += (double)histogram[i];
        sum += (double)i * (double)histogram[i];
    }
    for (int i = 0; i < 255; i++) {
        dark_count += (double)histogram[i];
        dark_sum += (double)i * (double)histogram[i];
        if (dark_count == 0 || dark_count == count) continue;
        const double difference = dark_sum / dark_count - (sum - dark_sum) / (count - dark_count);
        const double between = dark_count * (count - dark_count) * difference * difference;
        if (between <= best) continue;
        best = between;
        threshold = i;
    }
    return threshold;
}

/* Takes one side of the threshold for the shapes; what inside has as 0 has no part in it. False if there is none. */
static bool by_grey(gdImagePtr image, uint8_t *inside, size_t stride) {
    const int width = gdImageSX(image), height = gdImageSY(image);
    size_t histogram[256] = {0}, border = 0, border_dark = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) histogram[grey(image, x, y)] += inside[(size_t)y * stride + (size_t)x];
    const int threshold = threshold_of(histogram);
    if (threshold < 0) return false;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (!is_border(image, x, y) || !inside[(size_t)y * stride + (size_t)x]) continue;
            border++;
            border_dark += grey(image, x, y) <= threshold;
        }
    }
    const bool light = 2 * border_dark > border;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            inside[(size_t)y * stride + (size_t)x] &= (grey(image, x, y) > threshold) == light;
    return true;
}

static void fill(gdImagePtr image, uint8_t *inside, size_t stride, uint8_t value) {
    for (int y = 0; y < gdImageSY(image); y++)
        for (int x = 0; x < gdImageSX(image); x++) inside[(size_t)y * stride + (size_t)x] = value;
}

void shape_find(gdImagePtr image, uint8_t *inside, size_t stride) {
    const struct counts counts = by_alpha(image, inside, stride);
    const bool decided = counts.clear < counts.all && PIXELS_PER_CLEAR * counts.clear >= counts.all &&
                         BORDER_PIXELS_PER_CLEAR * counts.border_clear >= counts.border;
    if (decided) return;
    if (counts.clear == counts.all) fill(image, inside, stride, 1);
    if (by_grey(image, inside, stride)) return;
    if (counts.clear == 0 || counts.clear == counts.all) fill(image, inside, stride, 0);
}
