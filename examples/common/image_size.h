/* SPDX-License-Identifier: MIT */
/* The size of a picture that its file claims, before anything is decoded: a short file can claim any. */
#ifndef EXAMPLES_IMAGE_SIZE_H
#define EXAMPLES_IMAGE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

struct image_size {
    unsigned long long width, height;
};

/* Each fills the size from the n bytes of a file of its format; false when they hold none. */
typedef bool image_size_fn(const unsigned char *data, size_t n, struct image_size *size);

image_size_fn image_size_png, image_size_jpeg, image_size_gif, image_size_webp, image_size_bmp;

#endif
