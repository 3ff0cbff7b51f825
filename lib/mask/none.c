/* SPDX-License-Identifier: MIT */
/* Policy none: every feature is revealed everywhere from the start. */
#include "mask/policy.h"

static void start(struct sape_mask *mask) {
    mask->level[0] = mask->end[0] = (uint16_t)mask->encoding_dim;
    mask->current = mask->next = mask->encoding_dim;
}

static void step(struct sape_mask *mask) {
    mask->iteration++;
}

const struct sape_policy_ops sape_none_policy = {
    .name = "none", .has_ramps = true, .pace = {3, 4}, .start = start, .record = sape_mask_record_sum, .step = step};
