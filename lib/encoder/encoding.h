/* SPDX-License-Identifier: MIT */
/*
 * What an encoding is: one file for each kind defines a struct sape_encoding_ops, and encoder.c lists them all in a
 * table. Adding one takes such a file, a line in that table, a value of the public enumeration and its kernels.
 */
#ifndef SAPE_LIB_ENCODING_H
#define SAPE_LIB_ENCODING_H

#include <math.h>
#include <sape/encoder.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/random.h"
#include "encoder/encoder.h"
#include "kernels/kernels.h"

#define SAPE_MAX_FREQUENCIES 16384

/* The sizes of an encoding. Features of one frequency, which are computed together, are a group. */
struct sape_encoding_layout {
    /* Features of a group, and the number of groups. */
    size_t group, count;
    /* The tensor of frequencies, centres or offsets: its public name, NULL for none, and its shape. */
    const char *points_name;
    size_t points_rank, points_shape[2];
    /* Elements of the tensor "sigma"; 0 for none. */
    size_t sigma;
};

#define SAPE_MAX_LEVELS 32

/* The levels of a grid encoding, and where each begins in the tables. */
struct sape_grids {
    struct sape_level levels[SAPE_MAX_LEVELS];
    size_t offsets[SAPE_MAX_LEVELS];
    char names[SAPE_MAX_LEVELS][32];
    /* Values of all tables. */
    size_t count;
};

struct sape_encoder {
    sape_encoding kind;
    const struct sape_encoding_ops *ops;
    size_t domain_dim;
    size_t num_frequencies;
    /* As they were given. */
    sape_encoder_params params;
    size_t encoding_dim;
    /* Features of x itself before the encoding, 0 or d. */
    size_t identity;
    struct sape_encoding_layout layout;
    /* What the kernels read. */
    struct sape_basis basis;
    /* The tensors as the caller sees them. */
    struct sape_encoder_tensors tensors;
    /* Made from the tensors by ops->prepare: for Fourier features, the frequencies' upper and lower parts by group. */
    float *upper, *lower;
    /* NULL for other encodings than grids. */
    struct sape_grids *grids;
    const struct sape_kernels *kernels;
    /* Grows with every change of the tensors. */
    uint64_t version;
};

struct sape_encoding_ops {
    /* As checkpoints and programs call it. */
    const char *name;
    /* The largest num_frequencies; 0 where num_frequencies has no meaning. */
    size_t max_frequencies;
    /* Whether std has a meaning. */
    bool has_std;
    /* Checks parameters of its own; NULL for none. */
    sape_status (*check)(const sape_encoder_params *params);
    struct sape_encoding_layout (*lay_out)(const sape_encoder_params *params);
    /* Memory of its own besides the tensors; NULL for none. */
    bool (*allocate)(struct sape_encoder *encoder);
    /* Fills the tensors; NULL where there are none. */
    void (*draw)(struct sape_encoder *encoder, struct sape_random *random, double std);
    /* Follows a change of the tensors; NULL for nothing. */
    void (*prepare)(struct sape_encoder *encoder);
    /* Checks values of the points' tensor beyond being finite and within +-1e9; NULL for nothing. */
    sape_status (*check_points)(const float *values, size_t count);
    /* NULL, like tangent, where there are no groups: a group's frequency in cycles per unit of x, in any order. */
    double (*frequency)(const struct sape_encoder *encoder, size_t group);
    /* The derivatives of a group's features along one coordinate, from those features and the coordinates. */
    void (*tangent)(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents);
};

extern const struct sape_encoding_ops sape_identity_encoding, sape_fourier_encoding, sape_positional_encoding,
    sape_rbf_encoding, sape_periodic_rbf_encoding, sape_grid_encoding;

/* Checks domain_dim. */
static inline sape_status sape_encoder_check_dim(const sape_encoder_params *params) {
    SAPE_REQUIRE(params->domain_dim >= 1 && params->domain_dim <= 3, "domain_dim is %zu, must be 1 to 3",
                 params->domain_dim);
    return SAPE_OK;
}

/* The name of an encoding; NULL for what is none. */
const char *sape_encoding_entry(unsigned kind);
const char *sape_interpolation_entry(unsigned interpolation);

/* For qsort(): ascending by absolute value. */
static inline int sape_compare_magnitudes(const void *a, const void *b) {
    const float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
    return (x > y) - (x < y);
}

/* Elements of the points' tensor. */
static inline size_t sape_points_count(const struct sape_encoding_layout *layout) {
    size_t count = layout->points_name == NULL ? 0 : 1;
    for (size_t i = 0; i < layout->points_rank; i++) count *= layout->points_shape[i];
    return count;
}

#endif
