/* SPDX-License-Identifier: MIT */
#include "picture/silhouette_picture.h"

#include "cli/message.h"

#include <math.h>
#include <stdlib.h>

/* All is drawn OVERSAMPLING times larger and then made smaller, which smooths the edges. */
enum { OVERSAMPLING = 3, TARGET_WIDTH = 1, OUTLINE_WIDTH = 7, FIT_WIDTH = 5 };
enum { WHITE = 0xffffff, FILL_COLOR = 0xd8d8d8, TARGET_COLOR = 0x303030, OUTLINE_COLOR = 0x606060 };

/* Room round the unit circle. */
static const double EXTENT = 1.1;

static int position(int size, float coordinate) {
    const double clamped = fmin(fmax((double)coordinate, -2), 2);
    return (int)lrint((clamped + EXTENT) / (2 * EXTENT) * size * OVERSAMPLING);
}

/* A closed line; with colors, in one a point. */
static void draw_line(gdImagePtr canvas, size_t n, const gdPoint *points, int width, int color, const int *colors) {
    gdImageSetThickness(canvas, width * OVERSAMPLING);
    for (size_t i = 0; i < n; i++) {
        const gdPoint a = points[i], b = points[(i + 1) % n];
        const int used = colors ? colors[i] : color;
        gdImageLine(canvas, a.x, a.y, b.x, b.y, used);
        /* Thick lines end bluntly: a disc fills the gap at the joint. */
        if (width > 1) gdImageFilledEllipse(canvas, a.x, a.y, width * OVERSAMPLING, width * OVERSAMPLING, used);
    }
}

static gdPoint *positions(int size, const struct outline *outline) {
    gdPoint *points = malloc(outline->n * sizeof *points);
    for (size_t i = 0; points && i < outline->n; i++)
        points[i] = (gdPoint){position(size, outline->points[2 * i]), position(size, outline->points[2 * i + 1])};
    return points;
}

static void draw(gdImagePtr canvas, const struct outline *target, const gdPoint *target_points,
                 const struct outline *fit, gdPoint *fit_points, const int *colors) {
    gdImageFilledRectangle(canvas, 0, 0, gdImageSX(canvas) - 1, gdImageSY(canvas) - 1, WHITE);
    gdImageSetThickness(canvas, 1);
    gdImageFilledPolygon(canvas, fit_points, (int)fit->n, FILL_COLOR);
    draw_line(canvas, fit->n, fit_points, OUTLINE_WIDTH, OUTLINE_COLOR, NULL);
    draw_line(canvas, fit->n, fit_points, FIT_WIDTH, 0, colors);
    draw_line(canvas, target->n, target_points, TARGET_WIDTH, TARGET_COLOR, NULL);
}

gdImagePtr silhouette_picture(int size, const struct outline *target, const struct outline *fit, const int *colors) {
    gdPoint *target_points = positions(size, target), *fit_points = positions(size, fit);
    gdImagePtr canvas = gdImageCreateTrueColor(size * OVERSAMPLING, size * OVERSAMPLING);
    gdImagePtr image = gdImageCreateTrueColor(size, size);
    const bool complete = target_points && fit_points && canvas && image;
    if (complete) {
        draw(canvas, target, target_points, fit, fit_points, colors);
        gdImageCopyResampled(image, canvas, 0, 0, 0, 0, size, size, size * OVERSAMPLING, size * OVERSAMPLING);
    } else {
        message_out_of_memory();
    }
    free(target_points);
    free(fit_points);
    if (canvas) gdImageDestroy(canvas);
    if (image && !complete) gdImageDestroy(image);
    return complete ? image : NULL;
}
