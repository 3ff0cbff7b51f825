/* SPDX-License-Identifier: MIT */
/* The spatial mask as the paper's text has it: a dense 0/1 array of cells by features, in double precision. */
#ifndef SAPE_TESTS_NAIVE_MASK_H
#define SAPE_TESTS_NAIVE_MASK_H

#include <stddef.h>

struct naive_mask {
    size_t dim, resolution, cells, features, block, width;
    double epsilon;
    size_t current, next;
    double *mask;     /* (cells, features) */
    double *smoothed; /* the same, blurred */
    double *log, *counter;
    int *in_progress;
};

void naive_mask_init(struct naive_mask *mask, size_t dim, size_t resolution, size_t features, size_t block,
                     double epsilon);
void naive_mask_free(struct naive_mask *mask);

/* x has dim coordinates. */
void naive_mask_record(struct naive_mask *mask, const double *x, double loss);
/* One value a cell. */
void naive_mask_smoothed_loss(const struct naive_mask *mask, double *loss);
void naive_mask_advance(struct naive_mask *mask);
void naive_mask_weights(const struct naive_mask *mask, const double *x, double *weights);

#endif
