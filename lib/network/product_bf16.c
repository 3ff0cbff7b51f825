/* SPDX-License-Identifier: MIT */
/*
 * The layers' products in bfloat16, of one part or two (kernels/bf16.h). A tile's operand is its values as pairs of
 * rows, which a product stores and the next one reads. Weights are packed once an iteration.
 */
#include <string.h>

#include "kernels/bf16.h"
#include "network/product.h"

/* Where an operand's parts lie in an array of floats. */
static struct sape_bf16_parts parts_at(const struct sape_layer *layer, const float *memory, size_t size) {
    uint32_t *words = (uint32_t *)memory;
    return (struct sape_bf16_parts){words, layer->bf16_parts == 2 ? words + size : NULL};
}

static size_t pairs_panel(size_t rows) {
    return sape_bf16_round_up(rows) / 2 * SAPE_BF16_WIDTH;
}

/* The pairs of an operand of this many rows; NULL where it is. */
static struct sape_bf16_parts pairs_of(const struct sape_layer *layer, const struct sape_tile *tile, size_t rows,
                                       const float *operand) {
    if (operand == NULL) return (struct sape_bf16_parts){NULL, NULL};
    return parts_at(layer, operand, tile->panels * pairs_panel(rows));
}

/* A panel of an operand, from a row on, which is a multiple of a step's. */
static struct sape_bf16_parts panel_of(const struct sape_layer *layer, const struct sape_tile *tile, size_t panel,
                                       size_t rows, size_t row, const float *operand) {
    const struct sape_bf16_parts pairs = pairs_of(layer, tile, rows, operand);
    const size_t offset = panel * pairs_panel(rows) + row / 2 * SAPE_BF16_WIDTH;
    return (struct sape_bf16_parts){pairs.high + offset, pairs.low == NULL ? NULL : pairs.low + offset};
}

static size_t steps_of(size_t depth) {
    return sape_bf16_round_up(depth) / (2 * SAPE_BF16_STEP);
}

static size_t packed_size(size_t rows, size_t depth) {
    return steps_of(depth) * sape_bf16_a_step(rows);
}

static struct sape_tile bf16_tile(const struct sape_kernels *kernels, size_t samples) {
    (void)kernels;
    return (struct sape_tile){samples, SAPE_BF16_WIDTH, (samples + SAPE_BF16_WIDTH - 1) / SAPE_BF16_WIDTH};
}

static size_t forward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    (void)kernels;
    return layer->bf16_parts * packed_size(layer->stride, layer->inputs);
}

static size_t backward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    (void)kernels;
    return layer->bf16_parts * packed_size(layer->inputs, layer->outputs);
}

static size_t operand_size(const struct sape_layer *layer, const struct sape_tile *tile, size_t rows) {
    return layer->bf16_parts * tile->panels * pairs_panel(rows);
}

static void pack_forward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters) {
    (void)kernels;
    const struct sape_bf16_parts a = parts_at(layer, layer->forward, packed_size(layer->stride, layer->inputs));
    layer->bf16->pack_columns(layer->inputs, layer->stride, parameters + layer->weight, layer->stride,
                              sape_bf16_a_step(layer->stride), &a);
}

static void pack_backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters) {
    (void)kernels;
    const struct sape_bf16_parts a = parts_at(layer, layer->backward, packed_size(layer->inputs, layer->outputs));
    layer->bf16->pack_rows(layer->inputs, layer->outputs, parameters + layer->weight, layer->stride,
                           sape_bf16_a_step(layer->inputs), &a);
}

static void load(const struct sape_layer *layer, const struct sape_tile *tile, size_t panel, size_t rows, size_t active,
                 const float *values, float *operand) {
    const struct sape_bf16_parts pairs = panel_of(layer, tile, panel, rows, 0, operand);
    layer->bf16->join_rows(active, values, &pairs);
}

static void clear(const struct sape_layer *layer, const struct sape_tile *tile, size_t panel, size_t rows, size_t begin,
                  size_t end, float *operand) {
    /* load() has filled the last step. */
    const size_t first = sape_bf16_round_up(begin), last = sape_bf16_round_up(end);
    const struct sape_bf16_parts pairs = panel_of(layer, tile, panel, rows, first, operand);
    const size_t bytes = (last - first) / 2 * SAPE_BF16_WIDTH * sizeof(uint32_t);
    memset(pairs.high, 0, bytes);
    if (pairs.low != NULL) memset(pairs.low, 0, bytes);
}

/* Packed weights times b, to c. */
static struct sape_bf16_args arguments(const struct sape_layer *layer, const struct sape_tile *tile, size_t b_rows,
                                       const struct sape_values *b, size_t c_rows, const struct sape_values *c) {
    return (struct sape_bf16_args){.columns = tile->panels * tile->width,
                                   .b = pairs_of(layer, tile, b_rows, b->operand),
                                   .b_block = pairs_panel(b_rows),
                                   .c = c->single,
                                   .c_stride = tile->width,
                                   .c_block = c_rows * tile->width,
                                   .pairs_block = pairs_panel(c_rows)};
}

static void forward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                    const struct sape_tile *tile, size_t active, const struct sape_curve *curve,
                    const struct sape_values *from, const struct sape_values *to) {
    static const enum sape_store stores[] = {
        [SAPE_FUNCTION_NONE] = SAPE_STORE_BIAS, [SAPE_FUNCTION_RELU] = SAPE_STORE_RELU};
    struct sape_bf16_args args = arguments(layer, tile, layer->inputs, from, layer->outputs, to);
    args.rows = layer->outputs;
    args.steps = steps_of(active);
    args.a = parts_at(layer, layer->forward, packed_size(layer->stride, layer->inputs));
    args.a_step = sape_bf16_a_step(layer->stride);
    args.store = curve->function <= SAPE_FUNCTION_RELU ? stores[curve->function] : SAPE_STORE_CURVE;
    args.bias = parameters + layer->bias;
    args.apply = kernels->apply;
    args.curve = curve;
    if (curve->function != SAPE_FUNCTION_NONE) args.pairs = pairs_of(layer, tile, layer->outputs, to->operand);
    layer->bf16->product(&args);
}

static void backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                     const struct sape_tile *tile, size_t active, const struct sape_values *d_to,
                     const struct sape_gate *gate, const struct sape_values *d_from) {
    (void)kernels;
    (void)parameters;
    struct sape_bf16_args args = arguments(layer, tile, layer->outputs, d_to, layer->inputs, d_from);
    args.rows = active;
    args.steps = steps_of(layer->outputs);
    args.a = parts_at(layer, layer->backward, packed_size(layer->inputs, layer->outputs));
    args.a_step = sape_bf16_a_step(layer->inputs);
    args.store = gate->store;
    args.scales = gate->slopes;
    args.gate = pairs_of(layer, tile, layer->inputs, gate->values.operand).high;
    if (gate->store != SAPE_STORE) args.pairs = pairs_of(layer, tile, layer->inputs, d_from->operand);
    layer->bf16->product(&args);
}

/* For the weights' gradient: the inputs and the outputs' gradient, as pairs of samples; the latter also before it is
   transposed, of one panel. */
struct turned {
    struct sape_bf16_parts from, d_to;
    uint32_t *rows;
};

static size_t turned_inputs(const struct sape_layer *layer, const struct sape_tile *tile) {
    return tile->panels * sape_bf16_a_step(layer->inputs);
}

static size_t turned_outputs(const struct sape_layer *layer, const struct sape_tile *tile) {
    return tile->panels * SAPE_BF16_STEP * sape_bf16_round_up(layer->outputs);
}

static struct turned place_turned(const struct sape_layer *layer, const struct sape_tile *tile, float *scratch) {
    const size_t from = turned_inputs(layer, tile), d_to = turned_outputs(layer, tile);
    float *behind = scratch + layer->bf16_parts * from;
    return (struct turned){.from = parts_at(layer, scratch, from),
                           .d_to = parts_at(layer, behind, d_to),
                           .rows = (uint32_t *)(behind + layer->bf16_parts * d_to)};
}

static size_t scratch_size(const struct sape_kernels *kernels, const struct sape_layer *layer,
                           const struct sape_tile *tile) {
    (void)kernels;
    return layer->bf16_parts * (turned_inputs(layer, tile) + turned_outputs(layer, tile)) +
           sape_bf16_round_up(layer->outputs) * SAPE_BF16_STEP;
}

/* One part of the inputs, of whose rows the first `active` are wanted. */
static void turn_inputs(const struct sape_layer *layer, const struct sape_tile *tile, size_t active,
                        const uint32_t *pairs, uint32_t *turned) {
    for (size_t panel = 0; panel < tile->panels; panel++)
        layer->bf16->turn(active, pairs + panel * pairs_panel(layer->inputs),
                          turned + panel * sape_bf16_a_step(layer->inputs));
}

/* One part of the outputs' gradient: a word of it moves like a float. */
static void turn_outputs(const struct sape_kernels *kernels, const struct sape_layer *layer,
                         const struct sape_tile *tile, const uint32_t *pairs, uint32_t *rows, uint32_t *turned) {
    for (size_t panel = 0; panel < tile->panels; panel++) {
        layer->bf16->turn(layer->outputs, pairs + panel * pairs_panel(layer->outputs), rows);
        kernels->pack_rows(layer->outputs, SAPE_BF16_STEP, (const float *)rows, SAPE_BF16_STEP, SAPE_BF16_WIDTH,
                           tile->panels * SAPE_BF16_STEP, (float *)(turned + panel * SAPE_BF16_STEP * SAPE_BF16_WIDTH));
    }
}

static void turn(const struct sape_kernels *kernels, const struct sape_layer *layer, const struct sape_tile *tile,
                 size_t active, const struct sape_values *from, const struct sape_values *d_to,
                 const struct turned *turned) {
    const struct sape_bf16_parts inputs = pairs_of(layer, tile, layer->inputs, from->operand);
    const struct sape_bf16_parts outputs = pairs_of(layer, tile, layer->outputs, d_to->operand);
    turn_inputs(layer, tile, active, inputs.high, turned->from.high);
    turn_outputs(kernels, layer, tile, outputs.high, turned->rows, turned->d_to.high);
    if (inputs.low == NULL) return;
    turn_inputs(layer, tile, active, inputs.low, turned->from.low);
    turn_outputs(kernels, layer, tile, outputs.low, turned->rows, turned->d_to.low);
}

static void weight_gradient(const struct sape_kernels *kernels, const struct sape_layer *layer,
                            const struct sape_tile *tile, size_t active, const struct sape_values *from,
                            const struct sape_values *d_to, bool add, float *gradient, float *scratch) {
    const struct turned turned = place_turned(layer, tile, scratch);
    turn(kernels, layer, tile, active, from, d_to, &turned);
    const struct sape_bf16_args args = {.rows = active,
                                        .columns = layer->stride,
                                        .steps = tile->panels,
                                        .a = turned.from,
                                        .a_step = sape_bf16_a_step(layer->inputs),
                                        .b = turned.d_to,
                                        .b_block = tile->panels * SAPE_BF16_STEP * SAPE_BF16_WIDTH,
                                        .c = gradient + layer->weight,
                                        .c_stride = layer->stride,
                                        .c_block = SAPE_BF16_WIDTH,
                                        .store = add ? SAPE_STORE_ADD : SAPE_STORE};
    layer->bf16->product(&args);
    layer->bf16->column_sums(layer->stride, tile->panels * SAPE_BF16_STEP, &turned.d_to, add, gradient + layer->bias);
}

const struct sape_product sape_product_bf16 = {
    .name = "packed",
    .tile = bf16_tile,
    .forward_size = forward_size,
    .backward_size = backward_size,
    .operand_size = operand_size,
    .scratch_size = scratch_size,
    .pack_forward = pack_forward,
    .pack_backward = pack_backward,
    .load = load,
    .clear = clear,
    .forward = forward,
    .backward = backward,
    .weight_gradient = weight_gradient,
};
