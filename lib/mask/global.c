/* SPDX-License-Identifier: MIT */
/* Policy global: block by block, everywhere at once, until a batch's loss has been low enough. */
#include <math.h>

#include "mask/policy.h"

static void step(struct sape_mask *mask) {
    const double loss = mask->loss_count > 0.0 ? mask->loss_sum / mask->loss_count : INFINITY;
    if (loss < mask->best_loss) mask->best_loss = loss;
    mask->loss_sum = mask->loss_count = 0.0;
    mask->iteration++;
    if (!(mask->best_loss < mask->epsilon)) sape_mask_ramp_step(mask);
}

const struct sape_policy_ops sape_global_policy = {.name = "global",
                                                   .has_ramps = true,
                                                   .num_tensors = 1,
                                                   .pace = {3, 4},
                                                   .record = sape_mask_record_sum,
                                                   .step = step,
                                                   .advance = sape_mask_reveal};
