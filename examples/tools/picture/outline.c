/* SPDX-License-Identifier: MIT */
#include "picture/outline.h"

#include "cli/message.h"
#include "cli/table.h"
#include "picture/image_file.h"
#include "picture/shape.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Distance of the points along the outline, in pixels. */
static const double SPACING = 0.5;

/* A picture in black and white, with a margin of background one pixel wide. */
struct raster {
    size_t width, height; /* with the margin */
    uint8_t *inside;      /* (height, width) 1 in a shape, 2 in one that has been looked at */
};

/* The eight neighbours, against the clock from the right. */
static const int step_x[] = {1, 1, 0, -1, -1, -1, 0, 1};
static const int step_y[] = {0, -1, -1, -1, 0, 1, 1, 1};

static size_t neighbour(const struct raster *raster, size_t pixel, int direction) {
    return (size_t)((ptrdiff_t)pixel + step_y[direction] * (ptrdiff_t)raster->width + step_x[direction]);
}

/* Marks the shape that a pixel belongs to; returns its pixels' number. */
static size_t mark_shape(struct raster *raster, size_t first, size_t *stack) {
    size_t count = 0, waiting = 1;
    stack[0] = first;
    raster->inside[first] = 2;
    while (waiting > 0) {
        const size_t pixel = stack[--waiting];
        count++;
        for (int d = 0; d < 8; d++) {
            const size_t next = neighbour(raster, pixel, d);
            if (raster->inside[next] != 1) continue;
            raster->inside[next] = 2;
            stack[waiting++] = next;
        }
    }
    return count;
}

/* The first pixel, row by row, of the largest shape; 0, which is in the margin, where there is none. */
static size_t find_largest(struct raster *raster, size_t *stack) {
    size_t best = 0, largest = 0;
    for (size_t i = 0; i < raster->width * raster->height; i++) {
        if (raster->inside[i] != 1) continue;
        const size_t count = mark_shape(raster, i, stack);
        if (count > largest) {
            largest = count;
            best = i;
        }
    }
    return best;
}

/* Pixels of a border, in a growing array. */
struct chain {
    size_t n, capacity;
    size_t *pixels;
};

static bool append(struct chain *chain, size_t pixel) {
    if (chain->n == chain->capacity) {
        const size_t capacity = 2 * chain->capacity + 256;
        size_t *pixels = realloc(chain->pixels, capacity * sizeof *pixels);
        if (!pixels) return message_out_of_memory();
        chain->pixels = pixels;
        chain->capacity = capacity;
    }
    chain->pixels[chain->n++] = pixel;
    return true;
}

/* Follows the border against the clock from its first pixel, round until the first step comes again. */
static bool follow(const struct raster *raster, size_t first, struct chain *chain) {
    int direction = 7;
    if (!append(chain, first)) return false;
    for (;;) {
        const size_t pixel = chain->pixels[chain->n - 1];
        direction = (direction + (direction % 2 == 0 ? 7 : 6)) % 8;
        int tried = 0;
        while (tried < 8 && !raster->inside[neighbour(raster, pixel, direction)]) {
            direction = (direction + 1) % 8;
            tried++;
        }
        if (tried == 8) return true; /* a single pixel */
        if (!append(chain, neighbour(raster, pixel, direction))) return false;
        const size_t n = chain->n;
        if (n > 3 && chain->pixels[n - 2] == first && chain->pixels[n - 1] == chain->pixels[1]) {
            chain->n -= 2;
            return true;
        }
    }
}

static double segment_length(const struct raster *raster, const struct chain *chain, size_t i) {
    const size_t a = chain->pixels[i], b = chain->pixels[(i + 1) % chain->n];
    const double dx = (double)(b % raster->width) - (double)(a % raster->width);
    const double dy = (double)(b / raster->width) - (double)(a / raster->width);
    return hypot(dx, dy);
}

/* Points at even distances along the chain. */
static bool resample(const struct raster *raster, const struct chain *chain, struct outline *outline) {
    double length = 0, begin = 0;
    for (size_t i = 0; i < chain->n; i++) length += segment_length(raster, chain, i);
    const size_t n = (size_t)ceil(length / SPACING);
    float *points = malloc(2 * n * sizeof *points);
    if (!points) return message_out_of_memory();
    size_t k = 0;
    for (size_t i = 0; i < chain->n; i++) {
        const size_t a = chain->pixels[i], b = chain->pixels[(i + 1) % chain->n];
        const double step = segment_length(raster, chain, i), ax = (double)(a % raster->width) - 1,
                     ay = (double)(a / raster->width) - 1, bx = (double)(b % raster->width) - 1,
                     by = (double)(b / raster->width) - 1;
        for (; k < n && (double)k * length / (double)n < begin + step; k++) {
            const double share = ((double)k * length / (double)n - begin) / step;
            points[2 * k] = (float)(ax + share * (bx - ax));
            points[2 * k + 1] = (float)(ay + share * (by - ay));
        }
        begin += step;
    }
    *outline = (struct outline){.n = k, .points = points, .radius = 1};
    return true;
}

static bool trace_shape(struct raster *raster, size_t *stack, struct outline *outline) {
    const size_t first = find_largest(raster, stack);
    if (first == 0) return message_error("there is no shape in the picture: it has one colour");
    struct chain chain = {0};
    bool traced = follow(raster, first, &chain);
    if (traced && chain.n < 3)
        traced = message_error("the largest shape in the picture has %zu pixels, too few for an outline", chain.n);
    traced = traced && resample(raster, &chain, outline);
    free(chain.pixels);
    return traced;
}

bool outline_trace(gdImagePtr image, struct outline *outline) {
    struct raster raster = {.width = (size_t)gdImageSX(image) + 2, .height = (size_t)gdImageSY(image) + 2};
    raster.inside = calloc(raster.width, raster.height);
    size_t *stack = malloc(raster.width * raster.height * sizeof *stack);
    bool traced = raster.inside && stack;
    if (traced) {
        shape_find(image, raster.inside + raster.width + 1, raster.width);
        traced = trace_shape(&raster, stack, outline);
    } else {
        message_out_of_memory();
    }
    free(raster.inside);
    free(stack);
    return traced;
}

/* Moves and scales points (n, 2), and says in the outline from where. */
static bool normalise(size_t n, double *points, struct outline *outline) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY}, radius = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        low[i % 2] = fmin(low[i % 2], points[i]);
        high[i % 2] = fmax(high[i % 2], points[i]);
    }
    const double center[2] = {low[0] / 2 + high[0] / 2, low[1] / 2 + high[1] / 2};
    for (size_t i = 0; i < n; i++)
        radius = fmax(radius, hypot(points[2 * i] - center[0], points[2 * i + 1] - center[1]));
    if (!(radius > 0 && isfinite(radius)))
        return message_error("the points do not form an outline: they coincide, or lie too far apart");
    for (size_t i = 0; i < 2 * n; i++) points[i] = (points[i] - center[i % 2]) / radius;
    memcpy(outline->center, center, sizeof center);
    outline->radius = radius;
    return true;
}

bool outline_normalise(struct outline *outline) {
    double *points = malloc(2 * outline->n * sizeof *points);
    if (!points) return message_out_of_memory();
    for (size_t i = 0; i < 2 * outline->n; i++) points[i] = (double)outline->points[i];
    const bool done = normalise(outline->n, points, outline);
    for (size_t i = 0; done && i < 2 * outline->n; i++) outline->points[i] = (float)points[i];
    free(points);
    return done;
}

/* In double precision until they are normalised. */
static bool take_points(const struct table *table, struct outline *outline) {
    outline->points = malloc(2 * table->num_rows * sizeof *outline->points);
    if (!outline->points) return message_out_of_memory();
    outline->n = table->num_rows;
    if (!normalise(outline->n, table->values, outline)) return false;
    for (size_t i = 0; i < 2 * outline->n; i++) outline->points[i] = (float)table->values[i];
    return true;
}

static bool from_points(const char *path, struct outline *outline) {
    struct table table;
    if (!table_read(path, 2, &table)) return false;
    const bool taken =
        (table.num_rows >= 3 || message_error("'%s' has %zu rows; at least 3 are needed", path, table.num_rows)) &&
        take_points(&table, outline);
    table_free(&table);
    return taken;
}

static bool from_picture(const char *path, struct outline *outline) {
    gdImagePtr image = image_file_read(path);
    if (!image) return false;
    const bool traced = outline_trace(image, outline) && outline_normalise(outline);
    gdImageDestroy(image);
    return traced;
}

bool outline_read(const char *path, struct outline *outline) {
    const size_t length = strlen(path);
    const bool csv = length > 4 && strcasecmp(path + length - 4, ".csv") == 0;
    *outline = (struct outline){0};
    if ((csv ? from_points : from_picture)(path, outline)) return true;
    outline_free(outline);
    return false;
}

void outline_free(struct outline *outline) {
    free(outline->points);
    *outline = (struct outline){0};
}
