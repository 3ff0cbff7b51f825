/* SPDX-License-Identifier: MIT */
#include "field/tangent.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "field/tables.h"

/* Panels and all. */
static size_t values_of(const struct sape_tile *tile, const struct sape_layer *layer) {
    return layer->outputs * tile->panels * tile->width;
}

sape_status sape_tangents_open(struct sape_tangents *tangents, const struct sape_field *field, size_t tile_samples,
                               enum sape_use use) {
    const sape_network *network = field->network;
    const struct sape_tile tile = network->product->tile(network->kernels, tile_samples);
    const size_t activations = sape_activations_size(network, &tile, use, true);
    tangents->memory = SAPE_NEW_ARRAY(float, activations + sape_network_longest_bias(network));
    if (tangents->memory == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the derivatives of %zu samples", tile_samples);
    sape_activations_place(network, &tile, use, true, tangents->memory, &tangents->activations);
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

/* The derivatives through the function that ends layer l. */
static void through_function(const struct sape_network *network, const struct sape_workspace *workspace, size_t l,
                             struct sape_tangents *tangents) {
    const struct sape_layer *layer = &network->layers[l];
    const struct sape_activations *at = &workspace->activations;
    const size_t count = values_of(&workspace->tile, layer);
    float *values = tangents->activations.values[l + 1].single, *bends = tangents->activations.slopes[l + 1];
    if (layer->function == SAPE_FUNCTION_RELU)
        for (size_t i = 0; i < count; i++)
            if (!(at->values[l + 1].single[i] > 0.0f)) values[i] = 0.0f;
    if (!sape_layer_curved(layer)) return;
    for (size_t i = 0; bends != NULL && i < count; i++) bends[i] = at->curvatures[l + 1][i] * values[i];
    for (size_t i = 0; i < count; i++) values[i] *= at->slopes[l + 1][i];
}

void sape_tangents_forward(const struct sape_field *field, struct sape_workspace *workspace, size_t axis,
                           struct sape_tangents *tangents) {
    const sape_network *network = field->network;
    const struct sape_tile *tile = &workspace->tile;
    const struct sape_curve straight = {.function = SAPE_FUNCTION_NONE};
    const struct sape_values *values = tangents->activations.values;
    for (size_t p = 0; p < tile->panels; p++)
        features_panel(field, workspace, p, axis, values[0].single + p * network->input_dim * tile->width);
    sape_network_load(network, tile, network->input_dim, workspace->active, &values[0]);
    for (size_t l = 0; l < network->num_layers; l++) {
        struct sape_layer layer = network->layers[l];
        layer.bias = network->size; /* zeros */
        network->product->forward(network->kernels, &layer, network->parameters, tile,
                                  l == 0 ? workspace->active : layer.inputs, &straight, &values[l], &values[l + 1]);
        through_function(network, workspace, l, tangents);
        if (l + 1 < network->num_layers) sape_network_load(network, tile, layer.outputs, layer.outputs, &values[l + 1]);
    }
}

/* The gradient with respect to the derivatives behind the function that ends layer l, to that with respect to those
   before it; and what it means for the values there, where the function bends: set, or added to. */
static void back_through_function(const struct sape_network *network, const struct sape_workspace *workspace, size_t l,
                                  bool add, struct sape_tangents *tangents, float *d_values) {
    const struct sape_layer *layer = &network->layers[l];
    const float *slopes = workspace->activations.slopes[l + 1], *bends = tangents->activations.slopes[l + 1];
    float *sources = tangents->activations.curvatures[l + 1];
    if (!sape_layer_curved(layer)) return;
    for (size_t i = 0; i < values_of(&workspace->tile, layer); i++) {
        sources[i] = (add ? sources[i] : 0.0f) + bends[i] * d_values[i];
        d_values[i] *= slopes[i];
    }
}

/* From the gradient of a panel's masked features' derivatives to that of the features, by the mask's slope, and to that
   of their own derivatives; d_features is changed. */
static void backward_panel(const struct sape_field *field, struct sape_workspace *workspace, size_t panel, size_t axis,
                           float *d_features, struct sape_tables *tables) {
    const size_t width = workspace->tile.width;
    const struct sape_mask_panel *mask = &workspace->mask;
    float *by_slope = workspace->features;
    memset(by_slope, 0, mask->active * width * sizeof *by_slope);
    for (size_t i = 0; i < mask->num_steps; i++) {
        const float *slopes = mask->slopes[axis] + i * width;
        for (size_t j = sape_mask_step_begin(mask, i); j < mask->ends[i]; j++)
            for (size_t s = 0; s < width; s++) by_slope[j * width + s] = slopes[s] * d_features[j * width + s];
    }
    if (mask->num_steps > 0) sape_tables_add(tables, field, workspace, panel, -1, mask->active, by_slope);
    sape_tile_scale_panel(field, mask, width, d_features);
    sape_tables_add(tables, field, workspace, panel, (int)axis, mask->active, d_features);
}

/* On through the first layer to the encoder's tables: of derivatives along an axis, or of the values, -1. */
static void backward_tables(const struct sape_field *field, struct sape_workspace *workspace, int axis,
                            const struct sape_values *d_to, const struct sape_values *d_features,
                            struct sape_tables *tables) {
    static const struct sape_gate none = {.store = SAPE_STORE};
    const sape_network *network = field->network;
    const size_t width = workspace->tile.width, d = sape_encoder_domain_dim(field->encoder);
    struct sape_layer layer = network->layers[0];
    layer.backward = tables->first_backward;
    network->product->backward(network->kernels, &layer, network->parameters, &workspace->tile, workspace->active, d_to,
                               &none, d_features);
    for (size_t p = 0; p < workspace->tile.panels; p++) {
        float *panel = d_features->single + p * network->input_dim * width;
        sape_mask_read(field->mask, sape_tile_panel_samples(&workspace->tile, p), width, workspace->x + p * d * width,
                       workspace->places + p * width, &workspace->mask);
        if (axis >= 0) {
            backward_panel(field, workspace, p, (size_t)axis, panel, tables);
            continue;
        }
        sape_tile_scale_panel(field, &workspace->mask, width, panel);
        sape_tables_add(tables, field, workspace, p, axis, workspace->mask.active, panel);
    }
}

void sape_tangents_backward(const struct sape_field *field, struct sape_workspace *workspace, size_t axis,
                            struct sape_tangents *tangents, float *gradient, struct sape_tables *tables) {
    const sape_network *network = field->network;
    struct sape_activations *activations = &tangents->activations;
    size_t from = 0;
    for (size_t l = network->num_layers; l-- > 0;) {
        const struct sape_layer *layer = &network->layers[l];
        const size_t bytes = layer->stride * sizeof(float);
        const struct sape_values *d_to = &activations->d_values[from];
        back_through_function(network, workspace, l, axis > 0, tangents, d_to->single);
        if (l + 1 == network->num_layers || sape_layer_curved(layer))
            sape_network_load(network, &workspace->tile, layer->outputs, layer->outputs, d_to);
        memcpy(tangents->bias, gradient + layer->bias, bytes);
        network->product->weight_gradient(network->kernels, layer, &workspace->tile,
                                          l == 0 ? workspace->active : layer->inputs, &activations->values[l], d_to,
                                          true, gradient, activations->scratch);
        memcpy(gradient + layer->bias, tangents->bias, bytes);
        if (l == 0) break;
        from = 1 - from;
        struct sape_gate gate = {.store = SAPE_STORE};
        if (!sape_layer_curved(layer - 1)) gate = sape_network_gate(network, &workspace->activations, l - 1);
        network->product->backward(network->kernels, layer, network->parameters, &workspace->tile, layer->inputs, d_to,
                                   &gate, &activations->d_values[from]);
    }
    if (tables->num_levels == 0) return;
    backward_tables(field, workspace, (int)axis, &activations->d_values[from], &activations->d_values[1 - from],
                    tables);
}

void sape_tangents_finish(const struct sape_field *field, struct sape_workspace *workspace,
                          struct sape_tangents *tangents, float *gradient, struct sape_tables *tables) {
    const sape_network *network = field->network;
    const struct sape_tile *tile = &workspace->tile;
    struct sape_activations *activations = &tangents->activations;
    float *const *sources = activations->curvatures;
    size_t from = 0, l = network->num_layers;
    if (sources[l] == NULL && sources[--l] == NULL) return;
    memcpy(activations->d_values[0].single, sources[l], values_of(tile, &network->layers[l - 1]) * sizeof(float));
    sape_network_load(network, tile, network->layers[l - 1].outputs, network->layers[l - 1].outputs,
                      &activations->d_values[0]);
    while (l-- > 0) {
        const struct sape_layer *layer = &network->layers[l];
        const struct sape_values *d_to = &activations->d_values[from];
        network->product->weight_gradient(network->kernels, layer, tile, l == 0 ? workspace->active : layer->inputs,
                                          &workspace->activations.values[l], d_to, true, gradient,
                                          activations->scratch);
        if (l == 0) break;
        from = 1 - from;
        const struct sape_values *d_from = &activations->d_values[from];
        const struct sape_gate gate = sape_network_gate(network, &workspace->activations, l - 1);
        network->product->backward(network->kernels, layer, network->parameters, tile, layer->inputs, d_to, &gate,
                                   d_from);
        if (sources[l] == NULL) continue;
        for (size_t i = 0; i < values_of(tile, layer - 1); i++) d_from->single[i] += sources[l][i];
        sape_network_load(network, tile, layer->inputs, layer->inputs, d_from);
    }
    if (tables->num_levels == 0) return;
    backward_tables(field, workspace, -1, &activations->d_values[from], &activations->d_values[1 - from], tables);
}

void sape_tangents_store(const struct sape_field *field, const struct sape_batch *batch,
                         const struct sape_workspace *workspace, size_t axis, const struct sape_tangents *tangents,
                         float *jacobian) {
    const size_t o = field->network->output_dim, d = sape_encoder_domain_dim(field->encoder);
    const float *values = tangents->activations.values[field->network->num_layers].single;
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
    float *d_values = tangents->activations.d_values[0].single;
    memset(d_values, 0, workspace->tile.panels * workspace->tile.width * o * sizeof *d_values);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const float *row = d_jacobian + sape_batch_sample(batch, workspace->first + i) * o * d;
        float *to = d_values + sape_tile_place(&workspace->tile, o, i);
        for (size_t k = 0; k < o; k++) to[k * workspace->tile.width] = scale * row[k * d + axis];
    }
}
