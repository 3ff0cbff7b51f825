/* SPDX-License-Identifier: MIT */
/* The layers' products by the packed kernels: weights are packed once an iteration, activations are packed as they lie.
 */
#include "product.h"

static struct sape_tile packed_tile(const struct sape_kernels *kernels, size_t samples) {
    return (struct sape_tile){samples, kernels->width, (samples + kernels->width - 1) / kernels->width};
}

static size_t forward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    return layer->inputs * sape_round_up(layer->outputs, kernels->block);
}

static size_t backward_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    return sape_round_up(layer->inputs, kernels->block) * layer->stride;
}

/* Both operands of the weights' gradient, one sample a row. */
static size_t scratch_size(const struct sape_kernels *kernels, const struct sape_layer *layer,
                           const struct sape_tile *tile) {
    const size_t samples = tile->panels * tile->width;
    return samples * (sape_round_up(layer->inputs, kernels->block) + sape_round_up(layer->stride, kernels->width));
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
                    const struct sape_tile *tile, size_t active, bool relu, const float *from, float *to) {
    const struct sape_product_args args = {.rows = layer->outputs,
                                           .columns = tile->width,
                                           .depth = active,
                                           .panels = tile->panels,
                                           .a = layer->forward,
                                           .a_depth = layer->inputs,
                                           .b = from,
                                           .b_stride = tile->width,
                                           .b_panel = layer->inputs * tile->width,
                                           .c = to,
                                           .c_stride = tile->width,
                                           .c_panel = layer->outputs * tile->width,
                                           .store = relu ? SAPE_STORE_RELU : SAPE_STORE_BIAS,
                                           .bias = parameters + layer->bias};
    kernels->product(&args);
}

static void backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                     const struct sape_tile *tile, size_t active, const float *d_to, const float *gate, float *d_from) {
    (void)parameters;
    const struct sape_product_args args = {.rows = active,
                                           .columns = tile->width,
                                           .depth = layer->outputs,
                                           .panels = tile->panels,
                                           .a = layer->backward,
                                           .a_depth = layer->stride,
                                           .b = d_to,
                                           .b_stride = tile->width,
                                           .b_panel = layer->outputs * tile->width,
                                           .c = d_from,
                                           .c_stride = tile->width,
                                           .c_panel = layer->inputs * tile->width,
                                           .store = gate == NULL ? SAPE_STORE : SAPE_STORE_GATE,
                                           .gate = gate};
    kernels->product(&args);
}

/* Panels of `rows` rows, of which `used` count, to blocks of rows with one sample after the other. */
static void pack_samples(const struct sape_kernels *kernels, const struct sape_tile *tile, size_t rows, size_t used,
                         size_t block, const float *from, float *to) {
    const size_t samples = tile->panels * tile->width;
    for (size_t panel = 0; panel < tile->panels; panel++)
        kernels->pack_rows(used, tile->width, from + panel * rows * tile->width, tile->width, block, samples,
                           to + panel * tile->width * block);
}

static void weight_gradient(const struct sape_kernels *kernels, const struct sape_layer *layer,
                            const struct sape_tile *tile, size_t active, const float *from, const float *d_to, bool add,
                            float *gradient, float *scratch) {
    const size_t samples = tile->panels * tile->width;
    float *inputs = scratch;
    float *outputs = scratch + samples * sape_round_up(layer->inputs, kernels->block);
    pack_samples(kernels, tile, layer->inputs, active, kernels->block, from, inputs);
    pack_samples(kernels, tile, layer->outputs, layer->outputs, kernels->width, d_to, outputs);
    for (size_t first = 0; first < layer->stride; first += kernels->width) {
        const size_t columns = layer->stride - first < kernels->width ? layer->stride - first : kernels->width;
        const struct sape_product_args args = {.rows = active,
                                               .columns = columns,
                                               .depth = samples,
                                               .panels = 1,
                                               .a = inputs,
                                               .a_depth = samples,
                                               .b = outputs + first * samples,
                                               .b_stride = kernels->width,
                                               .c = gradient + layer->weight + first,
                                               .c_stride = layer->stride,
                                               .store = add ? SAPE_STORE_ADD : SAPE_STORE};
        kernels->product(&args);
    }
    for (size_t panel = 0; panel < tile->panels; panel++)
        kernels->row_sums(layer->outputs, tile->width, d_to + panel * layer->outputs * tile->width, add || panel > 0,
                          gradient + layer->bias);
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
