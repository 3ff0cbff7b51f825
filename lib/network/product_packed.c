/* SPDX-License-Identifier: MIT */
/* The layers' products by the packed kernels: weights are packed once an iteration, activations are packed as they lie.
 */
#include "network/product.h"

static struct sape_tile packed_tile(const struct sape_kernels *kernels, size_t samples) {
    return (struct sape_tile){samples, kernels->width, (samples + kernels->width - 1) / kernels->width};
}

static size_t forward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    return layer->inputs * sape_round_up(layer->outputs, kernels->block);
}

static size_t backward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    return sape_round_up(layer->inputs, kernels->block) * layer->stride;
}

/* The outputs' gradient, one sample a row. */
static size_t scratch_size(const struct sape_kernels *kernels, const struct sape_layer *layer,
                           const struct sape_tile *tile) {
    return tile->panels * tile->width * sape_round_up(layer->stride, kernels->width);
}

static void pack_forward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters) {
    kernels->pack_columns(layer->inputs, layer->outputs, parameters + layer->weight, layer->stride, layer->inputs,
                          layer->forward);
}

static void pack_backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters) {
    kernels->pack_rows(layer->inputs, layer->stride, parameters + layer->weight, layer->stride, kernels->block,
                       layer->stride, layer->backward);
}

static void forward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                    const struct sape_tile *tile, size_t active, const struct sape_curve *curve,
                    const struct sape_values *from, const struct sape_values *to) {
    static const enum sape_store stores[] = {
        [SAPE_FUNCTION_NONE] = SAPE_STORE_BIAS, [SAPE_FUNCTION_RELU] = SAPE_STORE_RELU};
    const struct sape_product_args args = {.rows = layer->outputs,
                                           .columns = tile->width,
                                           .depth = active,
                                           .panels = tile->panels,
                                           .a = layer->forward,
                                           .a_depth = layer->inputs,
                                           .b = from->single,
                                           .b_stride = tile->width,
                                           .b_panel = layer->inputs * tile->width,
                                           .c = to->single,
                                           .c_stride = tile->width,
                                           .c_panel = layer->outputs * tile->width,
                                           .store = curve->function <= SAPE_FUNCTION_RELU ? stores[curve->function]
                                                                                          : SAPE_STORE_CURVE,
                                           .bias = parameters + layer->bias,
                                           .curve = curve};
    kernels->product(&args);
}

static void backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                     const struct sape_tile *tile, size_t active, const struct sape_values *d_to,
                     const struct sape_gate *gate, const struct sape_values *d_from) {
    (void)parameters;
    const struct sape_product_args args = {.rows = active,
                                           .columns = tile->width,
                                           .depth = layer->outputs,
                                           .panels = tile->panels,
                                           .a = layer->backward,
                                           .a_depth = layer->stride,
                                           .b = d_to->single,
                                           .b_stride = tile->width,
                                           .b_panel = layer->outputs * tile->width,
                                           .c = d_from->single,
                                           .c_stride = tile->width,
                                           .c_panel = layer->inputs * tile->width,
                                           .store = gate->store,
                                           .gate =
                                               gate->store == SAPE_STORE_SCALE ? gate->slopes : gate->values.single};
    kernels->product(&args);
}

static void weight_gradient(const struct sape_kernels *kernels, const struct sape_layer *layer,
                            const struct sape_tile *tile, size_t active, const struct sape_values *from,
                            const struct sape_values *d_to, bool add, float *gradient, float *scratch) {
    const size_t width = tile->width, samples = tile->panels * width;
    /* A row's end behind the last output may be longer than what is packed: it holds nothing, and stays zero. */
    const size_t packed = sape_round_up(layer->outputs, width);
    const size_t columns = packed < layer->stride ? packed : layer->stride;
    for (size_t panel = 0; panel < tile->panels; panel++)
        kernels->pack_rows(layer->outputs, width, d_to->single + panel * layer->outputs * width, width, width, samples,
                           scratch + panel * width * width);
    const struct sape_gradient_args args = {.rows = active,
                                            .columns = columns,
                                            .panels = tile->panels,
                                            .depth = tile->panels == 1 ? tile->samples : width,
                                            .a = from->single,
                                            .a_panel = layer->inputs * width,
                                            .b = scratch,
                                            .c = gradient + layer->weight,
                                            .c_stride = layer->stride,
                                            .add = add};
    kernels->gradient(&args);
    kernels->column_sums(columns, samples, scratch, add, gradient + layer->bias);
}

const struct sape_product sape_product_packed = {
    .name = "packed",
    .tile = packed_tile,
    .forward_size = forward_size,
    .backward_size = backward_size,
    .scratch_size = scratch_size,
    .pack_forward = pack_forward,
    .pack_backward = pack_backward,
    .forward = forward,
    .backward = backward,
    .weight_gradient = weight_gradient,
};
