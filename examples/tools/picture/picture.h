/* SPDX-License-Identifier: MIT */
/* Pictures as arrays of floats, read from and turned into libgd's images. */
#ifndef EXAMPLES_PICTURE_H
#define EXAMPLES_PICTURE_H

#include <gd.h>
#include <stdbool.h>
#include <stddef.h>

struct picture {
    size_t width, height;
    size_t channels; /* 1 (grey) or 3 */
    float *values;   /* (height, width, channels) in [0, 1] */
};

/*
 * Reads a PNG, JPEG, GIF, WebP or BMP file, whatever its name. Transparent parts lie on white; a picture without colour
 * gets one channel; one whose longest side exceeds max_size is made smaller. The picture is left alone on failure.
 */
bool picture_read(const char *path, size_t max_size, struct picture *picture);

/* How transparent a pixel is: 0 to libgd's gdAlphaMax. */
int picture_pixel_alpha(gdImagePtr image, int x, int y);

bool picture_create(size_t width, size_t height, size_t channels, struct picture *picture);
void picture_free(struct picture *picture);

/* The libgd colour of a pixel of 1 or 3 channels; values are clamped to [0, 1]. */
int picture_color(size_t channels, const float *values);

/* A true-colour image of values that are clamped to [0, 1]; NULL without memory. Free it with gdImageDestroy(). */
gdImagePtr picture_to_image(size_t width, size_t height, size_t channels, const float *values);

/* Writes directory/name as PNG. */
bool picture_write_png(gdImagePtr image, const char *directory, const char *name);

#endif
