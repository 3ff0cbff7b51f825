/* SPDX-License-Identifier: MIT */
/*
 * huge [SAMPLES]: evaluates a small field on more values than 32 bits can count, 2^31 coordinates by default.
 * The arrays are windows on a few megabytes of memory, mapped one behind the other, so that any machine can do it.
 */
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIM 3
/* Floats of the memory that is really there: whole pages, and whole samples. */
#define WINDOW ((size_t)DIM << 20)

/* At least `count` floats, of which every WINDOW-th is the same. */
static float *map_repeated(size_t count) {
    const size_t bytes = WINDOW * sizeof(float), windows = (count + WINDOW - 1) / WINDOW;
    const int file = memfd_create("huge", 0);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) return NULL;
    char *start = mmap(NULL, windows * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return NULL;
    for (size_t i = 0; i < windows; i++)
        if (mmap(start + i * bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            return NULL;
    close(file);
    return (float *)start;
}

static int check(sape_status status, const char *what) {
    if (status == SAPE_OK) return 1;
    fprintf(stderr, "%s: %s: %s\n", what, sape_status_string(status), sape_last_error());
    return 0;
}

static sape_field *new_field(void) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = SAPE_ENCODING_IDENTITY;
    encoder.domain_dim = DIM;
    mask.policy = SAPE_POLICY_NONE;
    network.hidden_dim = 1;
    network.num_layers = 1;
    network.output_dim = 1;
    return check(sape_field_create(&encoder, &mask, &network, &field), "create") ? field : NULL;
}

/* The outputs of the last window were written last: they must be those of its samples asked for alone. */
static int same_as_alone(const sape_field *field, size_t n, const float *x, const float *outputs) {
    const size_t samples = WINDOW / DIM, first = (n - 1) / samples * samples;
    for (size_t sample = first; sample < n; sample += 997) {
        float alone;
        if (!check(sape_field_predict(field, 1, x + sample * DIM, &alone), "predict")) return 0;
        if (alone != outputs[sample])
            return fprintf(stderr, "sample %zu: %g, alone %g\n", sample, (double)outputs[sample], (double)alone), 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    const size_t n = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : ((size_t)1 << 31) / DIM + 1;
    float *x = map_repeated(n * DIM), *outputs = map_repeated(n);
    sape_field *field = new_field();
    if (x == NULL || outputs == NULL || field == NULL) return 1;
    for (size_t i = 0; i < WINDOW; i++) x[i] = (float)(i % 2048) / 1024.0f - 1.0f;
    const int good = check(sape_field_predict(field, n, x, outputs), "predict") && same_as_alone(field, n, x, outputs);
    printf("%zu samples, %zu coordinates: %s\n", n, n * DIM, good ? "good" : "wrong");
    sape_field_free(field);
    return good ? 0 : 1;
}
