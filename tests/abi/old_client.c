/* SPDX-License-Identifier: MIT */
/*
 * A program built with the headers of 0.1.0 (tests/abi/include-0.1.0), run with the library of today. Every struct that
 * it hands over ends where a page ends that is followed by one that can be neither read nor written: a library that
 * touches more than the program knows of crashes it.
 */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if SAPE_VERSION != 100
#error "to be built with the headers of 0.1.0"
#endif

/* Bytes that the program claims to have beyond its result, to see that such a lie is found. */
#ifndef LIE
#define LIE 0
#endif

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("FAILED: line %d: %s (%s)\n", __LINE__, #condition, sape_last_error());                             \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
#define OK(call) EXPECT((call) == SAPE_OK)

/* A struct of the given size at the end of the last page that may be touched; its bytes are 0xA5. */
static void *at_the_edge(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
    return memset(pages + page - size, 0xA5, size);
}

/* A parameter struct with its defaults; init must have set every byte. */
#define NEW(type, name)                                                                                                \
    type *name = at_the_edge(sizeof(type));                                                                            \
    type##_init(name, sizeof(type));                                                                                   \
    EXPECT(name->struct_size == sizeof(type))

static size_t num_reports;

static int progress(void *user, const sape_progress *report) {
    EXPECT(user == &num_reports && report->struct_size >= sizeof(sape_progress));
    num_reports++;
    EXPECT(report->iteration == num_reports && report->num_iterations == 40);
    EXPECT(report->loss > 0.0 && report->revealed > 0.0 && report->revealed <= 1.0);
    EXPECT(report->learning_rate == 2e-3 && report->seconds >= 0.0);
    return num_reports == 30;
}

static int half_of_mse(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                       const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    EXPECT(user == NULL && x != NULL);
    OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss));
    for (size_t i = 0; i < n * output_dim; i++) d_outputs[i] *= 0.5f;
    *loss *= 0.5;
    return 0;
}

enum { N = 21 };

int main(void) {
    EXPECT(sape_version() >= SAPE_VERSION);
    EXPECT(strcmp(sape_status_string(SAPE_ERROR_CALLBACK), "SAPE_ERROR_CALLBACK") == 0);

    NEW(sape_encoder_params, encoder);
    EXPECT(encoder->kind == SAPE_ENCODING_FOURIER && encoder->domain_dim == 2 && encoder->num_frequencies == 256);
    EXPECT(encoder->std == 20.0 && encoder->seed == 0 && encoder->include_identity == 0);
    NEW(sape_mask_params, mask);
    EXPECT(mask->policy == SAPE_POLICY_SPATIAL && mask->resolution == 64 && mask->num_iterations == 1000);
    EXPECT(mask->epsilon == 1e-3 && mask->samples == NULL && mask->num_samples == 0);
    NEW(sape_network_params, network);
    EXPECT(network->output_dim == 3 && network->hidden_dim == 256 && network->num_layers == 3 && network->seed == 0);
    NEW(sape_optimizer_params, optimizer);
    EXPECT(optimizer->kind == SAPE_OPTIMIZER_ADAM && optimizer->learning_rate == 1e-3 && optimizer->beta1 == 0.9);
    EXPECT(optimizer->decay_iterations == 1000 && optimizer->warmup_iterations == 0);
    NEW(sape_trainer_params, trainer_params);
    EXPECT(trainer_params->loss == SAPE_LOSS_MSE && trainer_params->progress_every == 1);

    float x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i - N / 2) / (float)(N / 2);
        y[i] = x[i] * x[i];
    }
    encoder->domain_dim = 1;
    encoder->num_frequencies = 16;
    encoder->std = 2.0;
    mask->num_iterations = 40;
    mask->num_blocks = 4;
    mask->resolution = 8;
    network->output_dim = 1;
    network->hidden_dim = 32;
    optimizer->learning_rate = 2e-3;
    trainer_params->loss = SAPE_LOSS_CUSTOM;
    trainer_params->loss_fn = half_of_mse;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    OK(sape_field_create(encoder, mask, network, &field));
    OK(sape_trainer_create(trainer_params, optimizer, field, &trainer));
    OK(sape_trainer_set_data(trainer, N, x, y));
    sape_result *result = at_the_edge(sizeof *result);
    result->struct_size = sizeof *result + LIE;
    OK(sape_trainer_run(trainer, 40, progress, &num_reports, result));
    EXPECT(result->iterations == 30 && result->stop == SAPE_STOP_CALLBACK && num_reports == 30);
    EXPECT(result->loss > 0.0 && result->loss < 0.1 && result->seconds > 0.0);
    EXPECT(result->struct_size == sizeof *result);

    sape_mask_state *state = at_the_edge(sizeof *state);
    state->struct_size = sizeof *state;
    OK(sape_mask_get_state(sape_field_mask(field), state));
    EXPECT(state->iteration == 30 && state->num_cells == 8 && state->cells_in_progress <= 8);
    EXPECT(state->block_size == 8 && state->block_iterations == 5);

    sape_tensor_info *info = at_the_edge(sizeof *info);
    info->struct_size = sizeof *info;
    EXPECT(sape_field_tensor_count(field) > 0);
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        OK(sape_field_tensor_info(field, i, info));
        size_t count = 1;
        for (size_t axis = 0; axis < info->rank; axis++) count *= info->shape[axis];
        EXPECT(info->struct_size == sizeof *info && info->name != NULL && info->count == count);
        EXPECT(info->dtype >= SAPE_DTYPE_F32 && info->dtype <= SAPE_DTYPE_BOOL && info->reserved == 0);
    }

    size_t width = sape_encoder_encoding_dim(sape_field_encoder(field));
    float *weights = malloc(N * width * sizeof *weights), outputs[N], again[N];
    EXPECT(weights != NULL);
    NEW(sape_predict_options, options);
    options->weights = weights;
    OK(sape_field_predict_with(field, options, N, x, outputs));
    for (size_t i = 0; i < N * width; i++) EXPECT(weights[i] >= 0.0f && weights[i] <= 1.0f);

    sape_safetensors *checkpoint = NULL;
    sape_field *loaded = NULL;
    OK(sape_trainer_checkpoint(trainer, &checkpoint));
    for (size_t i = 0; i < sape_safetensors_count(checkpoint); i++) OK(sape_safetensors_info(checkpoint, i, info));
    OK(sape_safetensors_find(checkpoint, "mask_stashed", info));
    OK(sape_field_from_checkpoint(checkpoint, &loaded));
    OK(sape_field_predict(loaded, N, x, again));
    EXPECT(memcmp(outputs, again, sizeof outputs) == 0);

    sape_encoder *alone = NULL;
    sape_mask *mask_alone = NULL;
    OK(sape_encoder_create(encoder, &alone));
    mask->domain_dim = 1;
    mask->encoding_dim = sape_encoder_encoding_dim(alone);
    OK(sape_mask_create(mask, &mask_alone));
    OK(sape_encoder_tensor_info(alone, 0, info));
    OK(sape_mask_tensor_info(mask_alone, 0, info));

    sape_mask_free(mask_alone);
    sape_encoder_free(alone);
    free(weights);
    sape_field_free(loaded);
    sape_safetensors_free(checkpoint);
    sape_trainer_free(trainer);
    sape_field_free(field);
    printf("built with %d.%d.%d, runs with %s\n", SAPE_VERSION_MAJOR, SAPE_VERSION_MINOR, SAPE_VERSION_PATCH,
           sape_version_string());
    return 0;
}
