/* SPDX-License-Identifier: MIT */
/*
 * The gradient of an encoder's tables. Tiles leave the features' gradient here, sample by sample in the batch's order;
 * then the samples are added to the tables, each level by one thread. What is touched is in proportion to the batch,
 * and every number of threads gives the same bits.
 */
#ifndef SAPE_LIB_TABLES_H
#define SAPE_LIB_TABLES_H

#include "base/pool.h"
#include "field/field.h"
#include "field/tile.h"

struct sape_tables {
    /* 0 where the encoder has no tables, and then there is nothing else. */
    size_t num_levels;
    size_t tile_samples, num_tiles;
    /* Samples that there is room for, the distance from one row to the next. */
    size_t stride;
    /* The features' gradient: of the features themselves, then of their derivatives along every axis where these have
       one. Rows of coordinates; and of every tile the features that are not zero. */
    size_t num_parts;
    float *d_features, *x;
    size_t *active;
    /* The first layer packed for the way back to the features. */
    float *first_backward;
    /* The gradient, laid out as the tables, and each level's rows in it that may not be zero. */
    float *gradient;
    struct sape_touched *touched;
};

/* The i-th of the rows that have a gradient. */
static inline size_t sape_touched_row(const struct sape_touched *touched, size_t i) {
    return touched->whole ? i : touched->rows[i];
}

/* For batches of a plan; derivatives: of features' derivatives too. To be closed also when it fails. */
sape_status sape_tables_open(const struct sape_field *field, const struct sape_plan *plan, bool derivatives,
                             struct sape_tables *tables);
void sape_tables_close(struct sape_tables *tables);

/* Begins an iteration: the first layer is packed, and what is left of an earlier gradient is dropped. */
void sape_tables_begin(struct sape_tables *tables, const struct sape_field *field);

/* Begins a tile, after its sape_tile_forward(). */
void sape_tables_begin_tile(struct sape_tables *tables, const struct sape_field *field,
                            const struct sape_workspace *workspace);

/* Adds rows of a panel's gradient, as many as the panel has features that are not zero: of the features where axis is
   -1, else of their derivatives. */
void sape_tables_add(struct sape_tables *tables, const struct sape_field *field, const struct sape_workspace *workspace,
                     size_t panel, int axis, size_t active, const float *d_features);

/* From all tiles to the tables' gradient. */
void sape_tables_scatter(struct sape_tables *tables, const struct sape_field *field, struct sape_pool *pool);

/* Finds the rows of a gradient that was filled from elsewhere. */
void sape_tables_find_touched(struct sape_tables *tables, const struct sape_field *field);

/* Drops the gradient: only the rows that are not zero are looked at. */
void sape_tables_clear(struct sape_tables *tables, const struct sape_field *field);

#endif
