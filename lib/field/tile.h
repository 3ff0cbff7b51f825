/* SPDX-License-Identifier: MIT */
/*
 * A tile: a few hundred samples that go through encoder, mask and network and back while they are in the cache. How a
 * batch is cut into tiles, and the tiles' gradients are summed, depends on its size alone, so that every number of
 * threads gives the same bits.
 */
#ifndef SAPE_LIB_TILE_H
#define SAPE_LIB_TILE_H

#include "field/field.h"

/* Sums of gradients that a batch is cut into at most. */
#define SAPE_MAX_SLOTS 16

/* Tile t belongs to slot t % slots; a slot's tiles are summed one after the other, then the slots. */
struct sape_plan {
    size_t samples;
    size_t tile_samples;
    size_t tiles;
    size_t slots;
};

struct sape_plan sape_plan_make(const struct sape_field *field, size_t samples);

/* Points of a regular grid, the last axis fastest, as sape_field_predict_grid() places them. */
struct sape_lattice {
    size_t dim, size[SAPE_MAX_DIM];
    float low[SAPE_MAX_DIM], high[SAPE_MAX_DIM];
};

/* Where a batch's samples come from, and how its mask is read. */
struct sape_batch {
    /* (n, d); NULL for the points of a lattice. */
    const float *x;
    const struct sape_lattice *lattice;
    /* The order in which samples are taken; NULL for as they come. */
    const size_t *order;
    /* Their places in the mask's grid; NULL to find them tile by tile. */
    const struct sape_place *places;
    /* That of x, the lattice and mask_by, NULL where they are in the field's units. */
    const struct sape_normalization *normalization;
    /* As in sape_predict_options. */
    const float *mask_by, *override_mask;
    size_t override_rows;
    float *weights;
    /* Other calls with this x and an unchanged mask have the same samples in the same order. */
    bool lasting;
};

/* One worker's memory. */
struct sape_workspace {
    float *memory;
    struct sape_tile tile;
    /* The tile's first sample in the batch's order, and its features that may not be zero. */
    size_t first, active;
    /* Of what the first layer's inputs are the features: a tile of a lasting batch, NULL for none, and the versions of
       mask and encoder. A batch of few tiles finds them as the iteration before has left them. */
    const float *encoded_x;
    uint64_t mask_version, encoder_version;
    /* Panels of coordinates, and the places at which the mask is read, of the tile's samples in their order. */
    float *x;
    struct sape_place *places;
    struct sape_mask_panel mask;
    struct sape_activations activations;
    /* For gradients with respect to coordinates: one panel of features, and of coordinates, whole and the mask's. */
    float *features, *d_x, *mask_d_x;
};

/* Adds entries begin to end of all slots, in their order, into the first. */
void sape_slots_sum(float *slots, size_t num_slots, size_t size, size_t begin, size_t end);

/* Allocates for tiles up to tile_samples. From SAPE_USE_INPUT_GRADIENT on, the inputs are the coordinates. Squares and
   tangents need `keep`, see sape_activations_size(). */
sape_status sape_workspace_open(struct sape_workspace *workspace, const struct sape_field *field, size_t tile_samples,
                                enum sape_use use, bool keep);
void sape_workspace_close(struct sape_workspace *workspace);

/* The sample at a place of the batch's order. */
static inline size_t sape_batch_sample(const struct sape_batch *batch, size_t place) {
    return batch->order == NULL ? place : batch->order[place];
}

/* Tile t of the plan, from coordinates to outputs, which lie in panels in activations.values[num_layers].single. */
void sape_tile_forward(const struct sape_field *field, const struct sape_plan *plan, size_t t,
                       const struct sape_batch *batch, struct sape_workspace *workspace);

/* The outputs' panel of a place of the tile, and the distance from one output to the next. */
float *sape_tile_output(const struct sape_field *field, struct sape_workspace *workspace, float *panels, size_t place);

struct sape_tables;

/* Where the way back from a tile's outputs leads. */
struct sape_tile_gradient {
    /* The network's parameters, set or added to; NULL without. */
    float *parameters;
    bool add;
    /* The encoder's tables; NULL without. */
    struct sape_tables *tables;
    /* Receives the rows of the tile's samples at their places in the batch; NULL without. */
    float *d_x;
    /* The first layer packed for the way back; NULL where none of what lies before it is wanted. */
    float *first_backward;
};

/* Back from the outputs' gradient in activations.d_values[0].single, see sape_network_tile_backward(). */
void sape_tile_backward(const struct sape_field *field, const struct sape_batch *batch,
                        struct sape_workspace *workspace, const struct sape_tile_gradient *to);

/* Scales a panel's features, or their gradient, by the mask's weights. */
void sape_tile_scale_panel(const struct sape_field *field, const struct sape_mask_panel *mask, size_t width,
                           float *features);

#endif
