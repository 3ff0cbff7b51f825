/* SPDX-License-Identifier: MIT */
/* Calls of encoders, masks, networks and optimizers by themselves. */
#include <math.h>

#include "machine.h"

void make_encoder(struct machine *machine) {
    const sape_encoder_params params = take_encoder_params(machine);
    sape_encoder **encoder = &machine->encoders[take_slot(machine)];
    sape_encoder_free(*encoder);
    const sape_status status = sape_encoder_create(&params, encoder);
    insist((*encoder == NULL) == (status != SAPE_OK), "sape_encoder_create");
}

void make_mask(struct machine *machine) {
    const sape_mask_params params = take_mask_params(machine);
    sape_mask **mask = &machine->masks[take_slot(machine)];
    sape_mask_free(*mask);
    const sape_status status = sape_mask_create(&params, mask);
    insist((*mask == NULL) == (status != SAPE_OK), "sape_mask_create");
}

void make_network(struct machine *machine) {
    const sape_network_params params = take_network_params(machine);
    sape_network **network = &machine->networks[take_slot(machine)];
    sape_network_free(*network);
    const sape_status status = sape_network_create(&params, network);
    insist((*network == NULL) == (status != SAPE_OK), "sape_network_create");
}

void make_optimizer(struct machine *machine) {
    const sape_optimizer_params params = take_optimizer_params(machine);
    sape_optimizer **optimizer = &machine->optimizers[take_slot(machine)];
    const size_t count = take_size(&machine->bytes);
    sape_optimizer_free(*optimizer);
    const sape_status status = sape_optimizer_create(&params, count, optimizer);
    insist((*optimizer == NULL) == (status != SAPE_OK), "sape_optimizer_create");
}

void encode(struct machine *machine) {
    const sape_encoder *encoder = machine->encoders[take_slot(machine)];
    const size_t n = take_samples(machine, sape_encoder_encoding_dim(encoder));
    take_floats(&machine->bytes, n * 3, machine->a);
    sape_encoder_encode(encoder, n, machine->a, machine->b);
    sape_encoder_backward(encoder, n, machine->a, machine->b, machine->c);
    if (fits(sape_encoder_num_parameters(encoder), 1))
        sape_encoder_backward_parameters(encoder, n, machine->a, machine->b, machine->d);
    const size_t features = sape_encoder_encoding_dim(encoder);
    if (features > SAPE_MAX_ENCODING_DIM) return;
    if (sape_encoder_frequencies(encoder, machine->frequencies, features) != SAPE_OK) return;
    for (size_t i = 0; i < features; i++) insist(machine->frequencies[i] >= 0.0, "a frequency below 0");
}

static sape_mask *any_mask(struct machine *machine) {
    const size_t i = take_slot(machine);
    if (take_byte(&machine->bytes) & 1) return machine->masks[i];
    return sape_field_mask(machine->fields[i]);
}

void read_mask(struct machine *machine) {
    const sape_mask *mask = any_mask(machine);
    const size_t n = take_samples(machine, sape_mask_encoding_dim(mask));
    take_floats(&machine->bytes, n * 3, machine->a);
    if (sape_mask_weights(mask, n, machine->a, machine->b) == SAPE_OK)
        for (size_t i = 0; i < n * sape_mask_encoding_dim(mask); i++)
            insist(machine->b[i] >= 0.0f && machine->b[i] <= 1.0001f, "a weight is not in [0, 1]");
    sape_mask_revealed(mask, n, machine->a, machine->c);
}

void drive_mask(struct machine *machine) {
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

void place_mask(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    take_floats(&machine->bytes, 3, machine->a);
    take_floats(&machine->bytes, 3, machine->b);
    sape_mask_set_domain(mask, machine->a, machine->b);
    const size_t n = take_samples(machine, 3);
    take_floats(&machine->bytes, n * 3, machine->a);
    sape_mask_fit_domain(mask, n, machine->a);
}

void set_mask_signal(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    const size_t o = take_size(&machine->bytes), n = take_samples(machine, o);
    take_floats(&machine->bytes, n * 3, machine->a);
    if (!fits(n, o)) return;
    take_floats(&machine->bytes, n * o, machine->b);
    sape_mask_set_signal(mask, n, machine->a, o, machine->b);
}

void set_mask_tensor(struct machine *machine) {
    sape_mask *mask = any_mask(machine);
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_mask_tensor_info(mask, take_below(&machine->bytes, 6), &info) != SAPE_OK || !fits(info.count, 1)) return;
    take_floats(&machine->bytes, info.count, machine->a);
    for (size_t i = 0; i < info.count; i++) machine->a[i] = truncf(machine->a[i] * 8.0f);
    if (take_byte(&machine->bytes) & 1)
        insist(sape_mask_get_tensor(mask, info.name, machine->a, info.count) == 0, "get");
    sape_mask_set_tensor(mask, info.name, machine->a, info.count);
}

void use_network(struct machine *machine) {
    sape_network *network = machine->networks[take_slot(machine)];
    const size_t inputs = sape_network_input_dim(network), outputs = sape_network_output_dim(network);
    const size_t parameters = sape_network_num_parameters(network), n = take_samples(machine, inputs + outputs);
    take_floats(&machine->bytes, n * inputs, machine->a);
    sape_network_forward(network, n, machine->a, machine->b);
    if (!fits(parameters, 1)) return;
    sape_network_backward(network, n, machine->a, machine->b, machine->c, machine->d);
    take_floats(&machine->bytes, parameters, machine->c);
    sape_network_set_parameters(network, machine->c, take_byte(&machine->bytes) < 250 ? parameters : 1);
}

void step_optimizer(struct machine *machine) {
    sape_optimizer *optimizer = machine->optimizers[take_slot(machine)];
    const size_t count = sape_optimizer_num_parameters(optimizer);
    if (!fits(count, 1)) return;
    take_floats(&machine->bytes, count, machine->a);
    take_floats(&machine->bytes, count, machine->b);
    for (size_t i = take_below(&machine->bytes, 5); i > 0; i--) sape_optimizer_step(optimizer, machine->a, machine->b);
}
