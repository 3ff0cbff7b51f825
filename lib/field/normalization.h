/* SPDX-License-Identifier: MIT */
/*
 * The caller's units and the field's own: coordinates are centred and scaled on their way in, outputs on their way out.
 * Without it both are the same, and nothing is computed.
 */
#ifndef SAPE_LIB_NORMALIZATION_H
#define SAPE_LIB_NORMALIZATION_H

#include <sape/status.h>
#include <stdbool.h>
#include <stddef.h>

#include "state/state.h"

struct sape_normalization {
    size_t d, o;
    /* Whether coordinates, and outputs, are changed at all. */
    bool coordinates, outputs;
    /* (d) u = (x - center) / scale; (o) y = mean + deviation v. */
    double *center, *scale, *mean, *deviation;
};

/* One that changes nothing. To be closed also when it fails. */
sape_status sape_normalization_open(size_t d, size_t o, struct sape_normalization *normalization);
void sape_normalization_close(struct sape_normalization *normalization);

static inline float sape_normalize(const struct sape_normalization *normalization, size_t axis, float x) {
    return (float)(((double)x - normalization->center[axis]) / normalization->scale[axis]);
}

/* Rows of coordinates or of targets into the field's units, and of outputs into the caller's. Targets that are too
   large there are an error. */
void sape_normalize_coordinates(const struct sape_normalization *normalization, size_t n, const float *x, float *u);
sape_status sape_normalize_targets(const struct sape_normalization *normalization, size_t n, const float *y, float *v);
void sape_denormalize_outputs(const struct sape_normalization *normalization, size_t n, float *outputs);

/* Derivatives in the field's units into the caller's, and gradients in the caller's into the field's: with respect to
   the outputs, the coordinates, and the Jacobian (n, o, d). */
void sape_normalize_d_outputs(const struct sape_normalization *normalization, size_t n, float *d_outputs);
void sape_normalize_d_x(const struct sape_normalization *normalization, size_t n, float *d_x);
void sape_normalize_jacobian(const struct sape_normalization *normalization, size_t n, float *jacobian);

/* Checks that coordinates are finite, and within bounds in the field's units. */
sape_status sape_normalization_check(const struct sape_normalization *normalization, const char *name, const float *x,
                                     size_t n);

/* Of a checkpoint: what is there is listed, all that is changed where there is no file. */
void sape_normalization_list_state(struct sape_normalization *normalization, struct sape_state *state);
/* What the file says, into one that has been opened. */
sape_status sape_normalization_read(const sape_safetensors *file, struct sape_normalization *normalization);
/* Between two of the same dimensions. */
void sape_normalization_copy(const struct sape_normalization *from, struct sape_normalization *to);
bool sape_normalization_same(const struct sape_normalization *a, const struct sape_normalization *b);

#endif
