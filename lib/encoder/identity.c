/* SPDX-License-Identifier: MIT */
/* The coordinates alone: no groups, no tensors. */
#include "encoder/encoding.h"

static struct sape_encoding_layout lay_out(size_t domain_dim, size_t num_frequencies) {
    (void)domain_dim;
    (void)num_frequencies;
    return (struct sape_encoding_layout){.group = 1};
}

const struct sape_encoding_ops sape_identity_encoding = {.name = "identity", .lay_out = lay_out};
