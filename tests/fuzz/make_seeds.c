/* SPDX-License-Identifier: MIT */
/* make_seeds FOLDER: writes the seed corpus, a checkpoint of every policy's tiny field, of its trainer, and of
   two fields. */
#include <stdio.h>
#include <stdlib.h>

#include "../support/tiny.h"

static void check(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s\n", sape_last_error());
    exit(1);
}

static void make_seed(const char *folder, sape_policy policy, sape_encoding encoding, sape_optimizer_kind kind) {
    char path[4096];
    sape_field *field = tiny_field(policy, encoding);
    sape_trainer *trainer = tiny_trainer(field, kind);
    if (trainer == NULL) check(SAPE_ERROR_MEMORY);
    check(sape_trainer_run(trainer, 5, NULL, NULL, NULL));
    snprintf(path, sizeof path, "%s/field_%d_%d", folder, (int)policy, (int)encoding);
    check(sape_field_save(field, path));
    snprintf(path, sizeof path, "%s/trainer_%d_%d", folder, (int)policy, (int)kind);
    check(sape_trainer_save(trainer, path));
    sape_trainer_free(trainer);
    sape_field_free(field);
}

static void make_ensemble_seed(const char *folder) {
    char path[4096];
    sape_field *const fields[] = {tiny_field(SAPE_POLICY_NONE, SAPE_ENCODING_IDENTITY),
                                  tiny_field(SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER)};
    snprintf(path, sizeof path, "%s/ensemble", folder);
    check(sape_ensemble_save(2, fields, path));
    for (size_t i = 0; i < 2; i++) sape_field_free(fields[i]);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    make_seed(argv[1], SAPE_POLICY_NONE, SAPE_ENCODING_IDENTITY, SAPE_OPTIMIZER_ADAM);
    make_seed(argv[1], SAPE_POLICY_GLOBAL, SAPE_ENCODING_POSITIONAL, SAPE_OPTIMIZER_SGD);
    make_seed(argv[1], SAPE_POLICY_GLOBAL, SAPE_ENCODING_RBF, SAPE_OPTIMIZER_ADAM);
    make_seed(argv[1], SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER, SAPE_OPTIMIZER_ADAM);
    make_seed(argv[1], SAPE_POLICY_SPATIAL, SAPE_ENCODING_PERIODIC_RBF, SAPE_OPTIMIZER_SGD);
    make_seed(argv[1], SAPE_POLICY_SPATIAL_FIXED, SAPE_ENCODING_FOURIER, SAPE_OPTIMIZER_ADAM);
    make_seed(argv[1], SAPE_POLICY_VARIANCE, SAPE_ENCODING_RBF, SAPE_OPTIMIZER_ADAM);
    make_seed(argv[1], SAPE_POLICY_VARIANCE, SAPE_ENCODING_GRID, SAPE_OPTIMIZER_SGD);
    make_ensemble_seed(argv[1]);
    return 0;
}
