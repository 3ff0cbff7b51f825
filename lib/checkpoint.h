/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint is made of. Each part adds itself to a writer, and takes its state from a file's contents. function
 * is the public function, for messages.
 */
#ifndef SAPE_LIB_CHECKPOINT_H
#define SAPE_LIB_CHECKPOINT_H

#include <sape/checkpoint.h>
#include <stdbool.h>

#include "convergence.h"
#include "mask.h"
#include "rate.h"
#include "safetensors_writer.h"
#include "validation.h"

/* Adds (count) floats to the writer; NULL when there is no memory for them, otherwise to be filled. */
float *sape_checkpoint_add_floats(sape_safetensors_writer *writer, const char *name, size_t count);

/* Whether the file has libsape's metadata; those of a newer version, and wrong ones, are errors. */
sape_status sape_checkpoint_has_metadata(const char *function, const sape_safetensors *file, bool *has);

/* Checks that the file has a tensor of that name and of the wanted shape. */
sape_status sape_checkpoint_expect(const char *function, const sape_safetensors *file, const char *name, size_t rank,
                                   const size_t *shape);

/* Checks, then reads a tensor of one axis. */
sape_status sape_checkpoint_read_row(const char *function, const sape_safetensors *file, const char *name,
                                     float *values, size_t count);

/* What the mask's tensors cannot hold: its settings, its schedule, and rows with ramps. The mask has been given the
   file's tensors; when the call fails, which it does with a twin first, it is good for nothing but to be freed. */
sape_status sape_checkpoint_add_mask(const char *function, const struct sape_mask *mask,
                                     sape_safetensors_writer *writer);
sape_status sape_checkpoint_apply_mask(const char *function, const sape_safetensors *file, struct sape_mask *mask);
/* Checks that the file's mask has the same policy. */
sape_status sape_checkpoint_match_policy(const char *function, const sape_safetensors *file,
                                         const struct sape_mask *mask);
/* Checks that the file's mask has the same policy and settings: those that are given when a mask is made. */
sape_status sape_checkpoint_match_mask(const char *function, const sape_safetensors *file, struct sape_mask *mask);

/* The same for the variance policy. */
sape_status sape_checkpoint_add_cutoff(const struct sape_mask *mask, sape_safetensors_writer *writer);
sape_status sape_checkpoint_apply_cutoff(const char *function, const sape_safetensors *file, struct sape_mask *mask);
sape_status sape_checkpoint_match_cutoff(const char *function, const sape_safetensors *file,
                                         const struct sape_mask *mask);

/* Where the samples of spatial_fixed are, axis by axis: "sape.mask.positions.0" ... */
const char *sape_checkpoint_positions_name(size_t axis);

sape_status sape_checkpoint_add_field(const char *function, const sape_field *field, sape_safetensors_writer *writer);
sape_status sape_checkpoint_make_field(const char *function, const sape_safetensors *file, sape_field **out);
/* Whether a field of this kind could be restored, found out with a twin of it. */
sape_status sape_checkpoint_check_field(const char *function, const sape_safetensors *file, const sape_field *field);
sape_status sape_checkpoint_restore_field(const char *function, const sape_safetensors *file, sape_field *field);

sape_status sape_checkpoint_add_trainer(const char *function, const sape_trainer *trainer,
                                        sape_safetensors_writer *writer);
/* What a trainer's checkpoint has on top where convergence and validation are used. */
sape_status sape_checkpoint_add_progress(const sape_trainer *trainer, sape_safetensors_writer *writer);

/* It read back, to be taken over or dropped as a whole. */
struct sape_checkpoint_progress {
    struct sape_convergence convergence;
    struct sape_validation validation;
};

sape_status sape_checkpoint_read_progress(const char *function, const sape_safetensors *file,
                                          const sape_trainer *trainer, struct sape_checkpoint_progress *progress);
void sape_checkpoint_take_progress(sape_trainer *trainer, struct sape_checkpoint_progress *progress);
void sape_checkpoint_drop_progress(struct sape_checkpoint_progress *progress);

/* The same for the locally adaptive learning rate: rows of a value a cell. */
sape_status sape_checkpoint_add_rate(const char *function, const sape_trainer *trainer,
                                     sape_safetensors_writer *writer);

struct sape_checkpoint_rate {
    uint64_t batches;
    float *rows;
};

sape_status sape_checkpoint_read_rate(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                                      struct sape_checkpoint_rate *incoming);
/* A copy of a rate with what was read in place of its own, to be checked. */
void sape_checkpoint_show_rate(const struct sape_checkpoint_rate *incoming, struct sape_rate *rate);
void sape_checkpoint_take_rate(sape_trainer *trainer, const struct sape_checkpoint_rate *incoming);

sape_status sape_checkpoint_restore_trainer(const char *function, const sape_safetensors *file, sape_trainer *trainer);

#endif
