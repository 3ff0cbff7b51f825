/* SPDX-License-Identifier: MIT */
#ifndef SAPE_LIB_FIELD_H
#define SAPE_LIB_FIELD_H

#include <sape/field.h>

#include "encoder.h"
#include "mask.h"
#include "network.h"

struct sape_field {
    sape_encoder *encoder;
    sape_mask *mask;
    sape_network *network;
    /* Of a call; what 0 stands for has been put in its place. */
    size_t num_threads;
    /* Names of all tensors, in the order of sape_field_tensor_info(). */
    char **names;
    size_t num_tensors;
};

#endif
