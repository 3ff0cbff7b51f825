/* SPDX-License-Identifier: MIT */
/* Averaged parameters: an exponential mean of what every step has made of the network. */
#ifndef SAPE_LIB_AVERAGE_H
#define SAPE_LIB_AVERAGE_H

#include "base/pool.h"
#include "field/field.h"

/* As the network has its parameters, or the encoder its tables: the average, and the one before the last step. */
struct sape_average_part {
    size_t size;
    float *values, *previous;
};

struct sape_average {
    /* 0 where there is none. */
    double decay;
    struct sape_average_part network, tables;
    /* Whether a step has been taken since averaging began. */
    bool begun;
};

/* Checks average_decay. */
sape_status sape_average_check_decay(double decay);

/* To be closed also when it fails. */
sape_status sape_average_open(double decay, const sape_field *field, struct sape_average *average);
void sape_average_close(struct sape_average *average);

/* Whether the next step is the first, which needs what was before it. */
static inline bool sape_average_begins(const struct sape_average *average) {
    return average->decay != 0.0 && !average->begun;
}

/* After a step: takes the parameters and tables in; those before the first step are given. */
void sape_average_step(struct sape_average *average, const sape_field *field, struct sape_pool *pool,
                       const float *parameters_before, const float *tables_before);

/* After the last step has been found to lead astray: the average becomes what it was before it. */
void sape_average_take_back(struct sape_average *average);

/* The state; has_previous: with the average before the last step. */
void sape_average_list_state(struct sape_average *average, const sape_field *field, bool has_previous,
                             struct sape_state *state);

#endif
