/* SPDX-License-Identifier: MIT */
/* Files of pictures, decoded by libgd. */
#ifndef EXAMPLES_IMAGE_FILE_H
#define EXAMPLES_IMAGE_FILE_H

#include <gd.h>

/*
 * Reads a PNG, JPEG, GIF (its first frame), WebP or BMP file, known by its first bytes. Prints a message and returns
 * NULL when the file cannot be read, is empty, of another kind, damaged or cut off.
 */
gdImagePtr image_file_read(const char *path);

#endif
