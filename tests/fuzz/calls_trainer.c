/* SPDX-License-Identifier: MIT */
/* Calls of trainers, with callbacks that do anything. */
#include "machine.h"

static int loss_function(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                         const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    struct machine *machine = user;
    (void)x;
    (void)outputs;
    (void)targets;
    take_floats(&machine->bytes, n * output_dim, d_outputs);
    take_floats(&machine->bytes, n, sample_loss);
    *loss = take_double(&machine->bytes);
    return take_byte(&machine->bytes) >= 250;
}

static sape_trainer_params take_trainer_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = (sape_loss)(take_byte(bytes) % 7 - 1);
    params.loss_fn = params.loss == SAPE_LOSS_CUSTOM ? loss_function : NULL;
    params.loss_user = machine;
    params.batch_size = take_size(bytes);
    params.num_threads = take_threads(bytes);
    params.progress_every = take_size(bytes);
    const uint8_t which = take_byte(bytes);
    if (which & 1) params.tolerance = take_double(bytes);
    if (which & 2) params.patience = take_size(bytes);
    if (which & 4) params.min_improvement = take_double(bytes);
    if (which & 8) params.validation_share = take_double(bytes);
    if (which & 16) params.validation_every = take_size(bytes);
    if (which & 32) params.validation_patience = take_size(bytes);
    if (which & 64) params.seed = take_byte(bytes);
    return params;
}

void make_trainer(struct machine *machine) {
    const size_t i = take_slot(machine);
    const sape_optimizer_params optimizer = take_optimizer_params(machine);
    const sape_trainer_params params = take_trainer_params(machine);
    sape_trainer_free(machine->trainers[i]);
    const sape_status status = sape_trainer_create(&params, &optimizer, machine->fields[i], &machine->trainers[i]);
    insist((machine->trainers[i] == NULL) == (status != SAPE_OK), "sape_trainer_create");
}

static void swap(float **a, float **b) {
    float *kept = *a;
    *a = *b;
    *b = kept;
}

/* The trainer keeps the arrays it has when it refuses new ones, and those must not change. */
void set_data(struct machine *machine) {
    const size_t i = take_slot(machine);
    const size_t outputs = sape_network_output_dim(sape_field_network(machine->fields[i]));
    const size_t n = take_samples(machine, outputs);
    float *targets = machine->spare_targets;
    take_floats(&machine->bytes, n * 3, machine->spare_x);
    take_floats(&machine->bytes, n * outputs, targets);
    if (take_byte(&machine->bytes) & 1)
        for (size_t k = 0; k < n * outputs; k++) targets[k] = targets[k] > 0.0f ? 1.0f : 0.0f;
    if (take_byte(&machine->bytes) >= 230) targets = NULL;
    if (sape_trainer_set_data(machine->trainers[i], n, machine->spare_x, targets) != SAPE_OK) return;
    swap(&machine->spare_x, &machine->data_x[i]);
    swap(&machine->spare_targets, &machine->data_targets[i]);
}

void set_points(struct machine *machine) {
    const size_t i = take_slot(machine);
    const size_t m = take_samples(machine, sape_network_output_dim(sape_field_network(machine->fields[i])));
    take_floats(&machine->bytes, MAX_SAMPLES * 3, machine->spare_points);
    const size_t per_iteration = take_size(&machine->bytes);
    /* Only up to three outputs make a point. */
    if (sape_trainer_set_target_points(machine->trainers[i], m, machine->spare_points, per_iteration) == SAPE_OK)
        swap(&machine->spare_points, &machine->points[i]);
}

/* Fills what the size of the trainer's field asks for; the machine knows it by the slot. */
static int sample(struct machine *machine, size_t i, size_t n, float *x, float *targets) {
    const sape_field *field = machine->fields[i];
    take_floats(&machine->bytes, n * sape_mask_domain_dim(sape_field_mask(field)), x);
    if (targets != NULL) take_floats(&machine->bytes, n * sape_network_output_dim(sape_field_network(field)), targets);
    return take_byte(&machine->bytes) >= 250;
}

static int sample_first(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)iteration;
    return sample(user, 0, n, x, targets);
}

static int sample_second(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)iteration;
    return sample(user, 1, n, x, targets);
}

void set_sampler(struct machine *machine) {
    const size_t i = take_slot(machine);
    sape_trainer_set_sampler(machine->trainers[i], take_size(&machine->bytes), i == 0 ? sample_first : sample_second,
                             machine);
}

static int jacobian_loss(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                         const float *outputs, const float *jacobian, const float *targets, float *d_outputs,
                         float *d_jacobian, float *sample_loss, double *loss) {
    struct machine *machine = user;
    (void)jacobian;
    take_floats(&machine->bytes, n * output_dim * domain_dim, d_jacobian);
    return loss_function(user, n, x, output_dim, outputs, targets, d_outputs, sample_loss, loss);
}

void set_jacobian_loss(struct machine *machine) {
    sape_trainer_set_jacobian_loss(machine->trainers[take_slot(machine)], jacobian_loss, machine);
}

void set_adaptive_rate(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_trainer *trainer = machine->trainers[take_slot(machine)];
    sape_adaptive_rate_params params;
    sape_adaptive_rate_params_init(&params, sizeof params);
    params.resolution = 4;
    const uint8_t which = take_byte(bytes);
    if (which & 1) params.alpha_min = take_double(bytes);
    if (which & 2) params.alpha_max = take_double(bytes);
    if (which & 4) params.gamma = params.delta = take_double(bytes);
    if (which & 8) params.eta = take_double(bytes);
    if (which & 16) params.resolution = take_size(bytes);
    sape_trainer_set_adaptive_rate(trainer, which & 32 ? NULL : &params);
}

/* One rank's sum is its own value. */
static int reduce(void *user, sape_dtype dtype, size_t count, void *values) {
    struct machine *machine = user;
    insist(count >= 1 && values != NULL && (dtype == SAPE_DTYPE_F32 || dtype == SAPE_DTYPE_F64), "reduce");
    return take_byte(&machine->bytes) >= 250;
}

void set_reduce(struct machine *machine) {
    sape_trainer *trainer = machine->trainers[take_slot(machine)];
    sape_trainer_set_reduce(trainer, take_byte(&machine->bytes) & 1 ? reduce : NULL, machine);
}

static int maybe_stop(void *user, const sape_progress *progress) {
    struct machine *machine = user;
    insist(progress->iteration >= 1 && progress->iteration <= progress->num_iterations, "progress");
    return take_byte(&machine->bytes) >= 240;
}

void run(struct machine *machine) {
    sape_trainer *trainer = machine->trainers[take_slot(machine)];
    sape_result result = {.struct_size = sizeof result};
    const size_t iterations = take_below(&machine->bytes, 12);
    if (take_byte(&machine->bytes) & 1)
        sape_trainer_run(trainer, iterations, maybe_stop, machine, &result);
    else
        sape_trainer_step(trainer, NULL);
    insist(result.iterations <= iterations, "more iterations than asked for");
}
