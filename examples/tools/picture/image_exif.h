/* SPDX-License-Identifier: MIT */
/* How a camera was held. */
#ifndef EXAMPLES_IMAGE_EXIF_H
#define EXAMPLES_IMAGE_EXIF_H

#include <gd.h>
#include <stddef.h>

/* The orientation, 1 to 8, of a block of EXIF data, with "Exif\0\0" before it or without; 1 where it says nothing. */
int image_exif_orientation(const unsigned char *data, size_t n);

/* The image as it is to be looked at. Frees the one given if that is another; NULL without memory. */
gdImagePtr image_exif_turn(gdImagePtr image, int orientation);

#endif
