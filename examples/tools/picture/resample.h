/* SPDX-License-Identifier: MIT */
/*
 * Bicubic resampling. libgd's own bicubic looks at four pixels a side however small the result is, which leaves
 * moire in a photograph; here the kernel grows with the reduction.
 */
#ifndef EXAMPLES_RESAMPLE_H
#define EXAMPLES_RESAMPLE_H

#include "picture/picture.h"

/* Fills target, whose size and channels are set, from source, which has as many channels. */
bool resample_bicubic(const struct picture *source, struct picture *target);

#endif
