/* SPDX-License-Identifier: MIT */
/* A libFuzzer target: any bytes as a picture to fit, and as a picture whose outline is wanted. */
#include "bytes_file.h"
#include "picture/image_file.h"
#include "picture/outline.h"
#include "picture/picture.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* To which pictures are made smaller. */
#define MAX_SIZE 8

static void check_picture(const struct picture *picture) {
    if (picture->width < 1 || picture->width > MAX_SIZE || picture->height < 1 || picture->height > MAX_SIZE) abort();
    if (picture->channels != 1 && picture->channels != 3) abort();
    for (size_t i = 0; i < picture->width * picture->height * picture->channels; i++)
        if (!(picture->values[i] >= 0.0f && picture->values[i] <= 1.0f)) abort();
}

static void check_outline(struct outline *outline) {
    if (outline->n < 1 || !outline_normalise(outline)) abort();
    for (size_t i = 0; i < 2 * outline->n; i++)
        if (!(fabsf(outline->points[i]) <= 1.0001f)) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
    const char *path = bytes_file(bytes, size, ".picture");
    struct picture picture;
    if (picture_read(path, MAX_SIZE, &picture)) {
        check_picture(&picture);
        picture_free(&picture);
    }
    gdImagePtr image = image_file_read(path);
    if (image == NULL) return 0;
    /* What the file claimed was true. */
    if ((long long)gdImageSX(image) * gdImageSY(image) > IMAGE_FILE_MAX_PIXELS) abort();
    struct outline outline;
    if (outline_trace(image, &outline)) {
        check_outline(&outline);
        outline_free(&outline);
    }
    gdImageDestroy(image);
    return 0;
}
