/* SPDX-License-Identifier: MIT */
/* An order in which points that are near one another come one after another, so that what they touch stays in cache. */
#ifndef EXAMPLES_SPATIAL_ORDER_H
#define EXAMPLES_SPATIAL_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* The indices of points (n, 3) along a Morton curve, to be freed; NULL without memory. At most UINT32_MAX points. */
uint32_t *spatial_order(size_t n, const float *points);

#endif
