/* SPDX-License-Identifier: MIT */
/* The network as the field and the trainer use it: tile by tile, on parameters in the library's own order. */
#ifndef SAPE_LIB_NETWORK_H
#define SAPE_LIB_NETWORK_H

#include <sape/network.h>

#include "network/backend.h"
#include "state/state.h"

#define SAPE_MAX_LAYERS 65

struct sape_network {
    /* What it was made with. */
    sape_network_params params;
    size_t input_dim, output_dim, hidden_dim;
    /* Hidden layers and the last one. */
    size_t num_layers;
    sape_activation activation;
    sape_output_activation output_activation;
    /* 0 where the activation has none. */
    double activation_parameter;
    struct sape_layer layers[SAPE_MAX_LAYERS];
    /* Floats in an array of parameters: layer by layer (inputs, stride) weights, then (stride) biases. */
    size_t size;
    /* Without what fills up. */
    size_t num_parameters;
    float *parameters;
    float *packed;
    /* The backend's, for short. */
    const struct sape_kernels *kernels;
    const struct sape_product *product;
    struct sape_backend backend;
    char (*names)[16];
};

/* What the values of a tile are for; each includes those before it. */
enum sape_use {
    SAPE_USE_OUTPUTS,
    SAPE_USE_GRADIENT,       /* of the parameters */
    SAPE_USE_INPUT_GRADIENT, /* of the inputs too */
    SAPE_USE_JACOBIAN        /* a gradient with respect to the derivatives by the inputs */
};

/* Values of one tile on their way through the network. values[0] are the inputs, values[num_layers] the outputs. */
struct sape_activations {
    struct sape_values values[SAPE_MAX_LAYERS + 1];
    /* Hidden values are operands alone, and so are their gradients; of the inputs, in single precision, there is one
       panel, which is taken before the next comes. */
    bool lean;
    /* First and second derivatives of the layers' functions; NULL where they are not needed. */
    float *slopes[SAPE_MAX_LAYERS + 1], *curvatures[SAPE_MAX_LAYERS + 1];
    /* Gradients with respect to the values of two neighbouring layers, in turn. */
    struct sape_values d_values[2];
    float *scratch;
    /* Where wanted, a value for every sample of the tile: on the way back the squared norm of its parameters' gradient
       is added. Otherwise NULL. */
    float *squares;
};

/* Floats that sape_activations_place() needs for tiles up to this one. With `keep`, which squares, tangents, and inputs
   that come all at once need, all values are kept in single precision; without, those that no product reads. */
size_t sape_activations_size(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                             bool keep);
void sape_activations_place(const struct sape_network *network, const struct sape_tile *tile, enum sape_use use,
                            bool keep, float *memory, struct sape_activations *activations);

/* Whether a layer's function has derivatives of its own; those of NONE and RELU follow from the values. */
static inline bool sape_layer_curved(const struct sape_layer *layer) {
    return layer->function > SAPE_FUNCTION_RELU;
}

/* The way back through the function that ends layer l. */
struct sape_gate sape_network_gate(const struct sape_network *network, const struct sape_activations *activations,
                                   size_t l);

/* To be called when `rows` rows of values, of which the first `active` are not zero, were stored by other than a
   product. */
void sape_network_load(const struct sape_network *network, const struct sape_tile *tile, size_t rows, size_t active,
                       const struct sape_values *values);

/* Where a panel of the inputs is stored; to be called when it has been, and its first `active` rows may not be zero;
   and to zero more rows. */
float *sape_network_input_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                                const struct sape_activations *activations);
void sape_network_take_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                             size_t active, const struct sape_activations *activations);
void sape_network_clear_panel(const struct sape_network *network, const struct sape_tile *tile, size_t panel,
                              size_t begin, size_t end, const struct sape_activations *activations);

/* From the inputs, of whose rows the first `active` are not zero, to all other values. */
void sape_network_tile_forward(const struct sape_network *network, const struct sape_tile *tile, size_t active,
                               struct sape_activations *activations);

/*
 * Back from d_values[0], which holds the outputs' gradient. The parameters' gradient is set or added to; the rows of
 * the first layer's weights from `active` on are left alone. first_backward, when not NULL, is the first layer packed
 * for the way back, and the inputs' gradient (first `active` rows) is computed; the result says where it is.
 */
float *sape_network_tile_backward(const struct sape_network *network, const struct sape_tile *tile, size_t active,
                                  struct sape_activations *activations, float *gradient, bool add,
                                  float *first_backward);

/* Floats of the longest layer's biases. */
size_t sape_network_longest_bias(const struct sape_network *network);

/* The number of floats first_backward needs (at least 1), and its packing. */
size_t sape_network_first_backward_size(const struct sape_network *network);
void sape_network_pack_first_backward(const struct sape_network *network, float *first_backward);

/* Packing after a change of the parameters, in independent parts. */
size_t sape_network_pack_parts(const struct sape_network *network);
void sape_network_pack_part(const struct sape_network *network, size_t part);

/* Lists an array in the parameters' own order, whose tensors are called after the network's, with a prefix; NULL where
   it is not in files. */
void sape_network_list(const struct sape_network *network, const char *prefix, enum sape_role role, float **own,
                       struct sape_state *state);

/* Packs the parameters for the products, after a change. */
void sape_network_pack(const struct sape_network *network);

/* Between the library's own order and the public, flat one. */
void sape_network_export(const struct sape_network *network, const float *own, float *flat);
void sape_network_import(const struct sape_network *network, const float *flat, float *own);

#endif
