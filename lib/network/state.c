/* SPDX-License-Identifier: MIT */
/* Arrays of parameters as tensors of a file: a weight and a bias for each layer, behind a prefix. */
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/network.h"

/* The name of an array's index-th tensor, and its shape. */
static sape_status describe(const struct sape_rows *rows, size_t index, char *name, size_t size,
                            sape_tensor_info *info) {
    *info = (sape_tensor_info){.struct_size = sizeof *info};
    SAPE_TRY(sape_network_tensor_info(rows->context, index, info));
    snprintf(name, size, "%s%s", rows->name, info->name);
    return SAPE_OK;
}

static sape_status write(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    char name[80];
    sape_tensor_info info;
    const sape_network *network = rows->context;
    float *flat = sape_state_keep(writer, network->num_parameters, sizeof *flat);
    if (flat == NULL) return SAPE_ERROR_MEMORY;
    sape_network_export(network, *rows->values, flat);
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        SAPE_TRY(describe(rows, i, name, sizeof name, &info));
        SAPE_TRY(sape_check_finite(name, flat, info.count));
        SAPE_TRY(sape_safetensors_writer_add(writer, name, SAPE_DTYPE_F32, info.rank, info.shape, flat));
        flat += info.count;
    }
    return SAPE_OK;
}

static sape_status read_flat(const struct sape_rows *rows, const sape_safetensors *file, float *flat) {
    char name[80];
    sape_tensor_info info;
    for (size_t i = 0; i < sape_network_tensor_count(rows->context); i++) {
        SAPE_TRY(describe(rows, i, name, sizeof name, &info));
        SAPE_TRY(sape_state_expect(file, name, info.rank, info.shape));
        SAPE_TRY(sape_safetensors_read(file, name, flat, info.count));
        SAPE_TRY(sape_check_finite(name, flat, info.count));
        flat += info.count;
    }
    return SAPE_OK;
}

static sape_status read(const struct sape_rows *rows, const sape_safetensors *file) {
    const sape_network *network = rows->context;
    float *flat = SAPE_NEW_ARRAY(float, network->num_parameters);
    if (flat == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu parameters", network->num_parameters);
    const sape_status status = read_flat(rows, file, flat);
    if (status == SAPE_OK) sape_network_import(network, flat, *rows->values);
    sape_release(flat);
    return status;
}

const struct sape_rows_ops sape_parameter_rows = {sizeof(float), write, read};

void sape_network_list(const struct sape_network *network, const char *prefix, enum sape_role role, float **own,
                       struct sape_state *state) {
    const struct sape_rows rows = {.name = prefix,
                                   .ops = &sape_parameter_rows,
                                   .role = role,
                                   .values = (void **)own,
                                   .count = network->size,
                                   .context = network};
    sape_state_add_rows(state, 1, &rows);
}
