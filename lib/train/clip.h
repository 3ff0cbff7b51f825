/* SPDX-License-Identifier: MIT */
/* Clipping: the gradient of all parameters is scaled where its norm is too large. */
#ifndef SAPE_LIB_CLIP_H
#define SAPE_LIB_CLIP_H

#include "field/tables.h"

struct sape_clip {
    /* The sums of squares of the network's chunks; NULL where nothing is clipped. */
    double *squares;
};

/* To be closed also when it fails; clip_norm is the optimizer's. */
sape_status sape_clip_open(double clip_norm, const sape_network *network, struct sape_clip *clip);
void sape_clip_close(struct sape_clip *clip);

/* A gradient in num_slots slots, each as long as the network, and of the encoder's tables. */
struct sape_clip_call {
    const sape_field *field;
    struct sape_pool *pool;
    size_t num_slots;
    float *slots;
    struct sape_tables *tables;
};

/* Sums the slots into the first, and returns the sum of its squares: the same for any number of threads. */
double sape_clip_squares(struct sape_clip *clip, const struct sape_clip_call *call);

/* Multiplies the first slot, and the tables' gradient. */
void sape_clip_scale(const struct sape_clip_call *call, double factor);

#endif
