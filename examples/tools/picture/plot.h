/* SPDX-License-Identifier: MIT */
/* Plots of functions: axes, curves and dots, anti-aliased. */
#ifndef EXAMPLES_PLOT_H
#define EXAMPLES_PLOT_H

#include <gd.h>
#include <stddef.h>

struct plot_range {
    double min, max; /* min < max */
};

/* Values v stand for center + half * v. */
struct plot_scale {
    double center, half;
};

/* The range of what the values of a range stand for. */
static inline struct plot_range plot_scale_range(struct plot_scale scale, struct plot_range range) {
    return (struct plot_range){scale.center + scale.half * range.min, scale.center + scale.half * range.max};
}

struct plot;

/* An empty plot of that many pixels; NULL without memory. */
struct plot *plot_create(int width, int height, struct plot_range x, struct plot_range y);
void plot_free(struct plot *plot);

struct plot_pen {
    int width;         /* pixels */
    int color;         /* a libgd colour */
    const int *colors; /* (n) colours up to each point in place of one, or NULL */
};

/* What the points below stand for: it is worked out in double precision. Until then they are what they are. */
void plot_set_scale(struct plot *plot, struct plot_scale x, struct plot_scale y);

/* A curve through n points. */
void plot_curve(struct plot *plot, size_t n, const float *x, const float *y, struct plot_pen pen);

void plot_dots(struct plot *plot, size_t n, const float *x, const float *y, int color);

/* Adds a line to the legend; at most four are shown. The text must live until plot_finish(). */
void plot_legend(struct plot *plot, const char *text, int color);

/* The plot as a true-colour image with axes and legend; NULL without memory. */
gdImagePtr plot_finish(const struct plot *plot);

#endif
