/* SPDX-License-Identifier: MIT */
#ifndef SAPE_LIB_ENSEMBLE_H
#define SAPE_LIB_ENSEMBLE_H

#include <sape/ensemble.h>

/* Checks that these can be an ensemble: they are there, and of one size. */
sape_status sape_ensemble_check(size_t num_fields, sape_field *const *fields);

#endif
