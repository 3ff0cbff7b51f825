/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: any calls in any order with any values. The input is a program: a byte chooses the call, the
 * following ones its arguments. The only rules are those a caller cannot break by accident: pointers are NULL or point
 * at enough memory, and a handle is not used after it has been freed.
 */
#include <stdlib.h>

#include "machine.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* Calls of one input. */
#define MAX_CALLS 32

/* A caller may ask for anything; what is too much is refused here, and the library must say so. The linker puts
   __wrap_sape_alloc() in the place of the library's own. */
#define MAX_ALLOCATION ((size_t)1 << 15)

void *__real_sape_alloc(size_t count, size_t size);
void *__wrap_sape_alloc(size_t count, size_t size);

void *__wrap_sape_alloc(size_t count, size_t size) {
    return size != 0 && count > MAX_ALLOCATION / size ? NULL : __real_sape_alloc(count, size);
}

size_t take_slot(struct machine *machine) {
    return take_below(&machine->bytes, SLOTS);
}

int fits(size_t rows, size_t columns) {
    return columns == 0 || rows <= MAX_FLOATS / columns;
}

size_t take_samples(struct machine *machine, size_t columns) {
    size_t n = take_below(&machine->bytes, MAX_SAMPLES + 1);
    return fits(n, columns) ? n : 0;
}

/* New ones come last, so that a corpus keeps its meaning as far as it can. */
static call_fn *const calls[] = {
    make_encoder,  make_mask,        make_network, make_optimizer,    make_field,
    make_trainer,  make_checkpoint,  encode,       read_mask,         drive_mask,
    place_mask,    set_mask_tensor,  use_network,  step_optimizer,    predict,
    backward,      set_data,         run,          restore,           field_from_checkpoint,
    evaluate_loss, set_mask_signal,  predict_grid, differentiate,     set_field_tensor,
    update_field,  set_points,       set_sampler,  set_jacobian_loss, set_adaptive_rate,
    set_reduce,    evaluate_chamfer, use_window,   use_filter,        propose_bandwidth,
    describe,
};

static float *new_floats(void) {
    float *floats = calloc(MAX_FLOATS, sizeof *floats);
    insist(floats != NULL, "no memory for the machine");
    return floats;
}

static void start(struct machine *machine) {
    float **arrays[] = {&machine->a,           &machine->b,       &machine->c,
                        &machine->d,           &machine->spare_x, &machine->spare_targets,
                        &machine->spare_points};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = new_floats();
    for (size_t i = 0; i < SLOTS; i++) {
        machine->data_x[i] = new_floats();
        machine->data_targets[i] = new_floats();
        machine->points[i] = new_floats();
    }
    machine->frequencies = malloc(SAPE_MAX_ENCODING_DIM * sizeof *machine->frequencies);
    insist(machine->frequencies != NULL, "no memory for the machine");
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
