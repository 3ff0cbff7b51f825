/* SPDX-License-Identifier: MIT */
/* A trainer's state: the lists of its parts, what must hold between them, and how a checkpoint's becomes the trainer's.
 */
#include "base/error.h"
#include "state/claims.h"
#include "state/file.h"
#include "train/trainer.h"

/* The trainer's own list, without the field's; validation is not for several ranks, and has files in its state. */
static void list_state(sape_trainer *trainer, bool has_previous, struct sape_state *state) {
    struct sape_session *session = trainer->session;
    uint64_t *random = trainer->random.state;
    const struct sape_entry own[] = {
        {"sape.trainer.num_samples", SAPE_ENTRY_SIZE, SAPE_OWN_SETTING, &session->samples.count, NULL},
        {"sape.trainer.batch_size", SAPE_ENTRY_SIZE, SAPE_OWN_SETTING, &session->batches.size, NULL},
        {"sape.trainer.random.0", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &random[0], NULL},
        {"sape.trainer.random.1", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &random[1], NULL},
        {"sape.trainer.random.2", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &random[2], NULL},
        {"sape.trainer.random.3", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &random[3], NULL}};
    static const size_t one = 1;
    const struct sape_usual_entry accumulate = {
        {"sape.trainer.accumulate", SAPE_ENTRY_SIZE, SAPE_OWN_SETTING, &trainer->params.accumulate, NULL}, &one};
    sape_objective_list_state(&trainer->objective, state);
    sape_state_add(state, sizeof own / sizeof *own, own);
    sape_state_add_usual(state, 1, &accumulate);
    sape_updater_list_state(&trainer->updater, trainer->field, has_previous, state);
    sape_average_list_state(&trainer->average, trainer->field, has_previous, state);
    sape_batches_list_state(&session->batches, state);
    if (session->rate != NULL) sape_rate_list_state(session->rate, state);
}

struct sape_state sape_trainer_state(const sape_trainer *trainer, bool has_previous) {
    struct sape_state state = {.num_entries = 0};
    list_state((sape_trainer *)trainer, has_previous, &state);
    if (sape_convergence_watched(&trainer->params)) sape_convergence_list_state(&trainer->session->convergence, &state);
    if (trainer->history.capacity > 0) sape_history_list_state((struct sape_history *)&trainer->history, &state);
    return state;
}

/* A generator whose state is all zero gives nothing but zeros. */
static bool random_holds(const struct sape_random *random) {
    return (random->state[0] | random->state[1] | random->state[2] | random->state[3]) != 0;
}

/* Checks what must hold between the members of a trainer's parts, but for validation and the field; `drawn` are batches
   as these samples begin with. */
static sape_status check_state(const sape_trainer *trainer, const struct sape_batches *drawn) {
    const struct sape_session *session = trainer->session;
    const uint64_t steps = trainer->updater.optimizer->num_steps;
    const struct sape_claim claims[] = {{"sape.trainer.random", random_holds(&trainer->random)}};
    SAPE_TRY(SAPE_CHECK_CLAIMS(claims));
    SAPE_TRY(sape_updater_check_state(&trainer->updater, trainer->field->network));
    if (session->samples.count > 0) SAPE_TRY(sape_batches_check_state(&session->batches, drawn));
    SAPE_TRY(sape_convergence_check_state(&session->convergence, sape_batches_used(&session->batches),
                                          sape_batches_of_epoch(&session->batches), steps));
    SAPE_TRY(sape_history_check_state(&trainer->history, steps));
    return session->rate == NULL ? SAPE_OK : sape_rate_check_state(session->rate, &session->batches);
}

sape_status sape_trainer_write(const sape_trainer *trainer, sape_safetensors_writer *writer) {
    const struct sape_session *session = trainer->session;
    sape_table_updater_unpack((struct sape_table_updater *)&trainer->updater.tables, trainer->field);
    const struct sape_state state = sape_trainer_state(trainer, trainer->updater.has_previous);
    SAPE_TRY(check_state(trainer, &session->batches));
    SAPE_TRY(sape_field_write(trainer->field, NULL, writer));
    SAPE_TRY(sape_state_write(&state, writer));
    return sape_validation_write(&session->validation, &trainer->params, trainer->field, writer);
}

/* A trainer's state apart from the trainer. */
struct copy {
    sape_trainer trainer;
    struct sape_optimizer optimizer, table_optimizer;
    struct sape_session session;
    struct sape_rate rate;
    struct sape_field_copy *field;
};

static sape_status open_copy(const sape_trainer *trainer, struct copy *copy) {
    copy->trainer = *trainer;
    copy->optimizer = *trainer->updater.optimizer;
    copy->session = *trainer->session;
    copy->trainer.updater.optimizer = &copy->optimizer;
    if (trainer->updater.tables.optimizer != NULL) {
        copy->table_optimizer = *trainer->updater.tables.optimizer;
        copy->trainer.updater.tables.optimizer = &copy->table_optimizer;
    }
    copy->trainer.session = &copy->session;
    copy->session.batches.samples = &copy->session.samples;
    sape_convergence_begin(&copy->session.convergence);
    sape_history_begin(&copy->trainer.history);
    sape_validation_begin(&copy->session.validation, 0);
    copy->session.validation.count = trainer->session->validation.count;
    if (trainer->session->rate != NULL) {
        copy->rate = *trainer->session->rate;
        copy->session.rate = &copy->rate;
    }
    const struct sape_state state = sape_trainer_state(&copy->trainer, true);
    SAPE_TRY(sape_state_open(&state));
    return sape_field_copy_create(trainer->field, &copy->field);
}

static void close_copy(const sape_trainer *trainer, struct copy *copy) {
    const struct sape_state state = sape_trainer_state(&copy->trainer, true);
    sape_state_close(&state);
    sape_validation_close(trainer->field, &copy->session.validation);
    sape_field_copy_free(trainer->field, copy->field);
}

/* Whether the adaptive rate is on in both, or off. */
static sape_status match_rate(const sape_safetensors *file, const sape_trainer *trainer) {
    const bool on = trainer->session->rate != NULL, stored = sape_safetensors_metadata(file, "sape.rate.alpha_min");
    if (on == stored) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "the adaptive rate is %s, but the checkpoint is of a training run %s one",
                     on ? "on" : "off", stored ? "with" : "without");
}

/* Without it, in a file of a run that had no such wish, convergence is watched from here on; and so begins a history.
 */
static struct sape_state stored_state(const sape_safetensors *file, const sape_trainer *trainer, bool has_previous) {
    struct sape_state state = {.num_entries = 0};
    list_state((sape_trainer *)trainer, has_previous, &state);
    if (sape_convergence_watched(&trainer->params) && sape_safetensors_metadata(file, "sape.convergence.best") != NULL)
        sape_convergence_list_state(&trainer->session->convergence, &state);
    if (trainer->history.capacity > 0 && sape_history_stored(&trainer->history, file))
        sape_history_list_state((struct sape_history *)&trainer->history, &state);
    return state;
}

static sape_status read_copy(const sape_safetensors *file, const sape_trainer *trainer, struct copy *copy) {
    const struct sape_state entries = stored_state(file, &copy->trainer, false);
    SAPE_TRY(sape_state_match(&entries, file));
    SAPE_TRY(sape_validation_match(file, &trainer->params));
    SAPE_TRY(match_rate(file, trainer));
    SAPE_TRY(sape_state_read_entries(&entries, file));
    const struct sape_state rows = stored_state(file, &copy->trainer, copy->trainer.updater.has_previous);
    SAPE_TRY(sape_state_read_rows(&rows, file));
    SAPE_TRY(check_state(&copy->trainer, &trainer->session->batches));
    SAPE_TRY(sape_validation_read(file, &trainer->params, trainer->field, copy->optimizer.num_steps,
                                  &copy->session.validation));
    return sape_field_copy_read(file, trainer->field, copy->field);
}

/* Nothing of this can fail. */
static void take_copy(sape_trainer *trainer, struct copy *copy) {
    struct sape_session *session = trainer->session;
    const struct sape_state from = sape_trainer_state(&copy->trainer, true), to = sape_trainer_state(trainer, true);
    sape_state_copy(&from, &to);
    session->convergence = copy->session.convergence;
    sape_validation_take(&session->validation, &copy->session.validation);
    sape_field_copy_take(copy->field, trainer->field);
    trainer->updater.tables.whole = true;
    session->batches.placed = false;
    trainer->ranks.agreed = false;
    if (session->rate != NULL) sape_rate_update(session->rate);
    /* Rows that have not been touched may have a gradient from before. */
    if (session->samples.count > 0)
        sape_gradients_clear_rows(&session->gradients, trainer->field->network, trainer->updater.touched,
                                  trainer->field->network->input_dim);
}

sape_status sape_trainer_read(const sape_safetensors *file, sape_trainer *trainer) {
    struct copy copy = {.session.rate = NULL};
    bool metadata;
    SAPE_TRY(sape_trainer_check_outside(trainer));
    SAPE_TRY(sape_file_has_metadata(file, &metadata));
    if (!metadata || sape_safetensors_metadata(file, "sape.trainer.loss") == NULL)
        return sape_fail(SAPE_ERROR_NOT_FOUND, "this checkpoint does not contain a trainer");
    SAPE_TRY(sape_field_match(file, trainer->field));
    sape_status status = open_copy(trainer, &copy);
    if (status == SAPE_OK) status = read_copy(file, trainer, &copy);
    if (status == SAPE_OK) take_copy(trainer, &copy);
    close_copy(trainer, &copy);
    return status;
}
