/* SPDX-License-Identifier: MIT */
/* A libFuzzer target: any bytes as a safetensors file, read in full, and as a checkpoint of fields and trainers. */
#include <stdlib.h>

#include "../support/tiny.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* A field that a checkpoint was let into must be fit for use. */
static void use(sape_field *field) {
    const float x[3] = {0.3f, -0.7f, 0.1f};
    const float loss = 0.5f;
    const size_t outputs = sape_network_output_dim(sape_field_network(field));
    float *values = malloc(outputs * sizeof *values);
    if (values == NULL) return;
    sape_field_predict(field, 1, x, values);
    for (int i = 0; i < 3; i++) {
        sape_mask_record(sape_field_mask(field), 1, x, &loss);
        sape_mask_step(sape_field_mask(field));
        sape_mask_advance(sape_field_mask(field));
    }
    sape_field_predict(field, 1, x, values);
    free(values);
}

static void read_tensors(const sape_safetensors *file) {
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        if (sape_safetensors_info(file, i, &info) != SAPE_OK) abort();
        double *values = malloc(info.count * sizeof *values + 1);
        if (values != NULL && sape_safetensors_read_double(file, info.name, values, info.count) != SAPE_OK) abort();
        free(values);
    }
}

static void load_field(const sape_safetensors *file) {
    sape_field *field;
    if (sape_field_from_checkpoint(file, &field) != SAPE_OK) return;
    use(field);
    sape_field_free(field);
}

/* The number may be told before the members are looked into; what is made is fit for use, and all of it. */
static void load_ensemble(const sape_safetensors *file) {
    enum { CAPACITY = 4 };
    sape_field *fields[CAPACITY];
    size_t counted, made;
    const sape_status status = sape_ensemble_count(file, &counted);
    if (sape_ensemble_from_checkpoint(file, CAPACITY, fields, &made) == SAPE_OK) {
        if (status != SAPE_OK || made != counted) abort();
        for (size_t i = 0; i < made; i++) use(fields[i]);
    }
    for (size_t i = 0; i < CAPACITY; i++) sape_field_free(fields[i]);
}

static void restore_field(const sape_safetensors *file, sape_policy policy) {
    sape_field *field = tiny_field(policy, SAPE_ENCODING_FOURIER);
    if (field == NULL) abort();
    if (sape_field_restore(field, file) == SAPE_OK) use(field);
    sape_field_free(field);
}

static void restore_trainer(const sape_safetensors *file, sape_policy policy, sape_optimizer_kind kind) {
    sape_field *field = tiny_field(policy, SAPE_ENCODING_FOURIER);
    sape_trainer *trainer = tiny_trainer(field, kind);
    if (trainer == NULL) abort();
    if (sape_trainer_restore(trainer, file) == SAPE_OK) sape_trainer_run(trainer, 3, NULL, NULL, NULL);
    sape_trainer_free(trainer);
    sape_field_free(field);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
    sape_safetensors *file;
    if (sape_safetensors_parse(bytes, size, &file) != SAPE_OK) return 0;
    read_tensors(file);
    load_field(file);
    load_ensemble(file);
    if (sape_safetensors_count(file) > 0) {
        restore_field(file, SAPE_POLICY_SPATIAL);
        restore_field(file, SAPE_POLICY_SPATIAL_FIXED);
        restore_field(file, SAPE_POLICY_VARIANCE);
        restore_trainer(file, SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM);
    }
    sape_safetensors_free(file);
    return 0;
}
