/* SPDX-License-Identifier: MIT */
/* Regular grids of up to three axes, the first one fastest: places in them, windows over them. */
#ifndef SAPE_LIB_GRID_H
#define SAPE_LIB_GRID_H

#include <stddef.h>
#include <stdint.h>

#define SAPE_MAX_DIM 3
#define SAPE_MAX_CELLS ((size_t)1 << 28)

struct sape_grid {
    size_t dim;
    /* Cells along every axis; 1 along those the grid does not have. */
    size_t size[SAPE_MAX_DIM];
    size_t cells;
    /* Half the width of the box window: 1 or 2. */
    size_t radius;
    /* Positions of the cells along an axis, ascending; NULL where they are spread evenly over [-1, 1]. */
    float *positions[SAPE_MAX_DIM];
    /* The grid lies over (x - center) * scale. */
    float center[SAPE_MAX_DIM], scale[SAPE_MAX_DIM];
};

/* Where a sample lies: the lower corner of its cell, and its share of the way to the upper one along each axis. */
struct sape_place {
    uint32_t cell;
    float share[SAPE_MAX_DIM];
};

/* A grid of one cell without axes, over x itself. */
struct sape_grid sape_grid_of_one_cell(void);

/* A cube of cells that are spread evenly; cells is 0 when they would be more than SAPE_MAX_CELLS. */
struct sape_grid sape_grid_cube(size_t resolution, size_t dim);

/* The place of a sample whose coordinates are `stride` floats apart. Coordinates outside the grid are clamped. */
struct sape_place sape_grid_place(const struct sape_grid *grid, const float *x, size_t stride);

/* How the share along an axis changes with x; 0 where x was clamped. */
float sape_grid_slope(const struct sape_grid *grid, size_t axis, float x);

/* How far a corner of a cell, by the bits of its number, lies behind the lower one. */
size_t sape_grid_corner(const struct sape_grid *grid, size_t corner);

/* Adds n values to the corners of their cells, with the weights of the places in them; the weights to the counter. */
void sape_grid_record(const struct sape_grid *grid, size_t n, const struct sape_place *places, const float *values,
                      float *log, float *counter);

/* The cell whose position is nearest to a place. */
size_t sape_grid_nearest(const struct sape_grid *grid, const struct sape_place *place);

/* The value at a place, multilinear between the corners of its cell. */
float sape_grid_interpolate(const struct sape_grid *grid, const float *values, const struct sape_place *place);

/* From what was recorded to smoothed means: an empty cell takes its neighbours' mean; scratch has two floats a cell. */
void sape_grid_smooth(const struct sape_grid *grid, const float *log, const float *counter, float *mean,
                      float *scratch);

/* values becomes the mean over the window around every cell, borders replicated; scratch has one float a cell. */
void sape_grid_box_mean(const struct sape_grid *grid, float *values, float *scratch);

/* For every cell, in place, the lowest and highest value of the window of 2 radius + 2 cells an axis that begins radius
   before it, borders replicated: all that an interpolation between box means can touch. */
void sape_grid_extremes(const struct sape_grid *grid, uint16_t *lowest, uint16_t *highest, uint16_t *scratch);

#endif
