/* SPDX-License-Identifier: MIT */
/* Calls of fields and their checkpoints. */
#include "machine.h"

void free_field(struct machine *machine, size_t i) {
    sape_trainer_free(machine->trainers[i]);
    sape_field_free(machine->fields[i]);
    machine->trainers[i] = NULL;
    machine->fields[i] = NULL;
}

void make_field(struct machine *machine) {
    const size_t i = take_slot(machine);
    const sape_encoder_params encoder = take_encoder_params(machine);
    const sape_mask_params mask = take_mask_params(machine);
    const sape_network_params network = take_network_params(machine);
    free_field(machine, i);
    const sape_status status = sape_field_create(&encoder, &mask, &network, &machine->fields[i]);
    insist((machine->fields[i] == NULL) == (status != SAPE_OK), "sape_field_create");
    sape_field_set_num_threads(machine->fields[i], take_threads(&machine->bytes));
}

void predict(struct machine *machine) {
    const sape_field *field = machine->fields[take_slot(machine)];
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

void backward(struct machine *machine) {
    const sape_field *field = machine->fields[take_slot(machine)];
    const sape_network *network = sape_field_network(field);
    const size_t n = take_samples(machine, sape_network_output_dim(network) + 3);
    take_floats(&machine->bytes, n * 3, machine->a);
    take_floats(&machine->bytes, n * sape_network_output_dim(network), machine->b);
    float *d_parameters = fits(sape_field_num_parameters(field), 1) ? machine->c : NULL;
    sape_field_backward(field, n, machine->a, machine->b, d_parameters, machine->d);
}

void make_checkpoint(struct machine *machine) {
    const size_t i = take_slot(machine), from = take_slot(machine);
    sape_safetensors_free(machine->checkpoints[i]);
    const sape_status status = take_byte(&machine->bytes) & 1
                                   ? sape_field_checkpoint(machine->fields[from], &machine->checkpoints[i])
                                   : sape_trainer_checkpoint(machine->trainers[from], &machine->checkpoints[i]);
    insist((machine->checkpoints[i] == NULL) == (status != SAPE_OK), "checkpoint");
}

void restore(struct machine *machine) {
    const sape_safetensors *checkpoint = machine->checkpoints[take_slot(machine)];
    const size_t i = take_slot(machine);
    if (take_byte(&machine->bytes) & 1)
        sape_field_restore(machine->fields[i], checkpoint);
    else
        sape_trainer_restore(machine->trainers[i], checkpoint);
}

void field_from_checkpoint(struct machine *machine) {
    const size_t i = take_slot(machine);
    free_field(machine, i);
    const sape_status status =
        sape_field_from_checkpoint(machine->checkpoints[take_slot(machine)], &machine->fields[i]);
    insist((machine->fields[i] == NULL) == (status != SAPE_OK), "sape_field_from_checkpoint");
}

/* Whether a grid of so many points has an output array that fits, or one that no array can have. */
static int grid_is_allowed(const size_t *size, size_t dim, size_t outputs) {
    size_t count = outputs;
    for (size_t a = 0; a < dim; a++) {
        if (size[a] == 0) return 1;
        if (count > SIZE_MAX / sizeof(float) / size[a]) return 1;
        count *= size[a];
    }
    return count <= MAX_GRID;
}

void predict_grid(struct machine *machine) {
    const sape_field *field = machine->fields[take_slot(machine)];
    size_t size[3];
    for (size_t a = 0; a < 3; a++) size[a] = take_size(&machine->bytes);
    take_floats(&machine->bytes, 3, machine->a);
    take_floats(&machine->bytes, 3, machine->c);
    const size_t dim = sape_mask_domain_dim(sape_field_mask(field));
    if (!grid_is_allowed(size, dim, sape_network_output_dim(sape_field_network(field)))) return;
    sape_field_predict_grid(field, size, machine->a, machine->c, machine->b);
}

/* Jacobians and norms of gradients. */
void differentiate(struct machine *machine) {
    const sape_field *field = machine->fields[take_slot(machine)];
    const sape_network *network = sape_field_network(field);
    const size_t outputs = sape_network_output_dim(network), n = take_samples(machine, 3 * outputs);
    take_floats(&machine->bytes, n * 3, machine->a);
    sape_field_jacobian(field, n, machine->a, take_byte(&machine->bytes) & 1 ? machine->b : NULL, machine->c);
    take_floats(&machine->bytes, n * outputs, machine->b);
    sape_field_gradient_norms(field, n, machine->a, machine->b, machine->c);
    if (!fits(sape_field_num_parameters(field), 1)) return;
    take_floats(&machine->bytes, n * outputs * 3, machine->c);
    const float *d_outputs = take_byte(&machine->bytes) & 1 ? machine->b : NULL;
    sape_field_jacobian_backward(field, n, machine->a, d_outputs, machine->c, machine->d);
}

void set_field_tensor(struct machine *machine) {
    sape_field *field = machine->fields[take_slot(machine)];
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_field_tensor_info(field, take_below(&machine->bytes, 16), &info) != SAPE_OK || !fits(info.count, 1))
        return;
    insist(sape_field_get_tensor(field, info.name, machine->a, info.count) == SAPE_OK, "sape_field_get_tensor");
    if (take_byte(&machine->bytes) & 1) take_floats(&machine->bytes, info.count, machine->a);
    sape_field_set_tensor(field, info.name, machine->a, info.count);
}

void update_field(struct machine *machine) {
    sape_field *field = machine->fields[take_slot(machine)];
    const size_t count = sape_field_num_parameters(field);
    if (!fits(count, 1)) return;
    take_floats(&machine->bytes, count, machine->a);
    sape_field_update(field, machine->optimizers[take_slot(machine)], machine->a);
}
