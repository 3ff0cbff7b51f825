/* SPDX-License-Identifier: MIT */
/* Samples of a training that are held out, and what was best by their loss. */
#ifndef SAPE_LIB_VALIDATION_H
#define SAPE_LIB_VALIDATION_H

#include <sape/safetensors.h>
#include <sape/trainer.h>

struct sape_validation {
    /* The held-out loss when it was last computed, its lowest value, and that of the kept state; infinite before. */
    double loss, lowest_loss, best_loss;
    /* The iteration of the kept state, and the one in which patience starts: the lowest loss's. */
    uint64_t best_iteration, since;
    /* Checkpoints of the field: as it is kept; and as training has left it, while the field itself is at its best. */
    sape_safetensors *best, *latest;

    /* The held-out samples: trainer->epoch has them from num_training on. */
    size_t count;
    float *sample_loss;
    /* Theirs when their mean was lowest. */
    float *lowest_sample_loss;
    /* Only for a custom loss, which wants arrays. */
    float *x, *targets, *outputs, *d_outputs;
};

/* Checks what the parameters say about validation. */
sape_status sape_validation_check(const char *function, const sape_trainer_params *params, const sape_field *field);

void sape_validation_begin(struct sape_validation *validation);
void sape_validation_free(struct sape_validation *validation);

/* Checks what must hold between its members, how often the held-out loss is computed, and the steps. */
sape_status sape_validation_check_state(const char *function, const struct sape_validation *validation, uint64_t every,
                                        uint64_t num_steps);

/* How many of n samples are held out. */
size_t sape_validation_count(const sape_trainer_params *params, size_t n);

/* 0 .. n - 1: ascending, first those that are trained on, then those held out. */
void sape_validation_draw(const sape_trainer_params *params, size_t num_training, size_t n, size_t *samples);

/* A trainer's samples that are trained on, in their order; in place where none are held out. */
struct sape_training_samples {
    size_t n;
    const float *x, *targets;
    float *copies[2];
};

/* Of a trainer with targets. To be closed also when it fails. */
sape_status sape_training_samples_open(const char *function, const sape_trainer *trainer,
                                       struct sape_training_samples *samples);
void sape_training_samples_close(struct sape_training_samples *samples);

/* Memory for the held-out samples of the trainer's present data. */
sape_status sape_validation_open(const char *function, sape_trainer *trainer);

/* After an iteration, inside sape_product_enter(): computes the held-out loss where it is due, and keeps what is good.
 *stop becomes SAPE_STOP_VALIDATION or SAPE_STOP_ITERATIONS. */
sape_status sape_validation_observe(const char *function, sape_trainer *trainer, sape_stop *stop);

/* Between runs the field is at its best; before an iteration it is brought back to where training has left it. */
sape_status sape_validation_take_best(sape_trainer *trainer);
sape_status sape_validation_resume(sape_trainer *trainer);

/* Between runs: puts the field where training has left it, and back to its best, both of which are kept. */
sape_status sape_validation_show_latest(const sape_trainer *trainer);
void sape_validation_show_best(const sape_trainer *trainer);

#endif
