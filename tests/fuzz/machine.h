/* SPDX-License-Identifier: MIT */
/*
 * The call machine of fuzz_calls.c: the handles that there are, arrays for the calls' arguments, and the fuzzer's
 * input, from which everything is chosen.
 */
#ifndef SAPE_TESTS_FUZZ_MACHINE_H
#define SAPE_TESTS_FUZZ_MACHINE_H

#include <sape/sape.h>

#include "bytes.h"
#include "insist.h"

/* Handles of each kind that can be there at once. A trainer borrows the field of its slot. */
#define SLOTS 2
/* The largest number of samples of a call, and of floats that any array of a call may need. */
#define MAX_SAMPLES 20
#define MAX_FLOATS (1u << 14)
/* The most values of a regular grid that a call computes, which is what takes long. */
#define MAX_GRID (1u << 10)

struct machine {
    struct bytes bytes;
    sape_encoder *encoders[SLOTS];
    sape_mask *masks[SLOTS];
    sape_network *networks[SLOTS];
    sape_optimizer *optimizers[SLOTS];
    sape_field *fields[SLOTS];
    sape_trainer *trainers[SLOTS];
    sape_safetensors *checkpoints[SLOTS];
    /* A trainer's samples and target points, which must stay while it has them; the others may be filled. */
    float *data_x[SLOTS], *data_targets[SLOTS], *points[SLOTS], *spare_x, *spare_targets, *spare_points;
    /* SAPE_MAX_ENCODING_DIM of them, ascending. */
    double *frequencies;
    sape_cutoff_params cutoff;
    float *a, *b, *c, *d;
};

size_t take_slot(struct machine *machine);

/* Whether an array of count rows of so many floats fits into the machine's. */
int fits(size_t rows, size_t columns);

/* At most MAX_SAMPLES, 0 where so many rows do not fit. */
size_t take_samples(struct machine *machine, size_t columns);

/* Parameters: the initialiser's values, some of them replaced. They may point into the machine. */
sape_encoder_params take_encoder_params(struct machine *machine);
sape_mask_params take_mask_params(struct machine *machine);
sape_network_params take_network_params(struct machine *machine);
sape_optimizer_params take_optimizer_params(struct machine *machine);

/* Calls: make_ replaces the handle of a slot. */
typedef void call_fn(struct machine *machine);

/* calls_parts.c */
call_fn make_encoder, make_mask, make_network, make_optimizer;
call_fn encode, read_mask, drive_mask, place_mask, set_mask_signal, set_mask_tensor, use_network, step_optimizer;

/* calls_field.c */
call_fn make_field, make_checkpoint, predict, predict_grid, backward, differentiate, set_field_tensor, update_field;
call_fn restore, field_from_checkpoint;
void free_field(struct machine *machine, size_t slot);

/* calls_trainer.c */
call_fn make_trainer, set_data, set_points, set_sampler, set_jacobian_loss, set_adaptive_rate, set_reduce, run;

/* calls_signal.c */
call_fn evaluate_loss, evaluate_chamfer, use_window, use_filter, propose_bandwidth, describe;

#endif
