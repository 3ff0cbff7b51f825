/* SPDX-License-Identifier: MIT */
/* Files of pictures, as images of libgd. */
#ifndef EXAMPLES_IMAGE_FILE_H
#define EXAMPLES_IMAGE_FILE_H

#include <gd.h>

/* The largest photographs have fewer. */
#ifndef IMAGE_FILE_MAX_PIXELS
#define IMAGE_FILE_MAX_PIXELS 250000000
#endif

/*
 * Reads a PNG, JPEG, GIF, WebP or BMP file, known by its first bytes: of an animation the first frame on its canvas,
 * which is transparent elsewhere, turned as the orientation in its EXIF data says. Prints a message with the reason and
 * returns NULL when the file cannot be read, is empty, a device, of another or an unsupported kind, damaged, cut off
 * anywhere or larger than IMAGE_FILE_MAX_PIXELS. Bytes after the picture's end do not matter.
 */
gdImagePtr image_file_read(const char *path);

#endif
