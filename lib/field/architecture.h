/* SPDX-License-Identifier: MIT */
/* What a field is made of: the settings that decide which checkpoints fit it, and that a checkpoint rebuilds it from.
 */
#ifndef SAPE_LIB_ARCHITECTURE_H
#define SAPE_LIB_ARCHITECTURE_H

#include "field/field.h"

struct sape_architecture {
    sape_encoding encoding;
    bool identity;
    size_t domain_dim, num_frequencies;
    /* Of a grid encoding; 0 for others. */
    size_t num_levels, features_per_level, base_resolution, finest_resolution, log2_table_size;
    double growth;
    sape_interpolation interpolation;
    sape_policy policy;
    bool gradual;
    size_t mask_dim, resolution;
    size_t hidden_dim, num_layers, output_dim;
    sape_activation activation;
    sape_output_activation output_activation;
    double activation_parameter;
    /* What the parameters were computed with. Any field may take them over. */
    sape_precision precision;
};

struct sape_architecture sape_architecture_of(const sape_field *field);

void sape_architecture_list(struct sape_architecture *architecture, struct sape_state *state);

/* A field of the file's architecture; its state is yet to be read. */
sape_status sape_architecture_build(const sape_safetensors *file, sape_field **out);

#endif
