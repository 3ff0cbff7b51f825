/* SPDX-License-Identifier: MIT */
/* The loss of samples that are held out, and the state of the field that was best by it. */
#ifndef SAPE_LIB_VALIDATION_H
#define SAPE_LIB_VALIDATION_H

#include "field/state.h"
#include "train/gradient.h"

struct sape_validation {
    /* The held-out loss when it was last computed, its lowest value, and that of the kept state; infinite before. */
    double loss, lowest_loss, best_loss;
    /* The iteration of the kept state, and the one in which patience starts: the lowest loss's. */
    uint64_t best_iteration, since;
    /* The field as it was at its best; and as training has left it, while the field itself is at its best. */
    struct sape_field_copy *best, *latest;
    bool has_best, has_latest;

    /* The held-out samples: an epoch's order has them behind those that are trained on. */
    size_t count;
    float *sample_loss;
    /* Theirs when their mean was lowest. */
    float *lowest_sample_loss;
    /* NULL where the samples have none. */
    float *weights;
    /* Only for a custom loss, which wants arrays. */
    float *x, *targets, *outputs, *d_outputs;
};

/* Checks what the parameters say about validation. */
sape_status sape_validation_check_params(const sape_trainer_params *params, const sape_field *field);

/* Before there has been a held-out loss; patience starts in iteration since. */
void sape_validation_begin(struct sape_validation *validation, uint64_t since);

/* Memory for the held-out samples. To be closed also when it fails. */
sape_status sape_validation_open(const sape_field *field, const struct sape_batches *batches, sape_loss loss,
                                 struct sape_validation *validation);
/* Copies the held-out samples' weights out of those of all samples; NULL for none. */
sape_status sape_validation_set_weights(struct sape_validation *validation, const struct sape_batches *batches,
                                        const float *weights);
void sape_validation_close(const sape_field *field, struct sape_validation *validation);

/* What one evaluation is of. */
struct sape_validation_call {
    const sape_trainer_params *params;
    sape_field *field;
    struct sape_pool *pool;
    const struct sape_objective *objective;
    const struct sape_batches *batches;
    struct sape_gradients *gradients;
};

/* After an iteration, inside sape_product_enter(): computes the held-out loss where it is due, and keeps what is good.
 *stop becomes SAPE_STOP_VALIDATION or SAPE_STOP_ITERATIONS. */
sape_status sape_validation_observe(struct sape_validation *validation, const struct sape_validation_call *call,
                                    uint64_t iteration, sape_stop *stop);

/* Between runs the field is at its best; before an iteration it is brought back to where training has left it. */
void sape_validation_take_best(struct sape_validation *validation, sape_field *field);
void sape_validation_resume(struct sape_validation *validation, sape_field *field);

/* Between runs: puts the field where training has left it, and back to its best, both of which are kept. */
void sape_validation_show_latest(const struct sape_validation *validation, sape_field *field);
void sape_validation_show_best(const struct sape_validation *validation, sape_field *field);

/* Checkpoints: what has been written reads back into another struct, to be taken over or closed as a whole. The
   settings, which must match, stand in params. */
sape_status sape_validation_match(const sape_safetensors *file, const sape_trainer_params *params);
sape_status sape_validation_write(const struct sape_validation *validation, const sape_trainer_params *params,
                                  const sape_field *field, sape_safetensors_writer *writer);
sape_status sape_validation_read(const sape_safetensors *file, const sape_trainer_params *params,
                                 const sape_field *field, uint64_t num_steps, struct sape_validation *validation);
/* Takes over what has been read, which cannot fail. */
void sape_validation_take(struct sape_validation *validation, struct sape_validation *read);

#endif
