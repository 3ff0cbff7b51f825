/* SPDX-License-Identifier: MIT */
/*
 * Calls of every kind that can be made again and again, for tests that let something fail inside them. Each frees what
 * it has made, and leaves the handles that it works on such that it can be made again.
 */
#ifndef SAPE_TESTS_ALLOCATION_CALLS_H
#define SAPE_TESTS_ALLOCATION_CALLS_H

#include <stdbool.h>

#include "support.h"

#define SAMPLES 300

/* What the calls work on, made before anything fails. */
struct world {
    sape_policy policy;
    sape_encoding encoding;
    size_t threads;
    sape_encoder *encoder;
    sape_mask *mask;
    sape_network *network;
    sape_field *field, *second_field;
    sape_trainer *trainer;
    sape_safetensors *checkpoint;
    float x[SAMPLES], targets[SAMPLES], values[SAMPLES], features[SAMPLES * 8];
};

/* One for every policy, and one with a grid, whose tables are trained. */
#define NUM_WORLDS ((int)SAPE_POLICY_VARIANCE + 2)
void open_world(struct world *world, int kind, size_t threads);
void close_world(struct world *world);

sape_trainer_params world_trainer_params(const struct world *world, sape_loss loss, size_t batch_size);

/* Those marked `once` are the same under every policy. `fewest` is how many allocations there must be, so that a call
   that has stopped asking for memory is noticed. */
struct world_call {
    const char *name;
    sape_status (*make)(struct world *world);
    bool once;
    long fewest;
};
extern const struct world_call world_calls[];
extern const int num_world_calls;

/* Some of them by name. */
sape_status world_predict(struct world *world);
sape_status world_field_backward(struct world *world);
sape_status world_train_full(struct world *world);
sape_status world_train_custom(struct world *world);

#endif
