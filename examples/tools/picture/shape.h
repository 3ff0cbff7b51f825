/* SPDX-License-Identifier: MIT */
/* Which pixels of a picture are shapes, and which are their background. */
#ifndef EXAMPLES_SHAPE_H
#define EXAMPLES_SHAPE_H

#include <gd.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sets inside[y * stride + x] to 1 for the pixels of shapes and to 0 for others. A pixel is transparent when more than
 * half of it is. The shapes are what is not transparent
 *   - where at least 2 % of the picture and 10 % of its border are transparent, or
 *   - where all that is not transparent has one grey value.
 * Else they are on one of the two sides of the best threshold of the grey values (Otsu 1979) over white, that which the
 * picture's border has less of; transparent pixels are background unless all are transparent.
 */
void shape_find(gdImagePtr image, uint8_t *inside, size_t stride);

#endif
