/* SPDX-License-Identifier: MIT */
#include "network/network.h"

#include <stdio.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/random.h"
#include "base/tensor.h"
#include "network/activation.h"
#include "network/backend.h"

/* Samples of a tile where nothing else decides. */
#define TILE_SAMPLES 256

static const sape_network_params defaults = {.struct_size = sizeof(sape_network_params),
                                             .input_dim = 0,
                                             .output_dim = 3,
                                             .hidden_dim = 256,
                                             .num_layers = 3,
                                             .seed = 0,
                                             .instructions = SAPE_INSTRUCTIONS_AUTO,
                                             .product = SAPE_PRODUCT_AUTO,
                                             .precision = SAPE_PRECISION_AUTO,
                                             .activation = SAPE_ACTIVATION_RELU,
                                             .output_activation = SAPE_OUTPUT_ACTIVATION_NONE,
                                             .activation_parameter = 0.0};

void sape_network_params_init(sape_network_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_range(const char *name, size_t value, size_t largest) {
    if (value >= 1 && value <= largest) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "%s is %zu, must be 1 to %zu", name, value, largest);
}

static sape_status check_params(sape_network_params *params) {
    SAPE_TRY(check_range("input_dim", params->input_dim, 65535));
    SAPE_TRY(check_range("output_dim", params->output_dim, 1024));
    SAPE_TRY(check_range("hidden_dim", params->hidden_dim, 8192));
    SAPE_TRY(check_range("num_layers", params->num_layers, SAPE_MAX_LAYERS - 1));
    return sape_activation_check(params);
}

/* Where every layer's parameters lie, and how many there are. */
static void lay_out(sape_network *network) {
    for (size_t l = 0; l < network->num_layers; l++) {
        struct sape_layer *layer = &network->layers[l];
        layer->bf16 = network->backend.bf16;
        layer->bf16_parts = network->backend.precision == SAPE_PRECISION_BF16X3 ? 2 : 1;
        layer->inputs = l == 0 ? network->input_dim : network->hidden_dim;
        layer->outputs = l + 1 == network->num_layers ? network->output_dim : network->hidden_dim;
        layer->stride = sape_round_up(layer->outputs, SAPE_STRIDE);
        layer->function = sape_activation_function(network->activation);
        layer->parameter = (float)network->activation_parameter;
        layer->weight = network->size;
        layer->bias = layer->weight + layer->inputs * layer->stride;
        network->size = layer->bias + layer->stride;
        network->num_parameters += (layer->inputs + 1) * layer->outputs;
    }
    struct sape_layer *last = &network->layers[network->num_layers - 1];
    last->function = sape_output_activation_function(network->output_activation);
    last->parameter = 1.0f;
}

static bool allocate(sape_network *network) {
    size_t packed = 0;
    for (size_t l = 0; l < network->num_layers; l++) {
        packed += sape_round_up(network->product->forward_size(network->kernels, &network->layers[l]), SAPE_STRIDE);
        if (l > 0) packed += network->product->backward_size(network->kernels, &network->layers[l]);
    }
    /* Behind the parameters lie zeros: the biases of derivatives. */
    network->parameters = SAPE_NEW_ARRAY(float, network->size + sape_network_longest_bias(network));
    network->packed = SAPE_NEW_ARRAY(float, packed);
    network->names = sape_alloc(2 * network->num_layers, sizeof *network->names);
    if (network->parameters == NULL || network->packed == NULL || network->names == NULL) return false;
    float *place = network->packed;
    for (size_t l = 0; l < network->num_layers; l++) {
        struct sape_layer *layer = &network->layers[l];
        layer->forward = place;
        place += sape_round_up(network->product->forward_size(network->kernels, layer), SAPE_STRIDE);
        if (l == 0) continue;
        layer->backward = place;
        place += network->product->backward_size(network->kernels, layer);
    }
    return true;
}

/* As PyTorch numbers the modules of a Sequential: a ReLU stands between two linear layers. */
static void name_tensors(sape_network *network) {
    for (size_t l = 0; l < network->num_layers; l++) {
        snprintf(network->names[2 * l], sizeof *network->names, "%zu.weight", 2 * l);
        snprintf(network->names[2 * l + 1], sizeof *network->names, "%zu.bias", 2 * l);
    }
}

void sape_network_pack(const sape_network *network) {
    for (size_t part = 0; part < sape_network_pack_parts(network); part++) sape_network_pack_part(network, part);
}

static void draw_parameters(sape_network *network, uint64_t seed) {
    struct sape_random random;
    sape_random_init(&random, seed, SAPE_STREAM_NETWORK);
    for (size_t l = 0; l < network->num_layers; l++) {
        const struct sape_layer *layer = &network->layers[l];
        double weight, bias;
        sape_activation_start(network->activation, network->activation_parameter, l == 0, layer->inputs, &weight,
                              &bias);
        for (size_t row = 0; row <= layer->inputs; row++)
            for (size_t column = 0; column < layer->outputs; column++)
                network->parameters[layer->weight + row * layer->stride + column] =
                    (float)((row < layer->inputs ? weight : bias) * (2.0 * sape_random_uniform(&random) - 1.0));
    }
    sape_network_pack(network);
}

/* What a network is, of checked parameters. */
static sape_network *describe(const sape_network_params *params, const struct sape_backend *backend) {
    sape_network *network = SAPE_NEW(sape_network);
    if (network == NULL) return NULL;
    network->input_dim = params->input_dim;
    network->output_dim = params->output_dim;
    network->hidden_dim = params->hidden_dim;
    network->num_layers = params->num_layers + 1;
    network->activation = params->activation;
    network->output_activation = params->output_activation;
    network->activation_parameter = params->activation_parameter;
    network->kernels = backend->kernels;
    network->product = backend->product;
    network->backend = *backend;
    lay_out(network);
    return network;
}

sape_status sape_network_create(const sape_network_params *params, sape_network **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(params);
    sape_network_params known = defaults;
    SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known));
    struct sape_backend backend;
    SAPE_TRY(sape_backend_choose(known.instructions, known.product, known.precision, &backend));
    sape_network *network = describe(&known, &backend);
    if (network == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a network");
    if (!allocate(network)) {
        const size_t count = network->num_parameters;
        sape_network_free(network);
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for a network of %zu parameters", count);
    }
    network->params = known;
    network->params.precision = backend.precision;
    name_tensors(network);
    draw_parameters(network, known.seed);
    *out = network;
    return SAPE_OK;
}

void sape_network_free(sape_network *network) {
    if (network == NULL) return;
    sape_release(network->parameters);
    sape_release(network->packed);
    sape_release(network->names);
    sape_release(network);
}

sape_status sape_network_get_params(const sape_network *network, sape_network_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(network);
    SAPE_REQUIRE_POINTER(params);
    return sape_params_write(params, &network->params, sizeof network->params);
}

size_t sape_network_input_dim(const sape_network *network) {
    return network == NULL ? 0 : network->input_dim;
}

size_t sape_network_output_dim(const sape_network *network) {
    return network == NULL ? 0 : network->output_dim;
}

size_t sape_network_num_parameters(const sape_network *network) {
    return network == NULL ? 0 : network->num_parameters;
}

/* One layer's weights, (outputs, inputs) as the public order has them, from or to the own one. */
static void copy_weight(const struct sape_layer *layer, float *own, float *flat, bool to_own) {
    for (size_t row = 0; row < layer->inputs; row++) {
        for (size_t column = 0; column < layer->outputs; column++) {
            float *mine = own + layer->weight + row * layer->stride + column;
            float *theirs = flat + column * layer->inputs + row;
            if (to_own)
                *mine = *theirs;
            else
                *theirs = *mine;
        }
    }
}

static void copy_tensor(const sape_network *network, size_t index, float *own, float *values, bool to_own) {
    const struct sape_layer *layer = &network->layers[index / 2];
    if (index % 2 == 0)
        copy_weight(layer, own, values, to_own);
    else if (to_own)
        memcpy(own + layer->bias, values, layer->outputs * sizeof *own);
    else
        memcpy(values, own + layer->bias, layer->outputs * sizeof *own);
}

static size_t tensor_size(const sape_network *network, size_t index) {
    const struct sape_layer *layer = &network->layers[index / 2];
    return index % 2 == 0 ? layer->inputs * layer->outputs : layer->outputs;
}

static void copy_all(const sape_network *network, float *own, float *flat, bool to_own) {
    for (size_t i = 0; i < 2 * network->num_layers; i++) {
        copy_tensor(network, i, own, flat, to_own);
        flat += tensor_size(network, i);
    }
}

/* copy_all() writes to one of the two only. */
void sape_network_export(const struct sape_network *network, const float *own, float *flat) {
    copy_all(network, (float *)own, flat, false);
}

void sape_network_import(const struct sape_network *network, const float *flat, float *own) {
    copy_all(network, own, (float *)flat, true);
}

static sape_status check_flat(const sape_network *network, const float *parameters, size_t count) {
    if (network == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "network is NULL");
    if (parameters == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "parameters is NULL");
    if (count != network->num_parameters)
        return sape_fail(SAPE_ERROR_SHAPE, "count is %zu, the network has %zu parameters", count,
                         network->num_parameters);
    return SAPE_OK;
}

sape_status sape_network_get_parameters(const sape_network *network, float *parameters, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_flat(network, parameters, count));
    sape_network_export(network, network->parameters, parameters);
    return SAPE_OK;
}

sape_status sape_network_set_parameters(sape_network *network, const float *parameters, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_flat(network, parameters, count));
    SAPE_TRY(sape_check_finite("parameters", parameters, count));
    sape_network_import(network, parameters, network->parameters);
    sape_network_pack(network);
    return SAPE_OK;
}

size_t sape_network_tensor_count(const sape_network *network) {
    return network == NULL ? 0 : 2 * network->num_layers;
}

sape_status sape_network_tensor_info(const sape_network *network, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(network);
    SAPE_TRY(sape_tensor_check_index(index, 2 * network->num_layers, info));
    const struct sape_layer *layer = &network->layers[index / 2];
    const size_t shape[] = {layer->outputs, layer->inputs};
    return sape_tensor_describe(info, network->names[index], SAPE_DTYPE_F32, index % 2 == 0 ? 2 : 1, shape);
}

static sape_status info_of(const void *handle, size_t index, sape_tensor_info *info) {
    return sape_network_tensor_info(handle, index, info);
}

sape_status sape_network_get_tensor(const sape_network *network, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(sape_tensor_find(network, sape_network_tensor_count(network), info_of, name, values, count, &index));
    copy_tensor(network, index, network->parameters, values, false);
    return SAPE_OK;
}

sape_status sape_network_set_tensor(sape_network *network, const char *name, const float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(sape_tensor_find(network, sape_network_tensor_count(network), info_of, name, values, count, &index));
    SAPE_TRY(sape_check_finite(name, values, count));
    copy_tensor(network, index, network->parameters, (float *)values, true);
    sape_network_pack(network);
    return SAPE_OK;
}

/* What the public forward and backward calls need for a tile. */
struct pass {
    const sape_network *network;
    struct sape_tile tile;
    float *memory;
    struct sape_activations activations;
};

static sape_status pass_begin(struct pass *pass, const sape_network *network, size_t n, enum sape_use use) {
    pass->network = network;
    pass->tile = network->product->tile(network->kernels, n < TILE_SAMPLES ? n : TILE_SAMPLES);
    pass->memory = SAPE_NEW_ARRAY(float, sape_activations_size(network, &pass->tile, use, true));
    if (pass->memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a tile of samples");
    sape_activations_place(network, &pass->tile, use, true, pass->memory, &pass->activations);
    sape_product_enter(network->product);
    return SAPE_OK;
}

static void pass_end(struct pass *pass) {
    sape_product_leave(pass->network->product);
    sape_release(pass->memory);
}

/* Takes the tile that begins at a sample through the network. */
static void pass_forward(struct pass *pass, size_t first, size_t n, const float *inputs) {
    const sape_network *network = pass->network;
    const size_t samples = n - first < TILE_SAMPLES ? n - first : TILE_SAMPLES;
    pass->tile = network->product->tile(network->kernels, samples);
    sape_panels_from_rows(&pass->tile, network->input_dim, inputs + first * network->input_dim,
                          pass->activations.values[0].single);
    sape_network_load(network, &pass->tile, network->input_dim, network->input_dim, &pass->activations.values[0]);
    sape_network_tile_forward(network, &pass->tile, network->input_dim, &pass->activations);
}

static sape_status check_pass(const sape_network *network, size_t n, const float *inputs, const float *outputs,
                              const char *outputs_name) {
    if (network == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "network is NULL");
    if (n == 0) return SAPE_OK;
    if (inputs == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "inputs is NULL");
    if (outputs == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", outputs_name);
    const size_t widest = network->input_dim > network->output_dim ? network->input_dim : network->output_dim;
    SAPE_TRY(sape_check_size("n", n, widest));
    return SAPE_OK;
}

sape_status sape_network_forward(const sape_network *network, size_t n, const float *inputs, float *outputs) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_pass(network, n, inputs, outputs, "outputs"));
    if (n == 0) return SAPE_OK;
    struct pass pass;
    SAPE_TRY(pass_begin(&pass, network, n, SAPE_USE_OUTPUTS));
    for (size_t first = 0; first < n; first += TILE_SAMPLES) {
        pass_forward(&pass, first, n, inputs);
        sape_panels_to_rows(&pass.tile, network->output_dim, pass.activations.values[network->num_layers].single,
                            outputs + first * network->output_dim);
    }
    pass_end(&pass);
    return SAPE_OK;
}

static void backward_tiles(struct pass *pass, size_t n, const float *inputs, const float *d_outputs, float *gradient,
                           float *first_backward, float *d_inputs) {
    const sape_network *network = pass->network;
    for (size_t first = 0; first < n; first += TILE_SAMPLES) {
        pass_forward(pass, first, n, inputs);
        sape_panels_from_rows(&pass->tile, network->output_dim, d_outputs + first * network->output_dim,
                              pass->activations.d_values[0].single);
        const float *d_values = sape_network_tile_backward(network, &pass->tile, network->input_dim, &pass->activations,
                                                           gradient, first > 0, first_backward);
        if (d_values != NULL)
            sape_panels_to_rows(&pass->tile, network->input_dim, d_values, d_inputs + first * network->input_dim);
    }
}

sape_status sape_network_backward(const sape_network *network, size_t n, const float *inputs, const float *d_outputs,
                                  float *d_parameters, float *d_inputs) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_pass(network, n, inputs, d_outputs, "d_outputs"));
    if (n == 0) {
        if (d_parameters != NULL) memset(d_parameters, 0, network->num_parameters * sizeof *d_parameters);
        return SAPE_OK;
    }
    struct pass pass;
    float *gradient = d_parameters == NULL ? NULL : SAPE_NEW_ARRAY(float, network->size);
    float *first_backward = d_inputs == NULL ? NULL : SAPE_NEW_ARRAY(float, sape_network_first_backward_size(network));
    sape_status status = SAPE_OK;
    if ((d_parameters != NULL && gradient == NULL) || (d_inputs != NULL && first_backward == NULL))
        status = sape_fail(SAPE_ERROR_MEMORY, "no memory for gradients");
    if (status == SAPE_OK)
        status = pass_begin(&pass, network, n, d_inputs == NULL ? SAPE_USE_GRADIENT : SAPE_USE_INPUT_GRADIENT);
    if (status == SAPE_OK) {
        if (d_inputs != NULL) sape_network_pack_first_backward(network, first_backward);
        backward_tiles(&pass, n, inputs, d_outputs, gradient, first_backward, d_inputs);
        if (d_parameters != NULL) sape_network_export(network, gradient, d_parameters);
        pass_end(&pass);
    }
    sape_release(gradient);
    sape_release(first_backward);
    return status;
}
