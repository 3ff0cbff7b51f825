/* SPDX-License-Identifier: MIT */
/* Files of pictures, decoded by libgd. */
#ifndef EXAMPLES_IMAGE_FILE_H
#define EXAMPLES_IMAGE_FILE_H

#include <gd.h>

/* The largest photographs have fewer. */
#ifndef IMAGE_FILE_MAX_PIXELS
#define IMAGE_FILE_MAX_PIXELS 250000000
#endif

/*
 * Reads a PNG, JPEG, GIF (its first frame), WebP or BMP file, known by its first bytes. Prints a message and returns
 * NULL when the file cannot be read, is empty, of another kind, damaged, cut off or larger than
 * IMAGE_FILE_MAX_PIXELS.
 */
gdImagePtr image_file_read(const char *path);

#endif
