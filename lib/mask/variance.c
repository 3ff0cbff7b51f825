/* SPDX-License-Identifier: MIT */
/* Policy variance: a low-pass filter in place of rows, see cutoff.h. */
#include "mask/policy.h"

static void step(struct sape_mask *mask) {
    mask->iteration++;
    if (sape_cutoff_set_iteration(mask->cutoff, mask->iteration)) mask->version++;
}

const struct sape_policy_ops sape_variance_policy = {.name = "variance",
                                                     .has_cutoffs = true,
                                                     .has_resolution = true,
                                                     .first_tensor = SAPE_SIGMA,
                                                     .num_tensors = 1,
                                                     .pace = {3, 4},
                                                     .check = sape_mask_check_cube,
                                                     .place = sape_mask_place_cube,
                                                     .record = sape_mask_record_sum,
                                                     .step = step};
