/* SPDX-License-Identifier: MIT */
/* The encoder as the field and the trainer use it: panel by panel (kernels/kernels.h). */
#ifndef SAPE_LIB_ENCODER_H
#define SAPE_LIB_ENCODER_H

#include <sape/encoder.h>

#include "kernels/kernels.h"
#include "state/state.h"

/* The first `active` features of a panel, and perhaps some more, from its coordinates, rows of d. */
void sape_encoder_panel(const sape_encoder *encoder, size_t active, size_t width, const float *x, float *features);

/* d_x, rows of d, is set to what the first `active` rows of d_features give; the other rows are not looked at beyond
   the end of the group that `active` lies in, where they must be zero. */
void sape_encoder_panel_backward(const sape_encoder *encoder, size_t active, size_t width, const float *x,
                                 const float *d_features, float *d_x);

/* The derivatives of the first `active` features along one coordinate, from those features and their coordinates. */
void sape_encoder_panel_tangent(const sape_encoder *encoder, size_t active, size_t width, const float *x, size_t axis,
                                const float *features, float *tangents);

/* The params that say what the encoder is; the others, which are only for drawing, get their defaults. */
void sape_encoder_describe(const sape_encoder *encoder, sape_encoder_params *params);

/* As sape_encoder_frequencies(), of a known encoder. */
void sape_encoder_list_frequencies(const sape_encoder *encoder, double *frequencies);

/* The tensors: frequencies, centres or offsets, and sigma; or a grid's tables, level after level. */
struct sape_encoder_tensors {
    float *points, *sigma, *tables;
};

struct sape_encoder_tensors *sape_encoder_tensors(sape_encoder *encoder);

/* Lists tensors for this encoder, its own or a copy, in the order of sape_encoder_tensor_info(). names has what a file
   calls them, prefix what stands before the names of a grid's levels. */
void sape_encoder_list(const sape_encoder *encoder, struct sape_encoder_tensors *tensors, const char *prefix,
                       const char *const *names, struct sape_state *state);

/* Lists an array that is laid out as a grid's tables, where the encoder has them; prefix NULL: it is not in files. */
void sape_encoder_list_levels(const sape_encoder *encoder, const char *prefix, enum sape_role role, float **tables,
                              struct sape_state *state);

/* Checks the parameters of a grid, and counts the values of its tables. */
sape_status sape_encoder_count_tables(const sape_encoder_params *params, double *values);

/* All tables of a grid, one after the other. */
float *sape_encoder_tables(sape_encoder *encoder);

/* A grid's levels: their number, 0 for other encodings; where one's table begins, and how many rows it has; the
   features that a row has, and the first feature of a level among all. */
size_t sape_encoder_num_levels(const sape_encoder *encoder);
size_t sape_encoder_level_offset(const sape_encoder *encoder, size_t level);
size_t sape_encoder_level_rows(const sape_encoder *encoder, size_t level);
size_t sape_encoder_level_features(const sape_encoder *encoder);
size_t sape_encoder_level_begin(const sape_encoder *encoder, size_t level);

/* Features of x itself before the encoding. */
size_t sape_encoder_identity(const sape_encoder *encoder);

/* Adds to a level's part of the gradient of the tables; see struct sape_scatter_args, whose basis is set here. */
void sape_encoder_scatter(const sape_encoder *encoder, struct sape_scatter_args *args);

/* Adds to squares what the tables' gradient adds to the squared norm of each sample's own, from the features'. */
void sape_encoder_panel_squares(const sape_encoder *encoder, size_t active, size_t width, const float *x,
                                const float *d_features, float *squares);

/* Checks that the tensors can be this encoder's. */
sape_status sape_encoder_check_tensors(const sape_encoder *encoder, const struct sape_encoder_tensors *tensors);

/* Follows a change of the encoder's tensors. */
void sape_encoder_changed(sape_encoder *encoder);

/* Grows with every change of the tensors. */
uint64_t sape_encoder_version(const sape_encoder *encoder);

/* Where the group that `active` lies in ends. */
size_t sape_encoder_group_end(const sape_encoder *encoder, size_t active);

#endif
