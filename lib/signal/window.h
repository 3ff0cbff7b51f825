/* SPDX-License-Identifier: MIT */
/* Checks that calls on sampled signals share. */
#ifndef SAPE_LIB_WINDOW_H
#define SAPE_LIB_WINDOW_H

#include <sape/window.h>

sape_status sape_check_boundary(sape_boundary boundary);

/* Checks a signal's shape; *count becomes the number of its values. */
sape_status sape_check_shape(size_t dim, const size_t *size, size_t channels, size_t *count);

#endif
