/* SPDX-License-Identifier: MIT */
#include "picture/picture.h"

#include "cli/message.h"
#include "cli/output.h"
#include "picture/image_file.h"
#include "picture/resample.h"

#include <math.h>
#include <stdlib.h>

static float over_white(int component, int alpha) {
    const int value = component * (gdAlphaMax - alpha) + 255 * alpha;
    return (float)value / (255.0f * gdAlphaMax);
}

int picture_pixel_alpha(gdImagePtr image, int x, int y) {
    const int pixel = gdImageGetTrueColorPixel(image, x, y);
    /* libgd keeps a PNG's transparent colour apart from its pixels' alpha. */
    const bool transparent = gdImageTrueColor(image) && pixel == gdImageGetTransparent(image);
    return transparent ? gdAlphaTransparent : gdTrueColorGetAlpha(pixel);
}

static bool has_no_colour(gdImagePtr image) {
    for (int y = 0; y < gdImageSY(image); y++) {
        for (int x = 0; x < gdImageSX(image); x++) {
            const int pixel = gdImageGetTrueColorPixel(image, x, y);
            if (picture_pixel_alpha(image, x, y) == gdAlphaTransparent) continue;
            if (gdTrueColorGetRed(pixel) != gdTrueColorGetGreen(pixel) ||
                gdTrueColorGetRed(pixel) != gdTrueColorGetBlue(pixel))
                return false;
        }
    }
    return true;
}

static void store_pixel(gdImagePtr image, int x, int y, size_t channels, float *out) {
    const int pixel = gdImageGetTrueColorPixel(image, x, y);
    const int components[] = {gdTrueColorGetRed(pixel), gdTrueColorGetGreen(pixel), gdTrueColorGetBlue(pixel)};
    const int alpha = picture_pixel_alpha(image, x, y);
    for (size_t c = 0; c < channels; c++) out[c] = over_white(components[c], alpha);
}

static bool from_image(gdImagePtr image, struct picture *picture) {
    if (!picture_create((size_t)gdImageSX(image), (size_t)gdImageSY(image), has_no_colour(image) ? 1 : 3, picture))
        return false;
    float *out = picture->values;
    for (int y = 0; y < gdImageSY(image); y++) {
        for (int x = 0; x < gdImageSX(image); x++, out += picture->channels)
            store_pixel(image, x, y, picture->channels, out);
    }
    return true;
}

static size_t scaled(size_t length, double scale) {
    const double rounded = round((double)length * scale);
    return rounded < 1 ? 1 : (size_t)rounded;
}

static bool shrink(struct picture *picture, size_t max_size) {
    const size_t longest = picture->width > picture->height ? picture->width : picture->height;
    if (longest <= max_size) return true;
    const double scale = (double)max_size / (double)longest;
    struct picture small;
    if (!picture_create(scaled(picture->width, scale), scaled(picture->height, scale), picture->channels, &small))
        return false;
    const bool done = resample_bicubic(picture, &small);
    picture_free(done ? picture : &small);
    if (done) *picture = small;
    return done;
}

bool picture_read(const char *path, size_t max_size, struct picture *picture) {
    gdImagePtr image = image_file_read(path);
    if (!image) return false;
    struct picture read;
    const bool converted = from_image(image, &read);
    gdImageDestroy(image);
    if (!converted) return false;
    if (!shrink(&read, max_size)) {
        picture_free(&read);
        return false;
    }
    *picture = read;
    return true;
}

bool picture_create(size_t width, size_t height, size_t channels, struct picture *picture) {
    float *values = calloc(width * height * channels, sizeof *values);
    if (!values) return message_out_of_memory();
    *picture = (struct picture){width, height, channels, values};
    return true;
}

void picture_free(struct picture *picture) {
    free(picture->values);
    picture->values = NULL;
}

static int to_byte(float value) {
    return (int)lrintf(255.0f * fminf(fmaxf(value, 0.0f), 1.0f));
}

int picture_color(size_t channels, const float *values) {
    const int red = to_byte(values[0]);
    if (channels == 1) return gdTrueColor(red, red, red);
    return gdTrueColor(red, to_byte(values[1]), to_byte(values[2]));
}

gdImagePtr picture_to_image(size_t width, size_t height, size_t channels, const float *values) {
    gdImagePtr image = gdImageCreateTrueColor((int)width, (int)height);
    if (!image) {
        message_out_of_memory();
        return NULL;
    }
    for (int y = 0; y < (int)height; y++)
        for (int x = 0; x < (int)width; x++, values += channels)
            gdImageSetPixel(image, x, y, picture_color(channels, values));
    return image;
}

bool picture_write_png(gdImagePtr image, const char *directory, const char *name) {
    int size = 0;
    void *data = gdImagePngPtr(image, &size);
    if (!data) return message_out_of_memory();
    const bool written = output_write(directory, name, data, (size_t)size);
    gdFree(data);
    return written;
}
