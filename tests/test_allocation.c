/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of every call is made to fail in turn, whoever asks for it: the library, cJSON or the C library.
 * Each time the call must say so, lose no memory, and do its work when it is made again.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "support.h"
#include "tiny.h"

#define SAMPLES 300

/* What the calls work on, made before anything fails; and files of this process. */
struct world {
    sape_policy policy;
    size_t threads;
    sape_encoder *encoder;
    sape_mask *mask;
    sape_network *network;
    sape_field *field;
    sape_trainer *trainer;
    sape_safetensors *checkpoint;
    char path[64];
    float x[SAMPLES], targets[SAMPLES], values[SAMPLES], features[SAMPLES * 8];
};

/* A loss of the caller's own, so that all of a batch's outputs are kept. */
static int half_square(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                       const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    for (size_t i = 0; i < n; i++) {
        const float error = outputs[i * output_dim] - targets[i * output_dim];
        d_outputs[i * output_dim] = error / (float)n;
        sample_loss[i] = 0.5f * error * error;
        *loss += (double)(sample_loss[i] / (float)n);
    }
    return 0;
}

static sape_trainer_params trainer_params(const struct world *world, sape_loss loss, size_t batch_size) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = world->threads;
    params.loss = loss;
    params.loss_fn = loss == SAPE_LOSS_CUSTOM ? half_square : NULL;
    params.batch_size = batch_size;
    return params;
}

/* A call that makes a handle gives one, or says why not. */
static sape_status checked(const void *made, sape_status status) {
    return (made == NULL) == (status != SAPE_OK) ? status : SAPE_ERROR_STATE;
}

/* The calls. Each frees what it has made and leaves the world's handles such that it can be made again. */

static sape_status create_encoder(struct world *world, sape_encoding kind) {
    (void)world;
    sape_encoder_params params;
    sape_encoder *made;
    sape_encoder_params_init(&params, sizeof params);
    params.kind = kind;
    params.num_frequencies = 4;
    sape_status status = sape_encoder_create(&params, &made);
    status = checked(made, status);
    sape_encoder_free(made);
    return status;
}

static sape_status create_fourier(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_FOURIER);
}

static sape_status create_positional(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_POSITIONAL);
}

static sape_status create_rbf(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_RBF);
}

static sape_status create_periodic_rbf(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_PERIODIC_RBF);
}

static sape_status encode(struct world *world) {
    return sape_encoder_encode(world->encoder, SAMPLES, world->x, world->features);
}

static sape_status encode_backward(struct world *world) {
    return sape_encoder_backward(world->encoder, SAMPLES, world->x, world->features, world->values);
}

static sape_status create_mask(struct world *world) {
    static const double frequencies[5] = {0.0, 1.0, 1.0, 2.0, 2.0};
    sape_mask_params params;
    sape_mask *made;
    sape_mask_params_init(&params, sizeof params);
    params.policy = world->policy;
    params.domain_dim = 1;
    params.encoding_dim = 5;
    params.resolution = 3;
    params.samples = tiny_x;
    params.num_samples = TINY_SAMPLES;
    params.frequencies = frequencies;
    sape_status status = sape_mask_create(&params, &made);
    status = checked(made, status);
    sape_mask_free(made);
    return status;
}

static sape_status mask_weights(struct world *world) {
    return sape_mask_weights(world->mask, SAMPLES, world->x, world->features);
}

static sape_status mask_revealed(struct world *world) {
    return sape_mask_revealed(world->mask, SAMPLES, world->x, world->values);
}

static sape_status mask_record_and_advance(struct world *world) {
    sape_status status = sape_mask_record(world->mask, SAMPLES, world->x, world->targets);
    if (status == SAPE_OK) status = sape_mask_step(world->mask);
    return status == SAPE_OK ? sape_mask_advance(world->mask) : status;
}

static sape_status mask_smoothed_loss(struct world *world) {
    if (world->policy != SAPE_POLICY_SPATIAL) return SAPE_OK;
    return sape_mask_smoothed_loss(world->mask, world->values, 3);
}

static sape_status create_network(struct world *world) {
    (void)world;
    sape_network_params params;
    sape_network *made;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = 5;
    params.hidden_dim = 3;
    sape_status status = sape_network_create(&params, &made);
    status = checked(made, status);
    sape_network_free(made);
    return status;
}

static sape_status network_forward(struct world *world) {
    return sape_network_forward(world->network, SAMPLES, world->features, world->values);
}

static sape_status network_backward(struct world *world) {
    float d_inputs[SAMPLES * 8], d_parameters[64];
    return sape_network_backward(world->network, SAMPLES, world->features, world->values, d_parameters, d_inputs);
}

static sape_status create_optimizer(struct world *world) {
    (void)world;
    sape_optimizer *made;
    sape_status status = sape_optimizer_create(NULL, 100, &made);
    status = checked(made, status);
    sape_optimizer_free(made);
    return status;
}

static sape_status create_field(struct world *world) {
    sape_field *made = tiny_field(world->policy, SAPE_ENCODING_FOURIER);
    sape_field_free(made);
    return made == NULL ? SAPE_ERROR_MEMORY : SAPE_OK;
}

static sape_status predict(struct world *world) {
    return sape_field_predict(world->field, SAMPLES, world->x, world->values);
}

static sape_status predict_with(struct world *world) {
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    options.mask_by = world->x;
    options.weights = world->features;
    return sape_field_predict_with(world->field, &options, SAMPLES, world->x, world->values);
}

static sape_status field_backward(struct world *world) {
    float d_x[SAMPLES], d_parameters[64];
    return sape_field_backward(world->field, SAMPLES, world->x, world->targets, d_parameters, d_x);
}

static sape_status jacobian(struct world *world) {
    float values[SAMPLES], d_parameters[64];
    sape_status status = sape_field_jacobian(world->field, SAMPLES, world->x, world->values, values);
    if (status == SAPE_OK)
        status = sape_field_jacobian_backward(world->field, SAMPLES, world->x, NULL, values, d_parameters);
    return status;
}

static sape_status predict_grid(struct world *world) {
    const size_t size[] = {SAMPLES};
    return sape_field_predict_grid(world->field, size, world->x, world->x + 1, world->values);
}

static int half_square_of_jacobian(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                   const float *outputs, const float *derivatives, const float *targets,
                                   float *d_outputs, float *d_jacobian, float *sample_loss, double *loss) {
    memcpy(d_jacobian, derivatives, n * output_dim * domain_dim * sizeof *d_jacobian);
    return half_square(user, n, x, output_dim, outputs, targets, d_outputs, sample_loss, loss);
}

/* A trainer of a second field, from its making to its end. */
static sape_status train(struct world *world, sape_loss loss, size_t batch_size) {
    const sape_trainer_params params = trainer_params(world, loss, batch_size);
    sape_result result = {.struct_size = sizeof result};
    sape_trainer *made;
    sape_status status = sape_trainer_create(&params, NULL, world->field, &made);
    status = checked(made, status);
    const bool chamfer = loss == SAPE_LOSS_CHAMFER;
    if (status == SAPE_OK) status = sape_trainer_set_data(made, SAMPLES, world->x, chamfer ? NULL : world->targets);
    if (status == SAPE_OK && loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        status = sape_trainer_set_jacobian_loss(made, half_square_of_jacobian, NULL);
    if (status == SAPE_OK && chamfer) status = sape_trainer_set_target_points(made, SAMPLES, world->targets, 20);
    if (status == SAPE_OK) status = sape_trainer_run(made, 4, NULL, NULL, &result);
    sape_trainer_free(made);
    return status;
}

static sape_status train_full(struct world *world) {
    return train(world, SAPE_LOSS_MSE, 0);
}

static sape_status train_batches(struct world *world) {
    return train(world, SAPE_LOSS_BCE, 50);
}

static sape_status train_custom(struct world *world) {
    return train(world, SAPE_LOSS_CUSTOM, 0);
}

static sape_status train_chamfer(struct world *world) {
    return train(world, SAPE_LOSS_CHAMFER, 0);
}

static sape_status train_jacobian(struct world *world) {
    return train(world, SAPE_LOSS_CUSTOM_JACOBIAN, 0);
}

static sape_status loss_chamfer(struct world *world) {
    return sape_loss_chamfer(1, SAMPLES, world->values, SAMPLES, world->targets, NULL, NULL, NULL);
}

/* Of a trainer that lives on. */
static int copy_samples(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    const struct world *world = user;
    (void)iteration;
    memcpy(x, world->x, n * sizeof *x);
    memcpy(targets, world->targets, n * sizeof *targets);
    return 0;
}

static sape_status set_sampler(struct world *world) {
    const sape_status status = sape_trainer_set_sampler(world->trainer, SAMPLES, copy_samples, world);
    return status == SAPE_OK ? sape_trainer_step(world->trainer, NULL) : status;
}

static sape_status set_data(struct world *world) {
    return sape_trainer_set_data(world->trainer, SAMPLES, world->x, world->targets);
}

static sape_status save(struct world *world) {
    return sape_trainer_save(world->trainer, world->path);
}

static sape_status load(struct world *world) {
    sape_field *made;
    sape_status status = sape_field_load(world->path, &made);
    status = checked(made, status);
    sape_field_free(made);
    return status;
}

static sape_status parse(struct world *world) {
    size_t size;
    sape_safetensors *made;
    const void *bytes = sape_safetensors_bytes(world->checkpoint, &size);
    sape_status status = sape_safetensors_parse(bytes, size, &made);
    status = checked(made, status);
    sape_safetensors_free(made);
    return status;
}

static sape_status restore(struct world *world) {
    return sape_field_restore(world->field, world->checkpoint);
}

/* Those marked are the same under every policy. `fewest` is how many allocations there must be, so that a call that
   has stopped asking for memory is noticed. */
static const struct call {
    const char *name;
    sape_status (*make)(struct world *world);
    bool once;
    long fewest;
} calls[] = {
    {"create_fourier", create_fourier, true, 2},
    {"create_positional", create_positional, true, 1},
    {"create_rbf", create_rbf, true, 2},
    {"create_periodic_rbf", create_periodic_rbf, true, 2},
    {"encode", encode, true, 0},
    {"encode_backward", encode_backward, true, 0},
    {"create_mask", create_mask, false, 3},
    {"mask_weights", mask_weights, false, 1},
    {"mask_revealed", mask_revealed, false, 1},
    {"mask_record_and_advance", mask_record_and_advance, false, 0},
    {"mask_smoothed_loss", mask_smoothed_loss, false, 0},
    {"create_network", create_network, true, 3},
    {"network_forward", network_forward, true, 1},
    {"network_backward", network_backward, true, 1},
    {"create_optimizer", create_optimizer, true, 2},
    {"create_field", create_field, false, 8},
    {"predict", predict, false, 2},
    {"predict_with", predict_with, false, 2},
    {"field_backward", field_backward, false, 3},
    {"jacobian", jacobian, false, 6},
    {"predict_grid", predict_grid, false, 2},
    {"train_full", train_full, false, 8},
    {"train_batches", train_batches, false, 8},
    {"train_custom", train_custom, false, 8},
    {"train_chamfer", train_chamfer, false, 12},
    {"train_jacobian", train_jacobian, false, 12},
    {"loss_chamfer", loss_chamfer, true, 5},
    {"set_sampler", set_sampler, false, 3},
    {"set_data", set_data, false, 3},
    {"save", save, false, 10},
    {"load", load, false, 10},
    {"parse", parse, true, 5},
    {"restore", restore, false, 10},
};
#define NUM_CALLS ((int)(sizeof calls / sizeof *calls))
#define NUM_POLICIES ((int)SAPE_POLICY_VARIANCE + 1)

static void open_world(struct world *world, sape_policy policy, size_t threads) {
    *world = (struct world){.policy = policy, .threads = threads};
    random_array(1, SAMPLES, -1.0f, 1.0f, world->x);
    random_array(2, SAMPLES, 0.0f, 1.0f, world->targets);
    random_array(3, SAMPLES * 8, 0.0f, 1.0f, world->features);
    world->field = tiny_field(policy, SAPE_ENCODING_FOURIER);
    ck_assert_ptr_nonnull(world->field);
    CHECK_OK(sape_field_set_num_threads(world->field, threads));
    world->encoder = sape_field_encoder(world->field);
    world->mask = sape_field_mask(world->field);
    world->network = sape_field_network(world->field);
    const sape_trainer_params params = trainer_params(world, SAPE_LOSS_MSE, 50);
    CHECK_OK(sape_trainer_create(&params, NULL, world->field, &world->trainer));
    CHECK_OK(set_data(world));
    CHECK_OK(sape_trainer_run(world->trainer, 3, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(world->trainer, &world->checkpoint));
    snprintf(world->path, sizeof world->path, "allocation-%ld.safetensors", (long)getpid());
    CHECK_OK(save(world));
}

static void close_world(struct world *world) {
    sape_safetensors_free(world->checkpoint);
    sape_trainer_free(world->trainer);
    sape_field_free(world->field);
    unlink(world->path);
}

START_TEST(every_allocation_fails_once) {
    const struct call *call = &calls[_i % NUM_CALLS];
    const sape_policy policy = (sape_policy)(_i / NUM_CALLS);
    if (call->once && policy != SAPE_POLICY_SPATIAL) return;
    static struct world world;
    open_world(&world, policy, 1);
    long requests = 0;
    for (;; requests++) {
        failing_malloc_begin(requests);
        const sape_status status = call->make(&world);
        const long made = failing_malloc_end();
        if (made <= requests) {
            ck_assert_msg(status == SAPE_OK, "%s: %s", call->name, sape_last_error());
            break;
        }
        ck_assert_msg(status == SAPE_ERROR_MEMORY, "%s, request %ld: %s, %s", call->name, requests,
                      sape_status_string(status), sape_last_error());
        ck_assert_msg(failing_malloc_live() == 0, "%s, request %ld: %zu blocks lost", call->name, requests,
                      failing_malloc_live());
        CHECK_OK(call->make(&world));
    }
    ck_assert_msg(requests >= call->fewest, "%s: only %ld requests", call->name, requests);
    close_world(&world);
}
END_TEST

/* With threads the request that fails may be that of a thread's own storage. */
START_TEST(allocations_of_threads_fail) {
    static struct world world;
    open_world(&world, (sape_policy)_i, 3);
    sape_status (*const threaded[])(struct world *) = {predict, field_backward, train_full, train_custom};
    for (size_t i = 0; i < sizeof threaded / sizeof *threaded; i++) {
        for (long requests = 0;; requests++) {
            failing_malloc_begin(requests);
            const sape_status status = threaded[i](&world);
            if (failing_malloc_end() <= requests) break;
            ck_assert_msg(status == SAPE_ERROR_MEMORY || status == SAPE_ERROR_THREAD, "%s", sape_last_error());
            CHECK_OK(threaded[i](&world));
        }
    }
    close_world(&world);
}
END_TEST

/* Threads that can be started before one cannot; the linker puts __wrap_pthread_create() in the library's place. */
static long threads_left = -1;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    if (threads_left >= 0 && threads_left-- == 0) return EAGAIN;
    return __real_pthread_create(thread, attributes, start, argument);
}

START_TEST(every_thread_fails_once) {
    static struct world world;
    open_world(&world, SAPE_POLICY_SPATIAL, 4);
    for (long allowed = 0; allowed < 3; allowed++) {
        sape_trainer *trainer;
        const sape_trainer_params params = trainer_params(&world, SAPE_LOSS_MSE, 0);
        char number[16];
        snprintf(number, sizeof number, "thread %ld of 4", allowed + 2);
        threads_left = allowed;
        EXPECT_ERROR(sape_trainer_create(&params, NULL, world.field, &trainer), SAPE_ERROR_THREAD, number,
                     "sape_trainer_create");
        ck_assert_ptr_null(trainer);
        threads_left = -1;
        CHECK_OK(train_full(&world));
    }
    threads_left = 0;
    EXPECT_ERROR(predict(&world), SAPE_ERROR_THREAD, "thread 2", "sape_field_predict");
    threads_left = -1;
    CHECK_OK(predict(&world));
    close_world(&world);
}
END_TEST

/* A trainer with all that goes with samples, in the middle of a training. */
static sape_trainer *open_training(struct world *world) {
    open_world(world, world->policy, 1);
    sape_trainer_params params = trainer_params(world, SAPE_LOSS_MSE, 50);
    const bool fixed = world->policy == SAPE_POLICY_SPATIAL_FIXED;
    params.validation_share = fixed ? 0.0 : 0.2;
    params.validation_every = 2;
    params.patience = 1000;
    sape_adaptive_rate_params rate;
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    rate.resolution = 8;
    sape_trainer *trainer;
    CHECK_OK(sape_trainer_create(&params, NULL, world->field, &trainer));
    CHECK_OK(sape_trainer_set_adaptive_rate(trainer, &rate));
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, world->x, world->targets));
    CHECK_OK(sape_trainer_run(trainer, 5, NULL, NULL, NULL));
    return trainer;
}

/* New samples that do not get their memory leave the old ones, and all that has come of them, in place. */
START_TEST(samples_that_fail_change_nothing) {
    static struct world world, twin;
    long requests = 0;
    world.policy = twin.policy = (sape_policy)_i;
    sape_trainer *expected = open_training(&twin), *trainer = open_training(&world);
    for (bool over = false; !over; requests++) {
        sape_safetensors *before, *after;
        size_t size, new_size;
        CHECK_OK(sape_trainer_checkpoint(trainer, &before));
        failing_malloc_begin(requests);
        const sape_status status = sape_trainer_set_data(trainer, SAMPLES / 2, world.features, world.targets);
        over = failing_malloc_end() <= requests;
        if (!over) {
            double loss = 0.0, expected_loss = 1.0;
            ck_assert_int_eq(status, SAPE_ERROR_MEMORY);
            ck_assert_uint_eq(failing_malloc_live(), 0);
            CHECK_OK(sape_trainer_checkpoint(trainer, &after));
            const void *bytes = sape_safetensors_bytes(before, &size);
            const void *new_bytes = sape_safetensors_bytes(after, &new_size);
            ck_assert_uint_eq(size, new_size);
            ck_assert_mem_eq(bytes, new_bytes, size);
            sape_safetensors_free(after);
            CHECK_OK(sape_trainer_step(trainer, &loss));
            CHECK_OK(sape_trainer_step(expected, &expected_loss));
            ck_assert_double_eq(loss, expected_loss);
            CHECK_OK(sape_trainer_run(trainer, 1, NULL, NULL, NULL));
            CHECK_OK(sape_trainer_run(expected, 1, NULL, NULL, NULL));
        }
        sape_safetensors_free(before);
    }
    ck_assert_int_ge(requests, 15);
    sape_trainer_free(trainer);
    sape_trainer_free(expected);
    close_world(&world);
    close_world(&twin);
}
END_TEST

/* Batches, sorting by what is revealed, advances and the losses are all inside; the first iteration may prepare. */
START_TEST(iterations_allocate_nothing) {
    static struct world world;
    open_world(&world, (sape_policy)(_i % NUM_POLICIES), 1);
    const sape_trainer_params params =
        trainer_params(&world, _i < NUM_POLICIES ? SAPE_LOSS_MSE : SAPE_LOSS_CUSTOM, SAMPLES / 2 - 1);
    sape_trainer *trainer;
    CHECK_OK(sape_trainer_create(&params, NULL, world.field, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, world.x, world.targets));
    CHECK_OK(sape_trainer_step(trainer, NULL));
    failing_malloc_begin(-1);
    const sape_status status = sape_trainer_run(trainer, 50, NULL, NULL, NULL);
    const long requests = failing_malloc_end();
    CHECK_OK(status);
    ck_assert_int_eq(requests, 0);
    sape_trainer_free(trainer);
    close_world(&world);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("allocation");
    TCase *tests = tcase_create("allocation");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_allocation_fails_once, 0, NUM_POLICIES * NUM_CALLS);
    tcase_add_loop_test(tests, allocations_of_threads_fail, 0, NUM_POLICIES);
    tcase_add_test(tests, every_thread_fails_once);
    tcase_add_loop_test(tests, samples_that_fail_change_nothing, 0, NUM_POLICIES);
    tcase_add_loop_test(tests, iterations_allocate_nothing, 0, 2 * NUM_POLICIES);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
