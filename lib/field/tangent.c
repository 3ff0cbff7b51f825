/* SPDX-License-Identifier: MIT */
#include "field/tangent.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

sape_status sape_tangents_open(struct sape_tangents *tangents, const struct sape_field *field, size_t tile_samples) {
    const sape_network *network = field->network;
    const struct sape_tile tile = network->product->tile(network->kernels, tile_samples);
    const size_t activations = sape_activations_size(network, &tile, false);
    tangents->memory = SAPE_NEW_ARRAY(float, activations + sape_network_longest_bias(network));
    if (tangents->memory == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the derivatives of %zu samples", tile_samples);
    sape_activations_place(network, &tile, false, tangents->memory, &tangents->activations);
    tangents->bias = tangents->memory + activations;
    return SAPE_OK;
}

void sape_tangents_close(struct sape_tangents *tangents) {
    sape_release(tangents->memory);
    tangents->memory = NULL;
}

/* The derivatives of a panel's masked features: the features' own times the weights, and theirs times the slopes. */
static void features_panel(const struct sape_field *field, struct sape_workspace *workspace, size_t panel, size_t axis,
                           float *tangents) {
    const size_t width = workspace->tile.width, d = sape_encoder_domain_dim(field->encoder);
    const float *x = workspace->x + panel * d * width;
    struct sape_mask_panel *mask = &workspace->mask;
    sape_mask_read(field->mask, sape_tile_panel_samples(&workspace->tile, panel), width, x,
                   workspace->places + panel * width, mask);
    sape_encoder_panel(field->encoder, mask->active, width, x, workspace->features);
    sape_encoder_panel_tangent(field->encoder, mask->active, width, x, axis, workspace->features, tangents);
    for (size_t i = 0; i < mask->num_steps; i++) {
        const float *weights = mask->weights + i * width, *slopes = mask->slopes[axis] + i * width;
        for (size_t j = sape_mask_step_begin(mask, i); j < mask->ends[i]; j++)
            for (size_t s = 0; s < width; s++)
                tangents[j * width + s] =
                    weights[s] * tangents[j * width + s] + slopes[s] * workspace->features[j * width + s];
    }
    memset(tangents + mask->active * width, 0, (workspace->active - mask->active) * width * sizeof *tangents);
}

void sape_tangents_forward(const struct sape_field *field, struct sape_workspace *workspace, size_t axis,
                           struct sape_tangents *tangents) {
    const sape_network *network = field->network;
    const struct sape_tile *tile = &workspace->tile;
    float *const *values = tangents->activations.values;
    for (size_t p = 0; p < tile->panels; p++)
        features_panel(field, workspace, p, axis, values[0] + p * network->input_dim * tile->width);
    for (size_t l = 0; l < network->num_layers; l++) {
        struct sape_layer layer = network->layers[l];
        layer.bias = network->size; /* zeros */
        network->product->forward(network->kernels, &layer, network->parameters, tile,
                                  l == 0 ? workspace->active : layer.inputs, false, values[l], values[l + 1]);
        if (l + 1 == network->num_layers) break;
        const float *gate = workspace->activations.values[l + 1];
        for (size_t i = 0; i < layer.outputs * tile->panels * tile->width; i++)
            if (!(gate[i] > 0.0f)) values[l + 1][i] = 0.0f;
    }
}

void sape_tangents_backward(const struct sape_field *field, const struct sape_workspace *workspace,
                            struct sape_tangents *tangents, float *gradient) {
    const sape_network *network = field->network;
    struct sape_activations *activations = &tangents->activations;
    size_t from = 0;
    for (size_t l = network->num_layers; l-- > 0;) {
        const struct sape_layer *layer = &network->layers[l];
        const size_t bytes = layer->stride * sizeof(float);
        const float *d_to = activations->d_values[from];
        memcpy(tangents->bias, gradient + layer->bias, bytes);
        network->product->weight_gradient(network->kernels, layer, &workspace->tile,
                                          l == 0 ? workspace->active : layer->inputs, activations->values[l], d_to,
                                          true, gradient, activations->scratch);
        memcpy(gradient + layer->bias, tangents->bias, bytes);
        if (l == 0) break;
        from = 1 - from;
        network->product->backward(network->kernels, layer, network->parameters, &workspace->tile, layer->inputs, d_to,
                                   workspace->activations.values[l], activations->d_values[from]);
    }
}

void sape_tangents_store(const struct sape_field *field, const struct sape_batch *batch,
                         const struct sape_workspace *workspace, size_t axis, const struct sape_tangents *tangents,
                         float *jacobian) {
    const size_t o = field->network->output_dim, d = sape_encoder_domain_dim(field->encoder);
    const float *values = tangents->activations.values[field->network->num_layers];
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        float *row = jacobian + sape_batch_sample(batch, workspace->first + i) * o * d;
        const float *from = values + sape_tile_place(&workspace->tile, o, i);
        for (size_t k = 0; k < o; k++) row[k * d + axis] = from[k * workspace->tile.width];
    }
}

void sape_tangents_load(const struct sape_field *field, const struct sape_batch *batch,
                        const struct sape_workspace *workspace, size_t axis, float scale, const float *d_jacobian,
                        struct sape_tangents *tangents) {
    const size_t o = field->network->output_dim, d = sape_encoder_domain_dim(field->encoder);
    float *d_values = tangents->activations.d_values[0];
    memset(d_values, 0, workspace->tile.panels * workspace->tile.width * o * sizeof *d_values);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const float *row = d_jacobian + sape_batch_sample(batch, workspace->first + i) * o * d;
        float *to = d_values + sape_tile_place(&workspace->tile, o, i);
        for (size_t k = 0; k < o; k++) to[k * workspace->tile.width] = scale * row[k * d + axis];
    }
}
