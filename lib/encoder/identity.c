/* SPDX-License-Identifier: MIT */
/* The coordinates alone: no groups, no tensors. */
#include "encoder/encoding.h"

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    (void)params;
    return (struct sape_encoding_layout){.group = 1};
}

const struct sape_encoding_ops sape_identity_encoding = {.name = "identity", .lay_out = lay_out};
