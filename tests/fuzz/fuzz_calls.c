/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: any calls in any order with any values. The input is a program: a byte chooses the call, the
 * following ones its arguments. The only rules are those a caller cannot break by accident: pointers are NULL or point
 * at enough memory, and a handle is not used after it has been freed.
 */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* Handles of each kind that can be there at once. A trainer borrows the field of its slot. */
#define SLOTS 2
/* The largest number of samples of a call, and of floats that any array of a call may need. */
#define MAX_SAMPLES 64
#define MAX_FLOATS (1u << 18)
/* Calls of one input. */
#define MAX_CALLS 60

/* A caller may ask for anything; what is too much is refused here, and the library must say so. The linker puts
   __wrap_sape_alloc() in the place of the library's own. */
#define MAX_ALLOCATION ((size_t)1 << 20)

void *__real_sape_alloc(size_t count, size_t size);
void *__wrap_sape_alloc(size_t count, size_t size);

void *__wrap_sape_alloc(size_t count, size_t size) {
    return size != 0 && count > MAX_ALLOCATION / size ? NULL : __real_sape_alloc(count, size);
}

struct machine {
    struct bytes bytes;
    sape_encoder *encoders[SLOTS];
    sape_mask *masks[SLOTS];
    sape_network *networks[SLOTS];
    sape_optimizer *optimizers[SLOTS];
    sape_field *fields[SLOTS];
    sape_trainer *trainers[SLOTS];
    sape_safetensors *checkpoints[SLOTS];
    /* A trainer's samples, which must stay. */
    float *data_x[SLOTS], *data_targets[SLOTS];
    float *a, *b, *c, *d;
};

static size_t slot(struct machine *machine) {
    return take_below(&machine->bytes, SLOTS);
}

/* A bug that no status tells of. */
static void insist(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "%s; the last error is: %s\n", what, sape_last_error());
    abort();
}

/* Whether an array of count rows of so many floats fits into the machine's. */
static int fits(size_t rows, size_t columns) {
    return columns == 0 || rows <= MAX_FLOATS / columns;
}

static size_t take_samples(struct machine *machine, size_t columns) {
    size_t n = take_below(&machine->bytes, MAX_SAMPLES + 1);
    return fits(n, columns) ? n : 0;
}

/* Parameters. The initialiser's values, some of them replaced. */

static sape_encoder_params take_encoder_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_encoder_params params;
    sape_encoder_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.num_frequencies = 4;
    if (which & 1) params.kind = (sape_encoding)(take_byte(bytes) % 7 - 1);
    if (which & 2) params.domain_dim = take_size(bytes);
    if (which & 4) params.num_frequencies = take_size(bytes);
    if (which & 8) params.std = take_double(bytes);
    if (which & 16) params.include_identity = take_byte(bytes) & 1;
    if (which & 32) params.seed = take_byte(bytes);
    return params;
}

static sape_mask_params take_mask_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_mask_params params;
    sape_mask_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.policy = (sape_policy)(take_byte(bytes) % 7 - 1);
    params.resolution = 4;
    params.encoding_dim = 10;
    if (which & 1) params.domain_dim = take_size(bytes);
    if (which & 2) params.encoding_dim = take_size(bytes);
    if (which & 4) params.mask_dim = take_size(bytes);
    if (which & 8) params.resolution = take_size(bytes);
    if (which & 16) params.num_blocks = take_size(bytes);
    if (which & 32) params.num_iterations = take_size(bytes);
    if (which & 64) params.block_iterations = take_size(bytes);
    if (which & 128) params.epsilon = take_double(bytes);
    if (params.policy == SAPE_POLICY_SPATIAL_FIXED) {
        params.num_samples = take_samples(machine, 3);
        params.samples = machine->d;
        take_floats(bytes, params.num_samples * 3, machine->d);
    }
    return params;
}

static sape_network_params take_network_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_network_params params;
    sape_network_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.input_dim = 8;
    params.hidden_dim = 5;
    params.num_layers = 1;
    if (which & 1) params.input_dim = take_size(bytes);
    if (which & 2) params.output_dim = take_size(bytes);
    if (which & 4) params.hidden_dim = take_size(bytes);
    if (which & 8) params.num_layers = take_below(bytes, 4);
    if (which & 16) params.seed = take_byte(bytes);
    return params;
}

static sape_optimizer_params take_optimizer_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_optimizer_params params;
    sape_optimizer_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    if (which & 1) params.kind = (sape_optimizer_kind)(take_byte(bytes) % 4 - 1);
    if (which & 2) params.schedule = (sape_schedule)(take_byte(bytes) % 5 - 1);
    if (which & 4) params.learning_rate = take_double(bytes);
    if (which & 8) params.beta1 = params.beta2 = take_double(bytes);
    if (which & 16) params.epsilon = take_double(bytes);
    if (which & 32) params.momentum = params.weight_decay = take_double(bytes);
    if (which & 64) params.decay_rate = params.final_factor = take_double(bytes);
    if (which & 128) params.decay_iterations = params.warmup_iterations = take_size(bytes);
    return params;
}

/* Handles: made, and freed where one was. */

static void make_encoder(struct machine *machine) {
    const sape_encoder_params params = take_encoder_params(machine);
    sape_encoder **encoder = &machine->encoders[slot(machine)];
    sape_encoder_free(*encoder);
    const sape_status status = sape_encoder_create(&params, encoder);
    insist((*encoder == NULL) == (status != SAPE_OK), "sape_encoder_create");
}

static void make_mask(struct machine *machine) {
    const sape_mask_params params = take_mask_params(machine);
    sape_mask **mask = &machine->masks[slot(machine)];
    sape_mask_free(*mask);
    const sape_status status = sape_mask_create(&params, mask);
    insist((*mask == NULL) == (status != SAPE_OK), "sape_mask_create");
}

static void make_network(struct machine *machine) {
    const sape_network_params params = take_network_params(machine);
    sape_network **network = &machine->networks[slot(machine)];
    sape_network_free(*network);
    const sape_status status = sape_network_create(&params, network);
    insist((*network == NULL) == (status != SAPE_OK), "sape_network_create");
}

static void make_optimizer(struct machine *machine) {
    const sape_optimizer_params params = take_optimizer_params(machine);
    sape_optimizer **optimizer = &machine->optimizers[slot(machine)];
    const size_t count = take_size(&machine->bytes);
    sape_optimizer_free(*optimizer);
    const sape_status status = sape_optimizer_create(&params, count, optimizer);
    insist((*optimizer == NULL) == (status != SAPE_OK), "sape_optimizer_create");
}

static void free_field(struct machine *machine, size_t i) {
    sape_trainer_free(machine->trainers[i]);
    sape_field_free(machine->fields[i]);
    machine->trainers[i] = NULL;
    machine->fields[i] = NULL;
}

static void make_field(struct machine *machine) {
    const size_t i = slot(machine);
    const sape_encoder_params encoder = take_encoder_params(machine);
    const sape_mask_params mask = take_mask_params(machine);
    const sape_network_params network = take_network_params(machine);
    free_field(machine, i);
    const sape_status status = sape_field_create(&encoder, &mask, &network, &machine->fields[i]);
    insist((machine->fields[i] == NULL) == (status != SAPE_OK), "sape_field_create");
    sape_field_set_num_threads(machine->fields[i], 1 + take_below(&machine->bytes, 2));
}

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

static void make_trainer(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    const size_t i = slot(machine);
    const sape_optimizer_params optimizer = take_optimizer_params(machine);
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = (sape_loss)(take_byte(bytes) % 5 - 1);
    params.loss_fn = params.loss == SAPE_LOSS_CUSTOM ? loss_function : NULL;
    params.loss_user = machine;
    params.batch_size = take_size(bytes);
    params.num_threads = 1 + take_below(bytes, 2);
    params.progress_every = take_size(bytes);
    sape_trainer_free(machine->trainers[i]);
    const sape_status status = sape_trainer_create(&params, &optimizer, machine->fields[i], &machine->trainers[i]);
    insist((machine->trainers[i] == NULL) == (status != SAPE_OK), "sape_trainer_create");
}

static void make_checkpoint(struct machine *machine) {
    const size_t i = slot(machine), from = slot(machine);
    sape_safetensors_free(machine->checkpoints[i]);
    const sape_status status = take_byte(&machine->bytes) & 1
                                   ? sape_field_checkpoint(machine->fields[from], &machine->checkpoints[i])
                                   : sape_trainer_checkpoint(machine->trainers[from], &machine->checkpoints[i]);
    insist((machine->checkpoints[i] == NULL) == (status != SAPE_OK), "checkpoint");
}

/* Calls on handles, which may be NULL. */

static void encode(struct machine *machine) {
    const sape_encoder *encoder = machine->encoders[slot(machine)];
    const size_t n = take_samples(machine, sape_encoder_encoding_dim(encoder));
    take_floats(&machine->bytes, n * 3, machine->a);
    sape_encoder_encode(encoder, n, machine->a, machine->b);
    sape_encoder_backward(encoder, n, machine->a, machine->b, machine->c);
}

static sape_mask *any_mask(struct machine *machine) {
    const size_t i = slot(machine);
    if (take_byte(&machine->bytes) & 1) return machine->masks[i];
    return sape_field_mask(machine->fields[i]);
}

static void read_mask(struct machine *machine) {
    const sape_mask *mask = any_mask(machine);
    const size_t n = take_samples(machine, sape_mask_encoding_dim(mask));
    take_floats(&machine->bytes, n * 3, machine->a);
    if (sape_mask_weights(mask, n, machine->a, machine->b) == SAPE_OK)
        for (size_t i = 0; i < n * sape_mask_encoding_dim(mask); i++)
            insist(machine->b[i] >= 0.0f && machine->b[i] <= 1.0001f, "a weight is not in [0, 1]");
    sape_mask_revealed(mask, n, machine->a, machine->c);
}

static void drive_mask(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    const size_t n = take_samples(machine, 3);
    take_floats(&machine->bytes, n * 3, machine->a);
    take_floats(&machine->bytes, n, machine->b);
    sape_mask_record(mask, n, machine->a, machine->b);
    for (size_t i = take_below(&machine->bytes, 20); i > 0; i--) sape_mask_step(mask);
    if (take_byte(&machine->bytes) & 1) sape_mask_advance(mask);
    sape_mask_state state = {.struct_size = sizeof state};
    if (sape_mask_get_state(mask, &state) != SAPE_OK) return;
    insist(state.revealed >= 0.0 && state.revealed <= 1.0, "the revealed share is not in [0, 1]");
    insist(state.current_feature <= state.next_feature && state.next_feature <= sape_mask_encoding_dim(mask),
           "the schedule has left the features");
    if (fits(state.num_cells, 1)) sape_mask_smoothed_loss(mask, machine->a, state.num_cells);
}

static void place_mask(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    take_floats(&machine->bytes, 3, machine->a);
    take_floats(&machine->bytes, 3, machine->b);
    sape_mask_set_domain(mask, machine->a, machine->b);
    const size_t n = take_samples(machine, 3);
    take_floats(&machine->bytes, n * 3, machine->a);
    sape_mask_fit_domain(mask, n, machine->a);
}

static void set_mask_tensor(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_mask_tensor_info(mask, take_below(&machine->bytes, 6), &info) != SAPE_OK || !fits(info.count, 1)) return;
    take_floats(&machine->bytes, info.count, machine->a);
    for (size_t i = 0; i < info.count; i++) machine->a[i] = truncf(machine->a[i] * 8.0f);
    if (take_byte(&machine->bytes) & 1)
        insist(sape_mask_get_tensor(mask, info.name, machine->a, info.count) == 0, "get");
    sape_mask_set_tensor(mask, info.name, machine->a, info.count);
}

static void use_network(struct machine *machine) {
    sape_network *network = machine->networks[slot(machine)];
    const size_t inputs = sape_network_input_dim(network), outputs = sape_network_output_dim(network);
    const size_t parameters = sape_network_num_parameters(network), n = take_samples(machine, inputs + outputs);
    take_floats(&machine->bytes, n * inputs, machine->a);
    sape_network_forward(network, n, machine->a, machine->b);
    if (!fits(parameters, 1)) return;
    sape_network_backward(network, n, machine->a, machine->b, machine->c, machine->d);
    take_floats(&machine->bytes, parameters, machine->c);
    sape_network_set_parameters(network, machine->c, take_byte(&machine->bytes) < 250 ? parameters : 1);
}

static void step_optimizer(struct machine *machine) {
    sape_optimizer *optimizer = machine->optimizers[slot(machine)];
    const size_t count = sape_optimizer_num_parameters(optimizer);
    if (!fits(count, 1)) return;
    take_floats(&machine->bytes, count, machine->a);
    take_floats(&machine->bytes, count, machine->b);
    for (size_t i = take_below(&machine->bytes, 5); i > 0; i--) sape_optimizer_step(optimizer, machine->a, machine->b);
}

static void predict(struct machine *machine) {
    const sape_field *field = machine->fields[slot(machine)];
    const size_t dim = sape_mask_encoding_dim(sape_field_mask(field));
    const size_t n = take_samples(machine, dim + sape_network_output_dim(sape_field_network(field)));
    const uint8_t which = take_byte(&machine->bytes);
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    take_floats(&machine->bytes, n * 3, machine->a);
    take_floats(&machine->bytes, n * dim, machine->c);
    if (which & 1) options.mask_by = machine->a;
    if (which & 2) options.override_mask = machine->c;
    if (which & 4) options.override_rows = n;
    if (which & 8) options.weights = machine->d;
    if (!fits(dim, options.override_rows)) options.override_rows = 1;
    sape_field_predict_with(field, &options, n, machine->a, machine->b);
}

static void backward(struct machine *machine) {
    const sape_field *field = machine->fields[slot(machine)];
    const sape_network *network = sape_field_network(field);
    const size_t n = take_samples(machine, sape_network_output_dim(network) + 3);
    take_floats(&machine->bytes, n * 3, machine->a);
    take_floats(&machine->bytes, n * sape_network_output_dim(network), machine->b);
    float *d_parameters = fits(sape_network_num_parameters(network), 1) ? machine->c : NULL;
    sape_field_backward(field, n, machine->a, machine->b, d_parameters, machine->d);
}

static void set_data(struct machine *machine) {
    const size_t i = slot(machine);
    const size_t outputs = sape_network_output_dim(sape_field_network(machine->fields[i]));
    const size_t n = take_samples(machine, outputs);
    take_floats(&machine->bytes, MAX_SAMPLES * 3, machine->data_x[i]);
    take_floats(&machine->bytes, n * outputs, machine->data_targets[i]);
    if (take_byte(&machine->bytes) & 1)
        for (size_t k = 0; k < n * outputs; k++)
            machine->data_targets[i][k] = machine->data_targets[i][k] > 0.0f ? 1.0f : 0.0f;
    sape_trainer_set_data(machine->trainers[i], n, machine->data_x[i],
                          take_byte(&machine->bytes) < 250 ? machine->data_targets[i] : NULL);
}

static int maybe_stop(void *user, const sape_progress *progress) {
    struct machine *machine = user;
    insist(progress->iteration >= 1 && progress->iteration <= progress->num_iterations, "progress");
    return take_byte(&machine->bytes) >= 240;
}

static void run(struct machine *machine) {
    sape_trainer *trainer = machine->trainers[slot(machine)];
    sape_result result = {.struct_size = sizeof result};
    const size_t iterations = take_below(&machine->bytes, 12);
    if (take_byte(&machine->bytes) & 1)
        sape_trainer_run(trainer, iterations, maybe_stop, machine, &result);
    else
        sape_trainer_step(trainer, NULL);
    insist(result.iterations <= iterations, "more iterations than asked for");
}

static void restore(struct machine *machine) {
    const sape_safetensors *checkpoint = machine->checkpoints[slot(machine)];
    const size_t i = slot(machine);
    if (take_byte(&machine->bytes) & 1)
        sape_field_restore(machine->fields[i], checkpoint);
    else
        sape_trainer_restore(machine->trainers[i], checkpoint);
}

static void field_from_checkpoint(struct machine *machine) {
    const size_t i = slot(machine);
    free_field(machine, i);
    const sape_status status = sape_field_from_checkpoint(machine->checkpoints[slot(machine)], &machine->fields[i]);
    insist((machine->fields[i] == NULL) == (status != SAPE_OK), "sape_field_from_checkpoint");
}

static void evaluate_loss(struct machine *machine) {
    const sape_loss kind = (sape_loss)(take_byte(&machine->bytes) % 6 - 1);
    const size_t outputs = take_size(&machine->bytes), n = take_samples(machine, outputs);
    double loss;
    if (!fits(n, outputs)) return;
    take_floats(&machine->bytes, n * outputs, machine->a);
    take_floats(&machine->bytes, n * outputs, machine->b);
    sape_loss_evaluate(kind, n, outputs, machine->a, machine->b, machine->c, machine->d, &loss);
}

typedef void (*call_fn)(struct machine *machine);

static const call_fn calls[] = {
    make_encoder,  make_mask,       make_network, make_optimizer, make_field,
    make_trainer,  make_checkpoint, encode,       read_mask,      drive_mask,
    place_mask,    set_mask_tensor, use_network,  step_optimizer, predict,
    backward,      set_data,        run,          restore,        field_from_checkpoint,
    evaluate_loss,
};

static float *new_floats(void) {
    float *floats = calloc(MAX_FLOATS, sizeof *floats);
    insist(floats != NULL, "no memory for the machine");
    return floats;
}

static void start(struct machine *machine) {
    machine->a = new_floats();
    machine->b = new_floats();
    machine->c = new_floats();
    machine->d = new_floats();
    for (size_t i = 0; i < SLOTS; i++) {
        machine->data_x[i] = new_floats();
        machine->data_targets[i] = new_floats();
    }
}

static void free_handles(struct machine *machine) {
    for (size_t i = 0; i < SLOTS; i++) {
        free_field(machine, i);
        sape_encoder_free(machine->encoders[i]);
        sape_mask_free(machine->masks[i]);
        sape_network_free(machine->networks[i]);
        sape_optimizer_free(machine->optimizers[i]);
        sape_safetensors_free(machine->checkpoints[i]);
        machine->encoders[i] = NULL;
        machine->masks[i] = NULL;
        machine->networks[i] = NULL;
        machine->optimizers[i] = NULL;
        machine->checkpoints[i] = NULL;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
    static struct machine machine;
    if (machine.a == NULL) start(&machine);
    machine.bytes = (struct bytes){bytes, bytes + size};
    for (int i = 0; i < MAX_CALLS && machine.bytes.next < machine.bytes.end; i++)
        calls[take_below(&machine.bytes, sizeof calls / sizeof *calls)](&machine);
    free_handles(&machine);
    return 0;
}
