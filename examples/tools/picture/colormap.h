/* SPDX-License-Identifier: MIT */
/* Heat maps in the diverging blue-white-red map of Moreland, "Diverging Color Maps for Scientific Visualization"
 * (2009). */
#ifndef EXAMPLES_COLORMAP_H
#define EXAMPLES_COLORMAP_H

#include <gd.h>
#include <stddef.h>

/* The libgd colour of a value in [0, 1]; values outside count as the end they are nearest to. */
int colormap_coolwarm(double value);

/* A true-colour image of height x width values; NULL without memory. */
gdImagePtr colormap_image(size_t width, size_t height, const float *values);

#endif
