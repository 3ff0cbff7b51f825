/* SPDX-License-Identifier: MIT */
/**
 * @file network.h
 * Networks: a multilayer perceptron with ReLU between its layers and a linear last layer.
 *
 * Flat arrays of parameters or gradients hold the tensors one after the other in the order of
 * sape_network_tensor_info(): "0.weight" (hidden, in), "0.bias" (hidden), "2.weight" (hidden, hidden), "2.bias", ...,
 * each row-major; what PyTorch's parameters() gives for the same network.
 */
#ifndef SAPE_NETWORK_H
#define SAPE_NETWORK_H

#include "backend.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a network is made of. Set by sape_network_params_init(), then changed where wanted. */
typedef struct sape_network_params {
    /** sizeof(sape_network_params); set by the initialiser. */
    size_t struct_size;
    /** Number of inputs, 1 to 65535. Default 0, which only a field accepts: it sets it. */
    size_t input_dim;
    /** Number of outputs, 1 to 1024. Default 3. */
    size_t output_dim;
    /** Width of the hidden layers, 1 to 8192. Default 256. */
    size_t hidden_dim;
    /** Number of hidden layers, 1 to 64. Default 3. */
    size_t num_layers;
    /** Seed of the initial parameters, uniform in +-1/sqrt(inputs of the layer). Default 0. */
    uint64_t seed;
    /** The instruction set to compute with. Default #SAPE_INSTRUCTIONS_AUTO. Since 0.2.0. */
    sape_instruction_set instructions;
    /** Who multiplies matrices. Default #SAPE_PRODUCT_AUTO. Since 0.2.0. */
    sape_product_backend product;
} sape_network_params;

/** A network. */
typedef struct sape_network sape_network;

/** Sets every field to its default. @param size sizeof(sape_network_params) as the caller was compiled. */
SAPE_API void sape_network_params_init(sape_network_params *params, size_t size);

/**
 * Makes a network and draws its parameters.
 *
 * @param params must at least give input_dim.
 * @param out    receives the network; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (an
 *         instruction set that the processor lacks).
 */
SAPE_API sape_status sape_network_create(const sape_network_params *params, sape_network **out);

/** Frees a network; NULL is fine. */
SAPE_API void sape_network_free(sape_network *network);

/** @return the number of inputs; 0 for NULL. */
SAPE_API size_t sape_network_input_dim(const sape_network *network);

/** @return the number of outputs; 0 for NULL. */
SAPE_API size_t sape_network_output_dim(const sape_network *network);

/** @return the number of parameters in all; 0 for NULL. */
SAPE_API size_t sape_network_num_parameters(const sape_network *network);

/**
 * Outputs for n inputs.
 *
 * @param n       number of samples.
 * @param inputs  (n, input_dim). @param outputs (n, output_dim) receives the result.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY. Several threads may call it on one network at once.
 */
SAPE_API sape_status sape_network_forward(const sape_network *network, size_t n, const float *inputs, float *outputs);

/**
 * Gradients from an output gradient; the forward pass is computed again, nothing is kept between calls.
 *
 * @param n            number of samples.
 * @param inputs       (n, input_dim).
 * @param d_outputs    (n, output_dim) gradient of something with respect to the outputs.
 * @param d_parameters (num_parameters) receives its gradient with respect to the parameters, flat; may be NULL.
 * @param d_inputs     (n, input_dim) receives its gradient with respect to the inputs; may be NULL.
 * @return as sape_network_forward(). Several threads may call it on one network at once.
 */
SAPE_API sape_status sape_network_backward(const sape_network *network, size_t n, const float *inputs,
                                           const float *d_outputs, float *d_parameters, float *d_inputs);

/**
 * Copies all parameters out, flat.
 *
 * @param parameters (count) receives them. @param count must be num_parameters.
 * @return #SAPE_OK, or an argument's error.
 */
SAPE_API sape_status sape_network_get_parameters(const sape_network *network, float *parameters, size_t count);

/**
 * Replaces all parameters. Not while another thread uses the network.
 *
 * @param parameters (count) finite, flat. @param count must be num_parameters.
 * @return as above.
 */
SAPE_API sape_status sape_network_set_parameters(sape_network *network, const float *parameters, size_t count);

/** @return the number of tensors, two a layer; 0 for NULL. */
SAPE_API size_t sape_network_tensor_count(const sape_network *network);

/**
 * Describes the index-th tensor.
 *
 * @param index from 0. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_network_tensor_info(const sape_network *network, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out.
 *
 * @param name as sape_network_tensor_info() gives it. @param values (count) receives the tensor.
 * @param count the number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_network_get_tensor(const sape_network *network, const char *name, float *values,
                                             size_t count);

/** Replaces a tensor. @param name, count as above. @param values finite. @return as above, #SAPE_ERROR_NOT_FINITE. */
SAPE_API sape_status sape_network_set_tensor(sape_network *network, const char *name, const float *values,
                                             size_t count);

#ifdef __cplusplus
}
#endif

#endif
