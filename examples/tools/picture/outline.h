/* SPDX-License-Identifier: MIT */
/* Outlines of shapes: from pictures and from files of points. */
#ifndef EXAMPLES_OUTLINE_H
#define EXAMPLES_OUTLINE_H

#include <gd.h>
#include <stdbool.h>
#include <stddef.h>

/* Points of a closed curve in their order; y grows downwards. The last one is followed by the first. */
struct outline {
    size_t n;
    float *points;    /* (n, 2), which stand for center + radius * point of where the outline comes from */
    double center[2]; /* of pixels, or of the file's rows */
    double radius;
};

/*
 * The outer outline of the picture's largest shape (shape.h), in pixels, at even distances of half a pixel. Says what
 * is wrong with a picture that has no shape.
 */
bool outline_trace(gdImagePtr image, struct outline *outline);

/* Moves and scales the outline: its box is centred at the origin, its farthest point at distance 1. */
bool outline_normalise(struct outline *outline);

/* Traces a picture, or takes the rows x,y of a file whose name ends in .csv as points; normalised. */
bool outline_read(const char *path, struct outline *outline);

/*
 * The outline as a signal over [-1, 1): x (n) grows with the arc length, points (n, 2) go the way of the circle (cos,
 * sin) and begin at the point nearest to (1, 0), where that begins. Of an outline without length x is -1.
 */
void outline_by_arc_length(const struct outline *outline, float *x, float *points);

void outline_free(struct outline *outline);

#endif
