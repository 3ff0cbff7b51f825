/* SPDX-License-Identifier: MIT */
#ifndef SAPE_LIB_FIELD_H
#define SAPE_LIB_FIELD_H

#include <sape/field.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "encoder/encoder.h"
#include "field/normalization.h"
#include "mask/mask.h"
#include "network/network.h"

/* Before the names of the network's tensors, as the public code has them. */
#define SAPE_NETWORK_PREFIX "model.model.model."
/* Before those of the encoder's. */
#define SAPE_ENCODER_PREFIX "model.encode."

struct sape_field {
    sape_encoder *encoder;
    sape_mask *mask;
    sape_network *network;
    struct sape_normalization normalization;
    /* Of a call; what 0 stands for has been put in its place. */
    size_t num_threads;
    /* Names of all tensors, in the order of sape_field_tensor_info(). */
    char **names;
    size_t num_tensors;
    /* The trainer that has the field, or NULL, and whether the caller has freed the field meanwhile. */
    const void *_Atomic trainer;
    bool freed;
};

/* A field has one trainer at a time, and stays until that has gone. */
sape_status sape_field_take(sape_field *field, const void *trainer);
/* Nothing happens where another trainer has it. */
void sape_field_give_back(sape_field *field, const void *trainer);

/* Tells the mask the encoder's frequencies, after a change of the encoder's tensors. */
void sape_field_update_frequencies(sape_field *field);

#endif
