/* SPDX-License-Identifier: MIT */
/*
 * The three products of a layer over a tile of samples: forward, back to the inputs, and the weights' gradient. Three
 * backends do them: packed kernels of our own, in single precision and in bfloat16, and CBLAS.
 *
 * A tile's values lie in panels of tile->width samples (kernels/kernels.h); the panels of an array with R rows are
 * R * width apart. Weights are kept transposed, (inputs, stride): the rows of the first inputs, which are all that a
 * mask reveals at first, lie together.
 */
#ifndef SAPE_LIB_PRODUCT_H
#define SAPE_LIB_PRODUCT_H

#include "base/panels.h"
#include "kernels/kernels.h"

struct sape_bf16_kernels;

/* Rows of weights, biases and so all parameter arrays are filled up to a multiple of this. */
#define SAPE_STRIDE 16

struct sape_layer {
    size_t inputs, outputs;
    /* outputs, filled up. */
    size_t stride;
    /* Offsets in arrays of parameters. */
    size_t weight, bias;
    /* What the layer ends with. */
    enum sape_function function;
    float parameter;
    /* For products in bfloat16: their kernels, and the parts of an operand, 1 or 2. */
    const struct sape_bf16_kernels *bf16;
    size_t bf16_parts;
    /* The layer's operands in the backend's order; NULL where it needs none. */
    float *forward, *backward;
};

/* A tile's values: in single precision, and as the operand that a product in bfloat16 reads. Either is NULL where
   nothing needs it; other backends have no operands. */
struct sape_values {
    float *single, *operand;
};

/* The way back through the function between two layers: SAPE_STORE, for none; SAPE_STORE_GATE, open where values, the
   function's, are above zero; SAPE_STORE_SCALE, by slopes, the function's. */
struct sape_gate {
    enum sape_store store;
    struct sape_values values;
    const float *slopes;
};

struct sape_product {
    const char *name;
    /* The tile for at most `samples` samples. */
    struct sape_tile (*tile)(const struct sape_kernels *kernels, size_t samples);
    /* Floats needed for layer->forward and ->backward. */
    size_t (*forward_size)(const struct sape_kernels *kernels, const struct sape_layer *layer);
    size_t (*backward_size)(const struct sape_kernels *kernels, const struct sape_layer *layer);
    /* Floats of the operand that a tile's `rows` rows of values are, inputs or outputs of the layer; NULL for none. */
    size_t (*operand_size)(const struct sape_layer *layer, const struct sape_tile *tile, size_t rows);
    /* Floats of scratch that weight_gradient() needs for a tile. */
    size_t (*scratch_size)(const struct sape_kernels *kernels, const struct sape_layer *layer,
                           const struct sape_tile *tile);
    void (*pack_forward)(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters);
    void (*pack_backward)(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters);
    /* A panel of `rows` rows, of which the first `active` are not zero, becomes a part of the operand; NULL where there
       are none. forward() with a function and backward() through a gate store the operand themselves. */
    void (*load)(const struct sape_layer *layer, const struct sape_tile *tile, size_t panel, size_t rows, size_t active,
                 const float *values, float *operand);
    /* Zeroes rows from `begin` to `end` of what load() has stored up to `begin`; NULL where there are no operands. */
    void (*clear)(const struct sape_layer *layer, const struct sape_tile *tile, size_t panel, size_t rows, size_t begin,
                  size_t end, float *operand);
    /* to = the curve's function of weights from + bias; only the first `active` inputs are not zero. */
    void (*forward)(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                    const struct sape_tile *tile, size_t active, const struct sape_curve *curve,
                    const struct sape_values *from, const struct sape_values *to);
    /* d_from, the first `active` rows of it, through the gate. */
    void (*backward)(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                     const struct sape_tile *tile, size_t active, const struct sape_values *d_to,
                     const struct sape_gate *gate, const struct sape_values *d_from);
    /* The first `active` rows of the weights' gradient, and the bias's; set, or added to. */
    void (*weight_gradient)(const struct sape_kernels *kernels, const struct sape_layer *layer,
                            const struct sape_tile *tile, size_t active, const struct sape_values *from,
                            const struct sape_values *d_to, bool add, float *gradient, float *scratch);
};

extern const struct sape_product sape_product_packed, sape_product_bf16;

/* NULL where libsape is built without CBLAS. */
extern const struct sape_product *const sape_product_cblas;

/* Static strings: the BLAS library that is loaded, and the kernel it has picked; "none" where there is none. */
void sape_cblas_describe(const char **library, const char **kernel);

/* Around calls of the CBLAS backend: sets its number of threads to one until the last call has left. */
void sape_product_enter(const struct sape_product *product);
void sape_product_leave(const struct sape_product *product);

static inline size_t sape_round_up(size_t value, size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

#endif
