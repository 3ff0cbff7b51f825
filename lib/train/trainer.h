/* SPDX-License-Identifier: MIT */
/* The trainer: its parts, each of which owns its state and knows nothing of the trainer. */
#ifndef SAPE_LIB_TRAINER_H
#define SAPE_LIB_TRAINER_H

#include <sape/trainer.h>

#include "train/average.h"
#include "train/clip.h"
#include "train/history.h"
#include "train/ranks.h"
#include "train/session.h"
#include "train/updater.h"

struct sape_trainer {
    sape_trainer_params params;
    sape_field *field;
    struct sape_pool *pool;
    /* While one of the caller's functions may be running, which must not change the trainer. */
    bool inside;
    /* While that function is a progress callback, which may change the learning rate. */
    bool reporting;
    /* Of the samples' order and the target points' draw. */
    struct sape_random random;
    struct sape_objective objective;
    struct sape_updater updater;
    struct sape_clip clip;
    struct sape_average average;
    struct sape_history history;
    struct sape_ranks ranks;
    /* What goes with the samples; never NULL. */
    struct sape_session *session;
};

/* Refuses what would change the trainer from within a callback. */
sape_status sape_trainer_check_outside(const sape_trainer *trainer);

/* The lists of all parts but the field and validation; has_previous: with the parameters before the last step. */
struct sape_state sape_trainer_state(const sape_trainer *trainer, bool has_previous);

/* Adds the trainer's state, its field's included, to what is written. */
sape_status sape_trainer_write(const sape_trainer *trainer, sape_safetensors_writer *writer);

/* Restores the file's state; nothing changes when it fails. */
sape_status sape_trainer_read(const sape_safetensors *file, sape_trainer *trainer);

#endif
