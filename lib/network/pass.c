/* SPDX-License-Identifier: MIT */
/* A tile's way through the network and back. */
#include "network/network.h"

/* Samples whose norms are worked on at a time; a panel of CBLAS has more. */
#define NORM_SAMPLES 64

/* The number of rows of values[i]. */
static size_t rows_of(const struct sape_network *network, size_t i) {
    return i == 0 ? network->input_dim : network->layers[i - 1].outputs;
}

static size_t panels_size(const struct sape_network *network, const struct sape_tile *tile, size_t i) {
    return sape_round_up(rows_of(network, i) * tile->panels * tile->width, SAPE_STRIDE);
}

/* With what the backend keeps behind them. */
static size_t values_size(const struct sape_network *network, const struct sape_tile *tile, size_t i) {
    const size_t size = panels_size(network, tile, i);
    if (network->product->operand_size == NULL) return size;
    return size + network->product->operand_size(&network->layers[0], tile, rows_of(network, i));
}

/* Room for a gradient of any layer's values. */
static size_t d_values_size(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use) {
    size_t largest = 0;
    for (size_t i = use >= SAPE_USE_INPUT_GRADIENT ? 0 : 1; i <= network->num_layers; i++) {
        const size_t size = values_size(network, tile, i);
        if (size > largest) largest = size;
    }
    return largest;
}

static size_t scratch_size(const struct sape_network *network, const struct sape_tile *tile) {
    size_t largest = 0;
    for (size_t l = 0; l < network->num_layers; l++) {
        const size_t size = network->product->scratch_size(network->kernels, &network->layers[l], tile);
        if (size > largest) largest = size;
    }
    return sape_round_up(largest, SAPE_STRIDE);
}

/* Derivatives of the functions that are kept: none, the first, the first two. */
static size_t num_derivatives(enum sape_use use) {
    return use == SAPE_USE_OUTPUTS ? 0 : use < SAPE_USE_JACOBIAN ? 1 : 2;
}

size_t sape_activations_size(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use) {
    size_t size = 2 * d_values_size(network, tile, use) + scratch_size(network, tile);
    for (size_t i = 0; i <= network->num_layers; i++) {
        const bool curved = i > 0 && sape_layer_curved(&network->layers[i - 1]);
        size += values_size(network, tile, i);
        if (curved) size += num_derivatives(use) * panels_size(network, tile, i);
    }
    return size;
}

/* The next `size` floats of memory, where they are wanted. */
static float *take(float **memory, size_t size, bool wanted) {
    float *const place = *memory;
    if (!wanted) return NULL;
    *memory += size;
    return place;
}

void sape_activations_place(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                            float *memory, struct sape_activations *activations) {
    for (size_t i = 0; i <= network->num_layers; i++) {
        const bool curved = i > 0 && sape_layer_curved(&network->layers[i - 1]);
        const size_t size = panels_size(network, tile, i);
        activations->values[i] = take(&memory, values_size(network, tile, i), true);
        activations->slopes[i] = take(&memory, size, curved && num_derivatives(use) >= 1);
        activations->curvatures[i] = take(&memory, size, curved && num_derivatives(use) >= 2);
    }
    for (size_t i = 0; i < 2; i++) activations->d_values[i] = take(&memory, d_values_size(network, tile, use), true);
    activations->scratch = memory;
    activations->squares = NULL;
}

static void load(const struct sape_network *network, size_t layer, const struct sape_tile *tile, size_t rows,
                 size_t active, float *values) {
    if (network->product->load != NULL) network->product->load(&network->layers[layer], tile, rows, active, values);
}

void sape_network_load_inputs(const struct sape_network *network, size_t layer, const struct sape_tile *tile,
                              size_t active, float *inputs) {
    load(network, layer, tile, network->layers[layer].inputs, active, inputs);
}

void sape_network_load_outputs(const struct sape_network *network, size_t layer, const struct sape_tile *tile,
                               float *d_outputs) {
    load(network, layer, tile, network->layers[layer].outputs, network->layers[layer].outputs, d_outputs);
}

void sape_network_tile_forward(const struct sape_network *network, const struct sape_tile *tile, size_t active,
                               struct sape_activations *activations) {
    sape_network_load_inputs(network, 0, tile, active, activations->values[0]);
    for (size_t l = 0; l < network->num_layers; l++) {
        const struct sape_layer *layer = &network->layers[l];
        const struct sape_curve curve = {layer->function, layer->parameter, activations->slopes[l + 1],
                                         activations->curvatures[l + 1]};
        network->product->forward(network->kernels, layer, network->parameters, tile, l == 0 ? active : layer->inputs,
                                  &curve, activations->values[l], activations->values[l + 1]);
    }
}

struct sape_gate sape_network_gate(const struct sape_network *network, const struct sape_activations *activations,
                                   size_t l) {
    const struct sape_layer *layer = &network->layers[l];
    if (layer->function == SAPE_FUNCTION_NONE) return (struct sape_gate){SAPE_STORE, NULL};
    if (layer->function == SAPE_FUNCTION_RELU) return (struct sape_gate){SAPE_STORE_GATE, activations->values[l + 1]};
    return (struct sape_gate){SAPE_STORE_SCALE, activations->slopes[l + 1]};
}

/* Adds to sums, sample by sample, the squares in some columns of a panel's rows. */
static void add_squares(size_t rows, size_t width, size_t columns, const float *panel, float *sums) {
    for (size_t row = 0; row < rows; row++)
        for (size_t s = 0; s < columns; s++) sums[s] += panel[row * width + s] * panel[row * width + s];
}

/* One layer's part of the squared norms: |delta|^2 (|a|^2 + 1), of whose inputs a the first `active` are not zero.
   What a panel has beyond the tile's samples would be the places of its neighbour. */
static void add_norms(const struct sape_layer *layer, const struct sape_tile *tile, size_t active, const float *inputs,
                      const float *deltas, float *squares) {
    const size_t width = tile->width;
    for (size_t p = 0; p < tile->panels; p++) {
        const size_t samples = sape_tile_panel_samples(tile, p);
        for (size_t first = 0; first < samples; first += NORM_SAMPLES) {
            const size_t count = samples - first < NORM_SAMPLES ? samples - first : NORM_SAMPLES;
            float a[NORM_SAMPLES] = {0}, delta[NORM_SAMPLES] = {0};
            add_squares(active, width, count, inputs + p * layer->inputs * width + first, a);
            add_squares(layer->outputs, width, count, deltas + p * layer->outputs * width + first, delta);
            for (size_t s = 0; s < count; s++) squares[p * width + first + s] += delta[s] * (a[s] + 1.0f);
        }
    }
}

float *sape_network_tile_backward(const struct sape_network *network, const struct sape_tile *tile, size_t active,
                                  struct sape_activations *activations, float *gradient, bool add,
                                  float *first_backward) {
    const struct sape_product *product = network->product;
    const struct sape_layer *last = &network->layers[network->num_layers - 1];
    size_t from = 0;
    if (sape_layer_curved(last))
        for (size_t i = 0; i < last->outputs * tile->panels * tile->width; i++)
            activations->d_values[0][i] *= activations->slopes[network->num_layers][i];
    sape_network_load_outputs(network, network->num_layers - 1, tile, activations->d_values[0]);
    for (size_t l = network->num_layers; l-- > 0;) {
        struct sape_layer layer = network->layers[l];
        const float *d_to = activations->d_values[from];
        const size_t rows = l == 0 ? active : layer.inputs;
        if (gradient != NULL)
            product->weight_gradient(network->kernels, &layer, tile, rows, activations->values[l], d_to, add, gradient,
                                     activations->scratch);
        if (activations->squares != NULL)
            add_norms(&layer, tile, rows, activations->values[l], d_to, activations->squares);
        if (l == 0 && first_backward == NULL) return NULL;
        if (l == 0) layer.backward = first_backward;
        from = 1 - from;
        const struct sape_gate gate =
            l == 0 ? (struct sape_gate){SAPE_STORE, NULL} : sape_network_gate(network, activations, l - 1);
        product->backward(network->kernels, &layer, network->parameters, tile, rows, d_to, gate,
                          activations->d_values[from]);
    }
    return activations->d_values[from];
}

size_t sape_network_longest_bias(const struct sape_network *network) {
    const size_t hidden = network->layers[0].stride, outputs = network->layers[network->num_layers - 1].stride;
    return hidden > outputs ? hidden : outputs;
}

size_t sape_network_first_backward_size(const struct sape_network *network) {
    return network->product->backward_size(network->kernels, &network->layers[0]) + 1;
}

void sape_network_pack_first_backward(const struct sape_network *network, float *first_backward) {
    struct sape_layer layer = network->layers[0];
    layer.backward = first_backward;
    network->product->pack_backward(network->kernels, &layer, network->parameters);
}

/* Forward for every layer, then backward for all but the first. */
size_t sape_network_pack_parts(const struct sape_network *network) {
    return 2 * network->num_layers - 1;
}

void sape_network_pack_part(const struct sape_network *network, size_t part) {
    if (part < network->num_layers)
        network->product->pack_forward(network->kernels, &network->layers[part], network->parameters);
    else
        network->product->pack_backward(network->kernels, &network->layers[part - network->num_layers + 1],
                                        network->parameters);
}
