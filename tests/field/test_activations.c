/* SPDX-License-Identifier: MIT */
/* Every activation and output activation against double precision: values, gradients, derivatives by coordinates, and
   losses on those; and what checkpoints and threads make of them. */
#include <math.h>
#include <stdlib.h>

#include "reference_network.h"
#include "support.h"

#define N 90
#define INPUTS 2
#define OUTPUTS 2
#define HIDDEN 19
#define LAYERS 3
#define NUM_ACTIVATIONS 8
#define NUM_OUTPUT_ACTIVATIONS 5
/* Every pair of both. */
#define NUM_PAIRS (NUM_ACTIVATIONS * NUM_OUTPUT_ACTIVATIONS)

static sape_activation activation_of(int i) {
    return (sape_activation)(i % NUM_ACTIVATIONS);
}

static sape_output_activation output_of(int i) {
    return (sape_output_activation)(i / NUM_ACTIVATIONS);
}

/* A parameter that is not the default, where there is one. */
static double parameter_of(sape_activation activation) {
    if (activation == SAPE_ACTIVATION_SINE) return 2.5;
    return activation == SAPE_ACTIVATION_SOFTPLUS || activation == SAPE_ACTIVATION_GAUSSIAN ? 1.5 : 0.0;
}

static sape_network_params params_of(int i) {
    sape_network_params params;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = INPUTS;
    params.output_dim = OUTPUTS;
    params.hidden_dim = HIDDEN;
    params.num_layers = LAYERS;
    params.activation = activation_of(i);
    params.output_activation = output_of(i);
    params.activation_parameter = parameter_of(params.activation);
    return params;
}

static sape_field *make_field(int i, sape_encoding kind) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    const sape_network_params network = params_of(i);
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    encoder.kind = kind;
    encoder.domain_dim = INPUTS;
    encoder.num_frequencies = 7;
    encoder.std = 1.5;
    mask.policy = kind == SAPE_ENCODING_IDENTITY ? SAPE_POLICY_NONE : SAPE_POLICY_SPATIAL;
    mask.resolution = 5;
    mask.num_blocks = kind == SAPE_ENCODING_IDENTITY ? 0 : 3;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* A field on plain coordinates, and the same in double precision. */
struct pair {
    sape_field *field;
    size_t count;
    float *parameters, *x, *d_outputs, *d_jacobian;
    struct reference_network reference;
};

static struct pair make_pair(int i) {
    struct pair pair = {.field = make_field(i, SAPE_ENCODING_IDENTITY)};
    const sape_network *network = sape_field_network(pair.field);
    pair.count = sape_network_num_parameters(network);
    pair.parameters = new_array(pair.count);
    pair.x = new_random_array(1, N * INPUTS, -1.0f, 1.0f);
    pair.d_outputs = new_random_array(2, N * OUTPUTS, -1.0f, 1.0f);
    pair.d_jacobian = new_random_array(3, N * OUTPUTS * INPUTS, -1.0f, 1.0f);
    CHECK_OK(sape_network_get_parameters(network, pair.parameters, pair.count));
    pair.reference = (struct reference_network){INPUTS,
                                                HIDDEN,
                                                LAYERS,
                                                OUTPUTS,
                                                pair.parameters,
                                                sape_activation_name(activation_of(i)),
                                                sape_output_activation_name(output_of(i)),
                                                parameter_of(activation_of(i))};
    reference_network_skip_kinks(&pair.reference, N, pair.x, pair.d_outputs);
    return pair;
}

static void free_pair(struct pair *pair) {
    float *const all[] = {pair->parameters, pair->x, pair->d_outputs, pair->d_jacobian};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(pair->field);
}

static void outputs_at(const struct pair *pair, size_t sample, size_t axis, double step, double *outputs) {
    double inputs[INPUTS];
    for (size_t a = 0; a < INPUTS; a++) inputs[a] = (double)pair->x[sample * INPUTS + a] + (a == axis ? step : 0.0);
    reference_network_run(&pair->reference, inputs, outputs, NULL, NULL, NULL);
}

static void expect_close(const char *what, int i, size_t n, const float *values, const double *expected,
                         double allowed) {
    double largest = 1e-12, off = 0.0;
    for (size_t k = 0; k < n; k++) {
        largest = fmax(largest, fabs(expected[k]));
        off = fmax(off, fabs((double)values[k] - expected[k]));
    }
    ck_assert_msg(off <= allowed * largest, "%s, %s: %s off by %g of %g", sape_activation_name(activation_of(i)),
                  sape_output_activation_name(output_of(i)), what, off, largest);
}

START_TEST(test_values_and_gradients) {
    struct pair pair = make_pair(_i);
    float outputs[N * OUTPUTS], d_x[N * INPUTS], *gradient = new_array(pair.count);
    double exact[N * OUTPUTS], exact_d_x[N * INPUTS] = {0.0}, *exact_gradient = calloc(pair.count, sizeof(double));
    ck_assert_ptr_nonnull(exact_gradient);
    CHECK_OK(sape_field_predict(pair.field, N, pair.x, outputs));
    CHECK_OK(sape_field_backward(pair.field, N, pair.x, pair.d_outputs, gradient, d_x));
    for (size_t s = 0; s < N; s++) {
        double inputs[INPUTS], d_outputs[OUTPUTS];
        for (size_t a = 0; a < INPUTS; a++) inputs[a] = (double)pair.x[s * INPUTS + a];
        for (size_t k = 0; k < OUTPUTS; k++) d_outputs[k] = (double)pair.d_outputs[s * OUTPUTS + k];
        reference_network_run(&pair.reference, inputs, exact + s * OUTPUTS, d_outputs, exact_gradient,
                              exact_d_x + s * INPUTS);
    }
    expect_close("outputs", _i, N * OUTPUTS, outputs, exact, 5e-6);
    expect_close("parameters' gradient", _i, pair.count, gradient, exact_gradient, 1e-5);
    expect_close("coordinates' gradient", _i, N * INPUTS, d_x, exact_d_x, 1e-5);
    free(gradient);
    free(exact_gradient);
    free_pair(&pair);
}
END_TEST

/* The norm of each sample's own gradient, against that of the sample alone. */
START_TEST(test_gradient_norms) {
    struct pair pair = make_pair(_i);
    float norms[N], *gradient = new_array(pair.count);
    double largest = 0.0;
    CHECK_OK(sape_field_gradient_norms(pair.field, N, pair.x, pair.d_outputs, norms));
    for (size_t s = 0; s < N; s++) largest = fmax(largest, (double)norms[s]);
    for (size_t s = 0; s < N; s += 9) {
        double square = 0.0;
        CHECK_OK(sape_field_backward(pair.field, 1, pair.x + s * INPUTS, pair.d_outputs + s * OUTPUTS, gradient, NULL));
        for (size_t p = 0; p < pair.count; p++) square += (double)gradient[p] * (double)gradient[p];
        ck_assert_double_eq_tol((double)norms[s], sqrt(square), 1e-5 * largest);
    }
    free(gradient);
    free_pair(&pair);
}
END_TEST

/* Against central differences in double precision. */
START_TEST(test_jacobian) {
    const double step = 1e-5;
    struct pair pair = make_pair(_i);
    float outputs[N * OUTPUTS], jacobian[N * OUTPUTS * INPUTS];
    double differences[N * OUTPUTS * INPUTS];
    CHECK_OK(sape_field_jacobian(pair.field, N, pair.x, outputs, jacobian));
    for (size_t s = 0; s < N; s++)
        for (size_t a = 0; a < INPUTS; a++) {
            double above[OUTPUTS], below[OUTPUTS];
            outputs_at(&pair, s, a, step, above);
            outputs_at(&pair, s, a, -step, below);
            for (size_t k = 0; k < OUTPUTS; k++)
                differences[(s * OUTPUTS + k) * INPUTS + a] = (above[k] - below[k]) / (2.0 * step);
        }
    expect_close("Jacobian", _i, N * OUTPUTS * INPUTS, jacobian, differences, 1e-5);
    free_pair(&pair);
}
END_TEST

/* <d_outputs, outputs> + <d_jacobian, Jacobian>, in double precision. */
static double weighted(const struct pair *pair) {
    double sum = 0.0;
    for (size_t i = 0; i < N; i++) {
        const double inputs[INPUTS] = {(double)pair->x[INPUTS * i], (double)pair->x[INPUTS * i + 1]};
        for (size_t k = 0; k < OUTPUTS; k++) {
            double outputs[OUTPUTS], one[OUTPUTS] = {0.0}, d_inputs[INPUTS] = {0.0};
            one[k] = 1.0;
            reference_network_run(&pair->reference, inputs, outputs, one, NULL, d_inputs);
            sum += outputs[k] * (double)pair->d_outputs[i * OUTPUTS + k];
            for (size_t a = 0; a < INPUTS; a++)
                sum += d_inputs[a] * (double)pair->d_jacobian[(i * OUTPUTS + k) * INPUTS + a];
        }
    }
    return sum;
}

/* A loss on values and derivatives, against central differences in double precision: where functions bend, derivatives
   change with the values before them. */
START_TEST(test_loss_on_jacobian) {
    const float step = 0x1p-12f;
    struct pair pair = make_pair(_i);
    float *gradient = new_array(pair.count), *threads = new_array(pair.count);
    CHECK_OK(sape_field_jacobian_backward(pair.field, N, pair.x, pair.d_outputs, pair.d_jacobian, gradient));
    const double scale = largest_magnitude(pair.count, gradient);
    /* A ReLU that turns within the step gives one side more than the other. */
    size_t compared = 0, turned = 0;
    for (size_t p = (size_t)_i % 29; p < pair.count; p += 29) {
        const float kept = pair.parameters[p], high = kept + step, low = kept - step;
        const double middle = weighted(&pair);
        pair.parameters[p] = high;
        const double above = weighted(&pair);
        pair.parameters[p] = low;
        const double below = weighted(&pair);
        pair.parameters[p] = kept;
        const double up = (above - middle) / ((double)high - (double)kept);
        const double down = (middle - below) / ((double)kept - (double)low);
        if (activation_of(_i) <= SAPE_ACTIVATION_LEAKY_RELU && fabs(up - down) > 2e-3 * scale) {
            turned++;
            continue;
        }
        const double expected = (above - below) / ((double)high - (double)low);
        ck_assert_msg(fabs((double)gradient[p] - expected) <= 2e-5 * scale, "%s, %s: parameter %zu: %g, not %g, of %g",
                      pair.reference.activation, pair.reference.output_activation, p, (double)gradient[p], expected,
                      scale);
        compared++;
    }
    ck_assert_uint_gt(compared, 4 * turned);
    CHECK_OK(sape_field_set_num_threads(pair.field, 3));
    CHECK_OK(sape_field_jacobian_backward(pair.field, N, pair.x, pair.d_outputs, pair.d_jacobian, threads));
    ck_assert_mem_eq(gradient, threads, pair.count * sizeof *gradient);
    free(gradient);
    free(threads);
    free_pair(&pair);
}
END_TEST

/* The squared error, and a small weight on the derivatives' squares. */
static int smooth_loss(void *user, size_t n, size_t d, const float *x, size_t o, const float *outputs,
                       const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian,
                       float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, o, outputs, targets, d_outputs, sample_loss, loss));
    for (size_t i = 0; i < n * o * d; i++) d_jacobian[i] = 1e-4f * jacobian[i];
    return 0;
}

struct training {
    sape_field *field;
    sape_trainer *trainer;
    float *x, *y;
};

/* By values for every other pair, by values and derivatives for the rest. */
static struct training train(int i, size_t threads, size_t steps) {
    struct training t = {.field = make_field(i, SAPE_ENCODING_FOURIER),
                         .x = new_random_array(5, N * INPUTS, -1.0f, 1.0f),
                         .y = new_random_array(6, N * OUTPUTS, 0.1f, 0.9f)};
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = threads;
    params.loss = i % 2 == 0 ? SAPE_LOSS_MSE : SAPE_LOSS_CUSTOM_JACOBIAN;
    CHECK_OK(sape_trainer_create(&params, NULL, t.field, &t.trainer));
    if (i % 2 == 1) CHECK_OK(sape_trainer_set_jacobian_loss(t.trainer, smooth_loss, NULL));
    CHECK_OK(sape_trainer_set_data(t.trainer, N, t.x, t.y));
    for (size_t step = 0; step < steps; step++) CHECK_OK(sape_trainer_step(t.trainer, NULL));
    return t;
}

static void free_training(struct training *t) {
    sape_trainer_free(t->trainer);
    sape_field_free(t->field);
    free(t->x);
    free(t->y);
}

static void expect_same(const struct training *a, const struct training *b) {
    const size_t count = sape_network_num_parameters(sape_field_network(a->field));
    float *one = new_array(count), *other = new_array(count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(a->field), one, count));
    CHECK_OK(sape_network_get_parameters(sape_field_network(b->field), other, count));
    ck_assert_mem_eq(one, other, count * sizeof *one);
    free(one);
    free(other);
}

/* The same bits for any number of threads, and after a resumption; the checkpoint knows what the layers end with. */
START_TEST(test_training) {
    struct training straight = train(_i, 1, 12), first = train(_i, 3, 5), second = train(_i, 2, 1);
    sape_safetensors *checkpoint;
    sape_field *field;
    float expected[N * OUTPUTS], outputs[N * OUTPUTS];
    CHECK_OK(sape_trainer_checkpoint(first.trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(second.trainer, checkpoint));
    for (size_t step = 5; step < 12; step++) {
        CHECK_OK(sape_trainer_step(first.trainer, NULL));
        CHECK_OK(sape_trainer_step(second.trainer, NULL));
    }
    expect_same(&straight, &first);
    expect_same(&straight, &second);
    CHECK_OK(sape_trainer_restore(first.trainer, checkpoint));
    CHECK_OK(sape_field_predict(first.field, N, first.x, expected));
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &field));
    CHECK_OK(sape_field_predict(field, N, first.x, outputs));
    ck_assert_mem_eq(outputs, expected, sizeof outputs);
    sape_field_free(field);
    sape_safetensors_free(checkpoint);
    free_training(&straight);
    free_training(&first);
    free_training(&second);
}
END_TEST

/* A field whose layers end with something else refuses the checkpoint, in words. */
START_TEST(test_other_field) {
    const int relu = 0, sine = SAPE_ACTIVATION_SINE, sigmoid = NUM_ACTIVATIONS * SAPE_OUTPUT_ACTIVATION_SIGMOID;
    sape_field *plain = make_field(relu, SAPE_ENCODING_FOURIER), *other = make_field(sine, SAPE_ENCODING_FOURIER);
    sape_field *last = make_field(sigmoid, SAPE_ENCODING_FOURIER);
    sape_safetensors *plain_file, *other_file;
    CHECK_OK(sape_field_checkpoint(plain, &plain_file));
    CHECK_OK(sape_field_checkpoint(other, &other_file));
    /* Files of what every field was before say nothing of it. */
    ck_assert_ptr_null(sape_safetensors_metadata(plain_file, "sape.network.activation"));
    ck_assert_str_eq(sape_safetensors_metadata(other_file, "sape.network.activation"), "sine");
    EXPECT_ERROR(sape_field_restore(plain, other_file), SAPE_ERROR_ARGUMENT, "activation is sine", "but relu here");
    EXPECT_ERROR(sape_field_restore(other, plain_file), SAPE_ERROR_ARGUMENT, "activation is relu", "but sine here");
    EXPECT_ERROR(sape_field_restore(last, plain_file), SAPE_ERROR_ARGUMENT, "output_activation is none",
                 "but sigmoid here");
    CHECK_OK(sape_field_restore(other, other_file));
    sape_field *const fields[] = {plain, other, last};
    for (size_t i = 0; i < 3; i++) sape_field_free(fields[i]);
    sape_safetensors_free(plain_file);
    sape_safetensors_free(other_file);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("activations");
    TCase *tcase = tcase_create("activations");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_values_and_gradients, 0, NUM_PAIRS);
    tcase_add_loop_test(tcase, test_gradient_norms, 0, NUM_PAIRS);
    tcase_add_loop_test(tcase, test_jacobian, 0, NUM_PAIRS);
    tcase_add_loop_test(tcase, test_loss_on_jacobian, 0, NUM_PAIRS);
    tcase_add_loop_test(tcase, test_training, 0, NUM_PAIRS);
    tcase_add_test(tcase, test_other_field);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
