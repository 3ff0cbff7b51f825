/* SPDX-License-Identifier: MIT */
/* A tile's way through the network and back. */
#include <string.h>

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

/* Floats of values in single precision and as an operand. */
struct sizes {
    size_t single, operand;
};

/* values[i]; those of hidden layers are not kept in single precision where the next product reads an operand, and of
   the inputs one panel is. */
static struct sizes values_size(const struct sape_network *network, const struct sape_tile *tile, bool keep, size_t i) {
    const struct sape_product *product = network->product;
    const bool inputs = i == 0, outputs = i == network->num_layers;
    struct sizes sizes = {.single = panels_size(network, tile, i)};
    if (product->operand_size == NULL) return sizes;
    if (!keep && inputs) sizes.single /= tile->panels;
    if (!keep && !inputs && !outputs) sizes.single = 0;
    if (!outputs) sizes.operand = product->operand_size(&network->layers[0], tile, rows_of(network, i));
    return sizes;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Room for a gradient of any layer's values: the inputs' is no operand. */
static struct sizes d_values_size(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                                  bool keep) {
    const bool d_inputs = use >= SAPE_USE_INPUT_GRADIENT, operands = network->product->operand_size != NULL;
    struct sizes sizes = {.single = d_inputs ? panels_size(network, tile, 0) : 0};
    for (size_t i = 1; i <= network->num_layers; i++) {
        if (keep || !operands || i == network->num_layers)
            sizes.single = larger(sizes.single, panels_size(network, tile, i));
        if (operands)
            sizes.operand =
                larger(sizes.operand, network->product->operand_size(&network->layers[0], tile, rows_of(network, i)));
    }
    return sizes;
}

static size_t scratch_size(const struct sape_network *network, const struct sape_tile *tile) {
    size_t largest = 0;
    for (size_t l = 0; l < network->num_layers; l++)
        largest = larger(largest, network->product->scratch_size(network->kernels, &network->layers[l], tile));
    return sape_round_up(largest, SAPE_STRIDE);
}

/* Derivatives of the functions that are kept: none, the first, the first two. */
static size_t num_derivatives(enum sape_use use) {
    return use == SAPE_USE_OUTPUTS ? 0 : use < SAPE_USE_JACOBIAN ? 1 : 2;
}

size_t sape_activations_size(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                             bool keep) {
    const struct sizes d_values = d_values_size(network, tile, use, keep);
    size_t size = 2 * (d_values.single + d_values.operand) + scratch_size(network, tile);
    for (size_t i = 0; i <= network->num_layers; i++) {
        const bool curved = i > 0 && sape_layer_curved(&network->layers[i - 1]);
        const struct sizes values = values_size(network, tile, keep, i);
        size += values.single + values.operand;
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

static struct sape_values take_values(float **memory, struct sizes sizes) {
    float *single = take(memory, sizes.single, sizes.single > 0);
    return (struct sape_values){single, take(memory, sizes.operand, sizes.operand > 0)};
}

void sape_activations_place(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                            bool keep, float *memory, struct sape_activations *activations) {
    activations->lean = !keep && network->product->operand_size != NULL;
    for (size_t i = 0; i <= network->num_layers; i++) {
        const bool curved = i > 0 && sape_layer_curved(&network->layers[i - 1]);
        const size_t size = panels_size(network, tile, i);
        activations->values[i] = take_values(&memory, values_size(network, tile, keep, i));
        activations->slopes[i] = take(&memory, size, curved && num_derivatives(use) >= 1);
        activations->curvatures[i] = take(&memory, size, curved && num_derivatives(use) >= 2);
    }
    for (size_t i = 0; i < 2; i++)
        activations->d_values[i] = take_values(&memory, d_values_size(network, tile, use, keep));
    activations->scratch = memory;
    activations->squares = NULL;
}

void sape_network_load(const struct sape_network *network, const struct sape_tile *tile, size_t rows, size_t active,
                       const struct sape_values *values) {
    if (network->product->load == NULL) return;
    for (size_t panel = 0; panel < tile->panels; panel++)
        network->product->load(&network->layers[0], tile, panel, rows, active,
                               values->single + panel * rows * tile->width, values->operand);
}

float *sape_network_input_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                                const struct sape_activations *activations) {
    float *const inputs = activations->values[0].single;
    return activations->lean ? inputs : inputs + panel * network->input_dim * tile->width;
}

void sape_network_take_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                             size_t active, const struct sape_activations *activations) {
    if (network->product->load == NULL) return;
    network->product->load(&network->layers[0], tile, panel, network->input_dim, active,
                           sape_network_input_panel(network, tile, panel, activations), activations->values[0].operand);
}

void sape_network_clear_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                              size_t begin, size_t end, const struct sape_activations *activations) {
    if (!activations->lean)
        memset(sape_network_input_panel(network, tile, panel, activations) + begin * tile->width, 0,
               (end - begin) * tile->width * sizeof(float));
    if (network->product->clear != NULL)
        network->product->clear(&network->layers[0], tile, panel, network->input_dim, begin, end,
                                activations->values[0].operand);
}

void sape_network_tile_forward(const struct sape_network *network, const struct sape_tile *tile, size_t active,
                               struct sape_activations *activations) {
    for (size_t l = 0; l < network->num_layers; l++) {
        const struct sape_layer *layer = &network->layers[l];
        const struct sape_curve curve = {layer->function, layer->parameter, activations->slopes[l + 1],
                                         activations->curvatures[l + 1]};
        network->product->forward(network->kernels, layer, network->parameters, tile, l == 0 ? active : layer->inputs,
                                  &curve, &activations->values[l], &activations->values[l + 1]);
    }
}

struct sape_gate sape_network_gate(const struct sape_network *network, const struct sape_activations *activations,
                                   size_t l) {
    const struct sape_layer *layer = &network->layers[l];
    if (layer->function == SAPE_FUNCTION_NONE) return (struct sape_gate){.store = SAPE_STORE};
    if (layer->function == SAPE_FUNCTION_RELU)
        return (struct sape_gate){.store = SAPE_STORE_GATE, .values = activations->values[l + 1]};
    return (struct sape_gate){.store = SAPE_STORE_SCALE, .slopes = activations->slopes[l + 1]};
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
            activations->d_values[0].single[i] *= activations->slopes[network->num_layers][i];
    sape_network_load(network, tile, last->outputs, last->outputs, &activations->d_values[0]);
    for (size_t l = network->num_layers; l-- > 0;) {
        struct sape_layer layer = network->layers[l];
        const struct sape_values *d_to = &activations->d_values[from];
        const size_t rows = l == 0 ? active : layer.inputs;
        if (gradient != NULL)
            product->weight_gradient(network->kernels, &layer, tile, rows, &activations->values[l], d_to, add, gradient,
                                     activations->scratch);
        if (activations->squares != NULL)
            add_norms(&layer, tile, rows, activations->values[l].single, d_to->single, activations->squares);
        if (l == 0 && first_backward == NULL) return NULL;
        if (l == 0) layer.backward = first_backward;
        from = 1 - from;
        const struct sape_gate gate =
            l == 0 ? (struct sape_gate){.store = SAPE_STORE} : sape_network_gate(network, activations, l - 1);
        struct sape_values d_from = activations->d_values[from];
        if (l > 0 && activations->lean) d_from.single = NULL;
        product->backward(network->kernels, &layer, network->parameters, tile, rows, d_to, &gate, &d_from);
    }
    return activations->d_values[from].single;
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
