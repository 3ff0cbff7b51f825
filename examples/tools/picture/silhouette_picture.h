/* SPDX-License-Identifier: MIT */
/* Pictures of a silhouette's fit. */
#ifndef EXAMPLES_SILHOUETTE_PICTURE_H
#define EXAMPLES_SILHOUETTE_PICTURE_H

#include "picture/outline.h"

/*
 * A square picture: the fitted curve filled grey and drawn in the colours given, one a point, over the target's
 * outline, a thin line. NULL without memory.
 */
gdImagePtr silhouette_picture(int size, const struct outline *target, const struct outline *fit, const int *colors);

#endif
