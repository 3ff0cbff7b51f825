/* SPDX-License-Identifier: MIT */
/*
 * soak ITERATIONS [SECONDS]: trains the 1D task for so many iterations, and again until so many seconds are over. Ends
 * with 0 when memory has not grown, every loss was finite and every counter is right.
 */
#include <math.h>
#include <sape/sape.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 26
/* Iterations before memory is first looked at, and how much it may grow from there: what the C library keeps for
   itself. */
#define SETTLED 1000
#define MAX_GROWTH (1u << 20)

static size_t resident_bytes(void) {
    size_t total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static bool check(sape_status status) {
    if (status == SAPE_OK) return true;
    fprintf(stderr, "%s: %s\n", sape_status_string(status), sape_last_error());
    return false;
}

struct watch {
    uint64_t calls;
    bool finite;
};

static int on_progress(void *user, const sape_progress *progress) {
    struct watch *watch = user;
    watch->calls++;
    watch->finite = watch->finite && isfinite(progress->loss);
    return 0;
}

static bool make(uint64_t iterations, const float *x, const float *y, sape_field **field, sape_trainer **trainer) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    encoder.domain_dim = 1;
    encoder.std = 5.0;
    mask.resolution = 12;
    mask.num_iterations = (size_t)iterations;
    mask.epsilon = 1e-5;
    network.output_dim = 1;
    network.hidden_dim = 32;
    network.num_layers = 2;
    optimizer.learning_rate = 1e-5;
    return check(sape_field_create(&encoder, &mask, &network, field)) &&
           check(sape_trainer_create(NULL, &optimizer, *field, trainer)) &&
           check(sape_trainer_set_data(*trainer, SAMPLES, x, y));
}

static bool counters_right(const sape_field *field, const struct watch *watch, uint64_t iterations) {
    sape_mask_state state = {.struct_size = sizeof state};
    if (!check(sape_mask_get_state(sape_field_mask(field), &state))) return false;
    if (state.iteration == iterations && watch->calls == iterations && watch->finite) return true;
    fprintf(stderr, "%llu iterations, %llu reports, the mask counts %llu; losses %s finite\n",
            (unsigned long long)iterations, (unsigned long long)watch->calls, (unsigned long long)state.iteration,
            watch->finite ? "all" : "not all");
    return false;
}

/* One training run, from its making to its end. */
static bool train(uint64_t iterations) {
    float x[SAMPLES], y[SAMPLES];
    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    struct watch watch = {.finite = true};
    sape_result result = {.struct_size = sizeof result};
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (SAMPLES - 1);
        y[i] = 0.5f * sinf(0.01f * powf(2.0f * x[i] + 4.0f, 4.5f));
    }
    const uint64_t settled = iterations < SETTLED ? iterations : SETTLED;
    bool good = make(iterations, x, y, &field, &trainer) &&
                check(sape_trainer_run(trainer, settled, on_progress, &watch, &result));
    const size_t before = resident_bytes();
    good = good && check(sape_trainer_run(trainer, iterations - settled, on_progress, &watch, &result)) &&
           counters_right(field, &watch, iterations);
    const size_t after = resident_bytes();
    if (good && after > before + MAX_GROWTH) good = fprintf(stderr, "memory grew from %zu to %zu\n", before, after) < 0;
    sape_trainer_free(trainer);
    sape_field_free(field);
    printf("%llu iterations, loss %.3g, %.1f s, %.1f MB resident, %+.2f MB since iteration %llu\n",
           (unsigned long long)iterations, result.loss, result.seconds, (double)after / 1e6,
           ((double)after - (double)before) / 1e6, (unsigned long long)settled);
    fflush(stdout);
    return good;
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: soak ITERATIONS [SECONDS]\n"), 2;
    const uint64_t iterations = strtoull(argv[1], NULL, 10);
    const time_t end = time(NULL) + (argc > 2 ? atol(argv[2]) : 0);
    size_t first = 0;
    do {
        if (!train(iterations)) return 1;
        if (first == 0) first = resident_bytes();
    } while (time(NULL) < end);
    const size_t last = resident_bytes();
    if (last <= first + MAX_GROWTH) return 0;
    return fprintf(stderr, "memory grew from %zu to %zu over the trainings\n", first, last), 1;
}
