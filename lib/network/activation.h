/* SPDX-License-Identifier: MIT */
/* What layers end with, as callers choose it: names, parameters, the kernels' functions, the start of the weights. */
#ifndef SAPE_LIB_ACTIVATION_H
#define SAPE_LIB_ACTIVATION_H

#include <sape/network.h>

#include "network/product.h"

/* Checks the choice, and sets a parameter of 0 to the activation's default. */
sape_status sape_activation_check(sape_network_params *params);

enum sape_function sape_activation_function(sape_activation activation);
enum sape_function sape_output_activation_function(sape_output_activation activation);

/* Bounds of a layer's initial weights and biases. */
void sape_activation_start(sape_activation activation, double parameter, bool first, size_t inputs, double *weight,
                           double *bias);

/* The names for files, as enums of state/state.h. */
const char *sape_activation_entry(unsigned activation);
const char *sape_output_activation_entry(unsigned activation);

#endif
