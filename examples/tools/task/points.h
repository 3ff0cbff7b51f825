/* SPDX-License-Identifier: MIT */
/* Points from a text file of two columns. */
#ifndef EXAMPLES_POINTS_H
#define EXAMPLES_POINTS_H

#include <stdbool.h>
#include <stddef.h>

struct points {
    size_t n;
    double *x, *y; /* (n) each */
};

/* Reads rows "x,y" as table.h says. */
bool points_read(const char *path, struct points *points);
void points_free(struct points *points);

#endif
