/* SPDX-License-Identifier: MIT */
/* Fields so small that their checkpoints are a few hundred bytes of data: one for every policy. */
#ifndef SAPE_TESTS_TINY_H
#define SAPE_TESTS_TINY_H

#include <sape/sape.h>

#define TINY_SAMPLES 6

extern const float tiny_x[TINY_SAMPLES], tiny_targets[TINY_SAMPLES];

/* NULL when there is no memory. */
sape_field *tiny_field(sape_policy policy, sape_encoding encoding);

/* With data, in batches of four. */
sape_trainer *tiny_trainer(sape_field *field, sape_optimizer_kind kind);

#endif
