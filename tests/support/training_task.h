/* SPDX-License-Identifier: MIT */
/* Trainings of any policy, batch size, loss and number of threads, for the tests of the trainer itself. */
#ifndef SAPE_TESTS_TRAINING_TASK_H
#define SAPE_TESTS_TRAINING_TASK_H

#include "support.h"

#define TASK_OUTPUTS 2

struct task {
    sape_field *field;
    sape_trainer *trainer;
    float *x, *targets;
    size_t n, count;
};

struct task_options {
    sape_policy policy;
    size_t n, batch, threads;
    sape_loss_fn loss;
    void *user;
    sape_optimizer_kind optimizer;
    double rate, weight_decay;
    uint64_t seed;
};

/* For spatial_fixed in 1D the samples are the mask's; a network of more than one chunk of parameters, and more than a
   few threads' worth of tiles. */
struct task make_task(struct task_options o);
void free_task(struct task *task);

/* To be released with free(). */
float *task_parameters(const struct task *task);

/* The parameters that so many steps lead to, and how many they are. */
float *trained(struct task_options o, uint64_t steps);
size_t count_parameters(struct task_options o);

#endif
