/* SPDX-License-Identifier: MIT */
/* The encoder as the field and the trainer use it: panel by panel (kernels/kernels.h). */
#ifndef SAPE_LIB_ENCODER_H
#define SAPE_LIB_ENCODER_H

#include <sape/encoder.h>

#include "kernels/kernels.h"

/* The first `active` features of a panel, and perhaps some more, from its coordinates, rows of d. */
void sape_encoder_panel(const sape_encoder *encoder, size_t active, size_t width, const float *x, float *features);

/* d_x, rows of d, is set to what the first `active` rows of d_features give; the other rows are not looked at beyond
   the end of the group that `active` lies in, where they must be zero. */
void sape_encoder_panel_backward(const sape_encoder *encoder, size_t active, size_t width, const float *x,
                                 const float *d_features, float *d_x);

/* The derivatives of the first `active` features along one coordinate, from those features and their coordinates. */
void sape_encoder_panel_tangent(const sape_encoder *encoder, size_t active, size_t width, const float *x, size_t axis,
                                const float *features, float *tangents);

/* The params' kind, include_identity, domain_dim and num_frequencies; the others, which are only for drawing, get their
   defaults. */
void sape_encoder_describe(const sape_encoder *encoder, sape_encoder_params *params);

/* As sape_encoder_frequencies(), of a known encoder. */
void sape_encoder_list_frequencies(const sape_encoder *encoder, double *frequencies);

/* A tensor's values, by its index, and how many. */
const float *sape_encoder_tensor(const sape_encoder *encoder, size_t index, size_t *count);

/* Grows with every change of the tensors. */
uint64_t sape_encoder_version(const sape_encoder *encoder);

/* Where the group that `active` lies in ends. */
size_t sape_encoder_group_end(const sape_encoder *encoder, size_t active);

#endif
