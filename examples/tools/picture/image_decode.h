/* SPDX-License-Identifier: MIT */
/* The decoders of image_file_read(), one for every format, and what they share. */
#ifndef EXAMPLES_IMAGE_DECODE_H
#define EXAMPLES_IMAGE_DECODE_H

#include <gd.h>
#include <stdbool.h>
#include <stddef.h>

/* The bytes of a file, and what its decoder has to say about the picture. */
struct image_source {
    unsigned char *data; /* a decoder may change them */
    size_t size;
    int orientation;    /* 1 to 8, as in EXIF */
    const char *format; /* its name */
    char reason[256];   /* why there is no picture */
};

/* Decodes the picture as it is stored. NULL with the reason when it is cut off, damaged, too large or not supported. */
typedef gdImagePtr image_decode_fn(struct image_source *source);

image_decode_fn image_decode_bmp, image_decode_gif, image_decode_jpeg, image_decode_png, image_decode_webp;

/* Each keeps the reason unless there is one; all return NULL. */
gdImagePtr image_cut_off(struct image_source *source);
gdImagePtr image_damaged(struct image_source *source, const char *detail);
gdImagePtr image_unsupported(struct image_source *source, const char *detail);
gdImagePtr image_out_of_memory(struct image_source *source);

/* Whether a picture has pixels, and not too many; a file of a few bytes can claim any number. Else keeps the reason. */
bool image_has_fair_size(struct image_source *source, unsigned long long width, unsigned long long height);

/* A true-colour image that keeps the alpha of pixels set in it, transparent so far. */
gdImagePtr image_create(struct image_source *source, int width, int height);

/* The libgd colour of components in [0, 255]; of them alpha is opaque at 255. */
int image_color(int red, int green, int blue, int alpha);

#endif
