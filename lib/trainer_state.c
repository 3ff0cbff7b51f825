/* SPDX-License-Identifier: MIT */
/* What must hold between the members of a trainer and of its parts, whoever has set them: iterations or a checkpoint.
 */
#include "claims.h"
#include "error.h"
#include "trainer.h"

/* Where not all samples are in every batch, an epoch has used a number of batches, or has not begun. */
static bool epoch_holds(const sape_trainer *trainer) {
    const bool drawn = trainer->batch_size < trainer->num_training;
    if (trainer->used == trainer->num_training) return true;
    return drawn && trainer->used < trainer->num_training && trainer->used % trainer->batch_size == 0;
}

/* A generator whose state is all zero gives nothing but zeros. */
static bool random_holds(const struct sape_random *random) {
    return (random->state[0] | random->state[1] | random->state[2] | random->state[3]) != 0;
}

/* Rows of the first layer without a gradient so far are not stepped: they must not need to be. */
static bool untouched_rows_hold(const sape_trainer *trainer) {
    const struct sape_optimizer *optimizer = trainer->optimizer;
    const struct sape_layer *first = &trainer->field->network->layers[0];
    if (trainer->touched > trainer->field->network->input_dim) return false;
    for (size_t i = first->weight + trainer->touched * first->stride; i < first->bias; i++)
        if (optimizer->first[i] != 0.0f || (optimizer->second != NULL && optimizer->second[i] != 0.0f)) return false;
    return true;
}

/* Batches that the epoch under way has had, failed ones included, and those that it consists of. */
static uint64_t batches_used(const sape_trainer *trainer) {
    return trainer->has_data ? trainer->used / trainer->batch_size : 0;
}

sape_status sape_trainer_check_state(const char *function, const sape_trainer *trainer) {
    const uint64_t steps = trainer->optimizer->num_steps, batches = batches_used(trainer);
    const uint64_t epoch = trainer->has_data ? trainer->num_training / trainer->batch_size : 1;
    const struct sape_claim claims[] = {{"sape.trainer.samples_used", epoch_holds(trainer)},
                                        {"sape.trainer.random", random_holds(&trainer->random)},
                                        {"sape.trainer.features_touched", untouched_rows_hold(trainer)},
                                        {"sape.trainer.has_previous", !trainer->has_previous || steps > 0}};
    SAPE_TRY(SAPE_CHECK_CLAIMS(function, claims));
    SAPE_TRY(sape_optimizer_check_state(function, trainer->optimizer));
    SAPE_TRY(sape_convergence_check_state(function, &trainer->convergence, batches, epoch, steps));
    SAPE_TRY(sape_validation_check_state(function, &trainer->validation, trainer->params.validation_every, steps));
    if (trainer->rate != NULL) SAPE_TRY(sape_rate_check_state(function, trainer->rate, batches, epoch));
    return SAPE_OK;
}
