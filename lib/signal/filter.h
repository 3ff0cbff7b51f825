/* SPDX-License-Identifier: MIT */
/* The low-pass filter of features by their frequency, for the mask and for the public call alike. */
#ifndef SAPE_LIB_FILTER_H
#define SAPE_LIB_FILTER_H

#include <sape/mask.h>

/* The filter's weight at a frequency so far above the cut-off, and its derivative with respect to the cut-off; NULL for
   not wanted. */
double sape_filter_weight(sape_filter_shape shape, double width, double excess, double *derivative);

#endif
