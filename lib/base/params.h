/* SPDX-License-Identifier: MIT */
/* Structs that begin with their size: taking one in from a program built with older or newer headers, and back. */
#ifndef SAPE_LIB_PARAMS_H
#define SAPE_LIB_PARAMS_H

#include <sape/status.h>

/*
 * Fills the caller's struct of caller_size bytes with the defaults (known_size bytes, whose first member is a size_t
 * that becomes caller_size); bytes past those known are zeroed.
 */
void sape_params_init(void *caller, size_t caller_size, const void *defaults, size_t known_size);

/*
 * Reads the caller's struct into known, which holds the defaults: fields an older caller does not have keep them. A
 * larger struct of a newer caller is taken only when all it has on top is zero.
 */
sape_status sape_params_read(void *known, size_t known_size, const void *caller);

/* Checks the size of a struct that sape_params_write() is to write to, for calls that do something before. */
sape_status sape_params_check_output(const void *caller);

/* Writes known to the caller's struct, as much of it as the caller has. */
sape_status sape_params_write(void *caller, const void *known, size_t known_size);

#endif
