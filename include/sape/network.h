/* SPDX-License-Identifier: MIT */
/**
 * @file network.h
 * Implements multilayer perceptrons with activations.
 *
 * Flat arrays of parameters or gradients contain the tensors one after another, in the order of
 * sape_network_tensor_info(): "0.weight" (hidden, in), "0.bias" (hidden), "2.weight" (hidden, hidden), "2.bias", ...,
 * each row-major. This is the order of PyTorch's parameters() for the same network.
 *
 * Any number of threads may call functions that take a const network at once, but not while another thread changes it.
 */
#ifndef SAPE_NETWORK_H
#define SAPE_NETWORK_H

#include "backend.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The function at the end of every hidden layer.
 *
 * z is the layer's weighted sum plus its bias, a is activation_parameter.
 * @since 0.3.0
 */
typedef enum sape_activation {
    /** max(0, z). */
    SAPE_ACTIVATION_RELU = 0,
    /** z above 0, 0.01 z below. */
    SAPE_ACTIVATION_LEAKY_RELU = 1,
    /** sin(a z), for networks like SIREN (Sitzmann et al. 2020), whose initial parameters differ. Default a: 30. */
    SAPE_ACTIVATION_SINE = 2,
    /** log(1 + exp(a z)) / a. Where a z is above 20, z itself. Default a: 1. */
    SAPE_ACTIVATION_SOFTPLUS = 3,
    /** z times the normal distribution function at z, not its usual approximation. */
    SAPE_ACTIVATION_GELU = 4,
    /** z / (1 + exp(-z)). */
    SAPE_ACTIVATION_SILU = 5,
    /** The hyperbolic tangent. */
    SAPE_ACTIVATION_TANH = 6,
    /** exp(-(a z)^2). Default a: 1. */
    SAPE_ACTIVATION_GAUSSIAN = 7
} sape_activation;

/**
 * The function at the end of the last layer. Losses, gradients and predictions see its result.
 * @since 0.3.0
 */
typedef enum sape_output_activation {
    /** z itself. */
    SAPE_OUTPUT_ACTIVATION_NONE = 0,
    /** 1 / (1 + exp(-z)), from 0 to 1. Not together with #SAPE_LOSS_BCE, which takes logits. */
    SAPE_OUTPUT_ACTIVATION_SIGMOID = 1,
    /** The hyperbolic tangent, from -1 to 1. */
    SAPE_OUTPUT_ACTIVATION_TANH = 2,
    /** log(1 + exp(z)), above 0; z itself above 20. */
    SAPE_OUTPUT_ACTIVATION_SOFTPLUS = 3,
    /** exp(z), above 0. It is 0 for z below -87, infinity for z above 88.7. */
    SAPE_OUTPUT_ACTIVATION_EXP = 4
} sape_output_activation;

/** Parameters of a network. Call sape_network_params_init() first, then change what you need. */
typedef struct sape_network_params {
    /** sizeof(sape_network_params), set by the initialiser. */
    size_t struct_size;
    /** Number of inputs, 1 to 65535. A field sets it. Default 0, which only a field accepts. */
    size_t input_dim;
    /** Number of outputs, 1 to 1024. Default 3. */
    size_t output_dim;
    /** Width of the hidden layers, 1 to 8192. Default 256. */
    size_t hidden_dim;
    /** Number of hidden layers, 1 to 64. Default 3. */
    size_t num_layers;
    /**
     * Seed of the initial parameters. They are uniform in +-1/sqrt(inputs of the layer). With #SAPE_ACTIVATION_SINE,
     * the weights are uniform in +-1/inputs in the first layer, and in +-sqrt(6/inputs)/activation_parameter in the
     * others. Default 0.
     */
    uint64_t seed;
    /** The instruction set to compute with. Default #SAPE_INSTRUCTIONS_AUTO. @since 0.2.0 */
    sape_instruction_set instructions;
    /** The backend of the matrix products. Default #SAPE_PRODUCT_AUTO. @since 0.2.0 */
    sape_product_backend product;
    /** The precision of the matrix products. Default #SAPE_PRECISION_AUTO. @since 0.3.0 */
    sape_precision precision;
    /** The function at the end of the hidden layers. Default #SAPE_ACTIVATION_RELU. @since 0.3.0 */
    sape_activation activation;
    /** The function at the end of the last layer. Default #SAPE_OUTPUT_ACTIVATION_NONE. @since 0.3.0 */
    sape_output_activation output_activation;
    /** Unused, 0. @since 0.3.0 */
    int32_t reserved;
    /**
     * The parameter a of the activation. Sine, softplus and gaussian have one, 1e-6 to 1e6; 0 is the activation's
     * default. Others accept only 0. Default 0. @since 0.3.0
     */
    double activation_parameter;
} sape_network_params;

/** A network and its parameters. */
typedef struct sape_network sape_network;

/**
 * Sets every network parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_network_params) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_network_params_init(sape_network_params *params, size_t size);

/**
 * Creates a network and draws its initial parameters.
 *
 * @param[in]  params the parameters; at least input_dim must be set.
 * @param[out] out    receives the network; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or a parameter or SAPE_BACKEND is invalid;
 *         #SAPE_ERROR_VERSION if params sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is
 *         exhausted; #SAPE_ERROR_UNSUPPORTED if the processor lacks the instruction set, or the build lacks CBLAS.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_create(const sape_network_params *params, sape_network **out);

/**
 * Frees a network.
 *
 * @param[in] network the network; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_network_free(sape_network *network);

/**
 * Returns the number of inputs.
 *
 * @param[in] network the network; may be NULL.
 * @return input_dim; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_network_input_dim(const sape_network *network);

/**
 * Returns the number of outputs.
 *
 * @param[in] network the network; may be NULL.
 * @return output_dim; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_network_output_dim(const sape_network *network);

/**
 * Returns the total number of parameters.
 *
 * @param[in] network the network; may be NULL.
 * @return num_parameters, the length of flat arrays; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_network_num_parameters(const sape_network *network);

/**
 * Computes the outputs for a batch of inputs.
 *
 * @param[in]  network the network.
 * @param[in]  n       number of samples; 0 does nothing.
 * @param[in]  inputs  (n, input_dim).
 * @param[out] outputs (n, output_dim) receives the outputs.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_MEMORY if memory is exhausted or n is too
 *         large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_forward(const sape_network *network, size_t n, const float *inputs, float *outputs);

/**
 * Propagates a gradient from the outputs to the parameters and inputs.
 *
 * The forward pass is computed again; nothing is kept between calls.
 *
 * @param[in]  network      the network.
 * @param[in]  n            number of samples; 0 gives a gradient of zeros.
 * @param[in]  inputs       (n, input_dim).
 * @param[in]  d_outputs    (n, output_dim) gradient of a quantity with respect to the outputs.
 * @param[out] d_parameters (num_parameters) receives its gradient with respect to the parameters, flat; may be NULL.
 * @param[out] d_inputs     (n, input_dim) receives its gradient with respect to the inputs; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL; #SAPE_ERROR_MEMORY if memory is exhausted or n
 *         is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_backward(const sape_network *network, size_t n, const float *inputs,
                                           const float *d_outputs, float *d_parameters, float *d_inputs);

/**
 * Copies all parameters out of the network.
 *
 * @param[in]  network    the network.
 * @param[out] parameters (count) receives the parameters, flat.
 * @param[in]  count      number of floats in parameters; must be num_parameters.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_SHAPE if count is not num_parameters.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_get_parameters(const sape_network *network, float *parameters, size_t count);

/**
 * Replaces all parameters of the network.
 *
 * No other thread may use the network meanwhile.
 *
 * @param[in,out] network    the network.
 * @param[in]     parameters (count) finite parameters, flat.
 * @param[in]     count      number of floats in parameters; must be num_parameters.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_SHAPE if count is not num_parameters;
 *         #SAPE_ERROR_NOT_FINITE if parameters contains NaN or infinity.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_set_parameters(sape_network *network, const float *parameters, size_t count);

/**
 * Returns the number of named tensors.
 *
 * @param[in] network the network; may be NULL.
 * @return the number of tensors, two per layer; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_network_tensor_count(const sape_network *network);

/**
 * Describes a tensor by its index.
 *
 * @param[in]     network the network.
 * @param[in]     index   the index, from 0.
 * @param[in,out] info    receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_tensor_info(const sape_network *network, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out of the network.
 *
 * @param[in]  network the network.
 * @param[in]  name    the name from sape_network_tensor_info().
 * @param[out] values  (count) receives the tensor.
 * @param[in]  count   number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_get_tensor(const sape_network *network, const char *name, float *values,
                                             size_t count);

/**
 * Replaces a tensor of the network.
 *
 * No other thread may use the network meanwhile.
 *
 * @param[in,out] network the network.
 * @param[in]     name    the name from sape_network_tensor_info().
 * @param[in]     values  (count) finite values.
 * @param[in]     count   number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's; #SAPE_ERROR_NOT_FINITE if values contains NaN or infinity.
 * @since 0.1.0
 */
SAPE_API sape_status sape_network_set_tensor(sape_network *network, const char *name, const float *values,
                                             size_t count);

/**
 * Returns the name of an activation.
 *
 * @param[in] activation the activation.
 * @return a static string like "relu"; NULL if activation is not a #sape_activation.
 * @since 0.3.0
 */
SAPE_API const char *sape_activation_name(sape_activation activation);

/**
 * Returns the name of an output activation.
 *
 * @param[in] activation the output activation.
 * @return a static string like "none"; NULL if activation is not a #sape_output_activation.
 * @since 0.3.0
 */
SAPE_API const char *sape_output_activation_name(sape_output_activation activation);

/**
 * Copies the parameters that the network has.
 *
 * precision is the one in use. seed is the one that it was made with; of one from a checkpoint, it is the default.
 *
 * @param[in]     network    the network.
 * @param[in,out] params  receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_network_get_params(const sape_network *network, sape_network_params *params);

#ifdef __cplusplus
}
#endif

#endif
