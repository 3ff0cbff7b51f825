/* SPDX-License-Identifier: MIT */
/* Calls that need no handle: losses, windows, filters, bandwidth, what the library says of itself. */
#include <math.h>

#include "machine.h"

void evaluate_loss(struct machine *machine) {
    const sape_loss kind = (sape_loss)(take_byte(&machine->bytes) % 6 - 1);
    const size_t outputs = take_size(&machine->bytes), n = take_samples(machine, outputs);
    double loss;
    if (!fits(n, outputs)) return;
    take_floats(&machine->bytes, n * outputs, machine->a);
    take_floats(&machine->bytes, n * outputs, machine->b);
    sape_loss_evaluate(kind, n, outputs, machine->a, machine->b, machine->c, machine->d, &loss);
}

void evaluate_chamfer(struct machine *machine) {
    const size_t dim = take_below(&machine->bytes, 5);
    const size_t n = take_samples(machine, dim), m = take_samples(machine, dim);
    double loss;
    take_floats(&machine->bytes, n * dim, machine->a);
    take_floats(&machine->bytes, m * dim, machine->b);
    const sape_status status = sape_loss_chamfer(dim, n, machine->a, m, machine->b, machine->c, machine->d, &loss);
    insist(status != SAPE_OK || loss >= 0.0, "a distance below 0");
}

/* At most so many values, or more than any array can have. */
static int shape_is_allowed(const size_t *size, size_t dim, size_t channels, size_t most) {
    size_t count = channels;
    for (size_t a = 0; a < dim && a < 3; a++) {
        if (size[a] == 0) return 1;
        if (count > SIZE_MAX / sizeof(float) / size[a]) return 1;
        count *= size[a];
    }
    return count <= most;
}

void use_window(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_window_params params;
    sape_window_params_init(&params, sizeof params);
    params.boundary = (sape_boundary)(take_byte(bytes) % 6 - 1);
    params.dim = take_below(bytes, 5);
    params.channels = take_byte(bytes) >= 200 ? take_size(bytes) : 1;
    for (size_t a = 0; a < 3; a++) {
        params.size[a] = take_size(bytes);
        params.window[a] = take_size(bytes);
    }
    if (!shape_is_allowed(params.size, params.dim, params.channels, MAX_GRID)) return;
    take_floats(bytes, MAX_GRID, machine->a);
    const sape_status status =
        sape_window_statistics(&params, machine->a, take_byte(bytes) & 1 ? machine->a : machine->b, machine->c);
    insist(status != SAPE_OK || machine->c[0] >= 0.0f, "a variance below 0");
}

void use_filter(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_filter_params params;
    sape_filter_params_init(&params, sizeof params);
    params.boundary = (sape_boundary)(take_byte(bytes) % 6 - 1);
    params.shape = (sape_filter_shape)(take_byte(bytes) % 4 - 1);
    params.dim = take_below(bytes, 5);
    params.channels = take_byte(bytes) >= 200 ? take_size(bytes) : 1;
    for (size_t a = 0; a < 3; a++) params.size[a] = take_size(bytes);
    params.width = take_double(bytes);
    /* The work grows as the square. */
    if (!shape_is_allowed(params.size, params.dim, params.channels, 200)) return;
    take_floats(bytes, 200, machine->a);
    take_floats(bytes, 200, machine->b);
    if (take_byte(bytes) & 1)
        for (size_t i = 0; i < 200; i++) machine->b[i] = fabsf(machine->b[i]) * 10.0f;
    sape_filter_apply(&params, machine->a, machine->b, machine->a);
}

void propose_bandwidth(struct machine *machine) {
    const size_t dim = take_below(&machine->bytes, 5), outputs = take_size(&machine->bytes);
    const size_t n = take_samples(machine, outputs);
    sape_bandwidth proposal = {.struct_size = sizeof proposal};
    take_floats(&machine->bytes, n * 3, machine->a);
    if (!fits(n, outputs)) return;
    take_floats(&machine->bytes, n * outputs, machine->b);
    const float *targets = take_byte(&machine->bytes) & 1 ? machine->b : NULL;
    if (sape_bandwidth_propose(n, dim, machine->a, outputs, targets, &proposal) != SAPE_OK) return;
    insist(isfinite(proposal.std) && proposal.std > 0.0 && isfinite(proposal.c_max), "a bandwidth of no use");
}

void describe(struct machine *machine) {
    sape_description description = {.struct_size = take_byte(&machine->bytes) & 1 ? sizeof description : 8};
    if (take_byte(&machine->bytes) & 1)
        sape_describe(&description);
    else
        sape_field_describe(machine->fields[take_slot(machine)], &description);
    insist(sape_status_string((sape_status)take_byte(&machine->bytes)) != NULL, "sape_status_string");
}
