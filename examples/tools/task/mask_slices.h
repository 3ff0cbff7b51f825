/* SPDX-License-Identifier: MIT */
/* Heat maps of a mask in three dimensions, on the three planes of the axes. */
#ifndef EXAMPLES_MASK_SLICES_H
#define EXAMPLES_MASK_SLICES_H

#include <gd.h>
#include <sape/mask.h>

/* The three slices side by side; NULL, with a message printed, when it fails. */
gdImagePtr mask_slices_image(const sape_mask *mask);

/* An image with all colours that the slices can have, for the palette of an animation; NULL without memory. */
gdImagePtr mask_slices_colors(void);

#endif
