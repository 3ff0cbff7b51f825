/* SPDX-License-Identifier: MIT */
/* Grid encodings in the parity test: fixtures called grid_* and train_grid_*. */
#ifndef SAPE_TESTS_PARITY_GRID_H
#define SAPE_TESTS_PARITY_GRID_H

#include "fixture.h"

void check_grid_encoding(const struct fixture *fixture);
void check_grid_training(const struct fixture *fixture);

#endif
