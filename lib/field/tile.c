/* SPDX-License-Identifier: MIT */
#include "field/tile.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "field/tables.h"

/* Large enough to hide what a tile costs besides its products, small enough for the second cache. */
#define TILE_SAMPLES 256
/* From this many samples on, a batch is cut in two, for two threads. */
#define SMALL_BATCH 128

struct sape_plan sape_plan_make(const struct sape_field *field, size_t samples) {
    const size_t width = field->network->kernels->width;
    struct sape_plan plan = {.samples = samples, .slots = 1};
    size_t tiles = (samples + TILE_SAMPLES - 1) / TILE_SAMPLES;
    if (tiles < 2 && samples >= SMALL_BATCH) tiles = 2;
    if (tiles >= 2) plan.slots = 2;
    while (plan.slots < SAPE_MAX_SLOTS && plan.slots * 8 <= tiles) plan.slots *= 2;
    tiles = sape_round_up(tiles, plan.slots);
    plan.tile_samples = sape_round_up((samples + tiles - 1) / tiles, width);
    plan.tiles = (samples + plan.tile_samples - 1) / plan.tile_samples;
    if (plan.slots > plan.tiles) plan.slots = plan.tiles;
    return plan;
}

/* The parts of a workspace in floats. */
struct sizes {
    size_t x, places, weights, activations, features;
};

/* The features' gradient is wanted for the coordinates', and for that of the encoder's tables. */
static enum sape_use network_use(const struct sape_field *field, enum sape_use use) {
    const bool tables = sape_encoder_num_levels(field->encoder) > 0;
    return tables && use == SAPE_USE_GRADIENT ? SAPE_USE_INPUT_GRADIENT : use;
}

static struct sizes sizes_of(const struct sape_field *field, const struct sape_tile *tile, enum sape_use use,
                             bool keep) {
    const size_t d = sape_encoder_domain_dim(field->encoder);
    const size_t samples = tile->width * tile->panels, floats = sizeof(struct sape_place) / sizeof(float);
    return (struct sizes){.x = sape_round_up(d * samples, SAPE_STRIDE),
                          .places = sape_round_up(floats * samples, SAPE_STRIDE),
                          .weights = sape_round_up(sape_mask_panel_size(field->mask, tile->width), SAPE_STRIDE),
                          .activations = sape_activations_size(field->network, tile, network_use(field, use), keep),
                          .features = sape_round_up(field->network->input_dim * tile->width, SAPE_STRIDE)};
}

sape_status sape_workspace_open(struct sape_workspace *workspace, const struct sape_field *field, size_t tile_samples,
                                enum sape_use use, bool keep) {
    const bool d_x = use >= SAPE_USE_INPUT_GRADIENT;
    const struct sape_tile tile = field->network->product->tile(field->network->kernels, tile_samples);
    const size_t d = sape_encoder_domain_dim(field->encoder);
    const struct sizes sizes = sizes_of(field, &tile, use, keep);
    size_t total = sizes.x + sizes.places + sizes.weights + sizes.activations;
    if (d_x) total += d * sizes.weights + sizes.features + 2 * sizes.x;
    float *memory = SAPE_NEW_ARRAY(float, total);
    *workspace = (struct sape_workspace){.memory = memory};
    if (memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a tile of %zu samples", tile_samples);
    workspace->x = memory;
    workspace->places = (struct sape_place *)(workspace->x + sizes.x);
    workspace->mask.weights = workspace->x + sizes.x + sizes.places;
    memory = workspace->mask.weights + sizes.weights;
    sape_activations_place(field->network, &tile, network_use(field, use), keep, memory, &workspace->activations);
    memory += sizes.activations;
    if (!d_x) return SAPE_OK;
    workspace->features = memory;
    workspace->d_x = workspace->features + sizes.features;
    workspace->mask_d_x = workspace->d_x + sizes.x;
    memory = workspace->mask_d_x + sizes.x;
    for (size_t a = 0; a < d; a++) workspace->mask.slopes[a] = memory + a * sizes.weights;
    return SAPE_OK;
}

void sape_slots_sum(float *slots, size_t num_slots, size_t size, size_t begin, size_t end) {
    for (size_t slot = 1; slot < num_slots; slot++)
        for (size_t i = begin; i < end; i++) slots[i] += slots[slot * size + i];
}

void sape_workspace_close(struct sape_workspace *workspace) {
    sape_release(workspace->memory);
}

/* Column s of a panel: the coordinates of a lattice's point. */
static void place(const struct sape_lattice *lattice, size_t point, size_t s, size_t width, float *panel) {
    for (size_t a = lattice->dim; a-- > 0;) {
        const double low = (double)lattice->low[a], high = (double)lattice->high[a];
        const size_t last = lattice->size[a] - 1, i = point % lattice->size[a];
        panel[a * width + s] = last == 0 ? lattice->low[a] : (float)(low + (high - low) * (double)i / (double)last);
        point /= lattice->size[a];
    }
}

/* From the caller's units to the field's. */
static void normalize(const struct sape_normalization *normalization, size_t d, size_t samples, size_t width,
                      float *panel) {
    for (size_t a = 0; a < d; a++)
        for (size_t s = 0; s < samples; s++)
            panel[a * width + s] = sape_normalize(normalization, a, panel[a * width + s]);
}

static void gather_lattice(const struct sape_lattice *lattice, size_t first, size_t samples, size_t width,
                           float *panel) {
    memset(panel, 0, lattice->dim * width * sizeof *panel);
    for (size_t s = 0; s < samples; s++) place(lattice, first + s, s, width, panel);
}

/* Coordinates of one panel's samples; what the panel has too much lies at the origin. */
static void gather(const struct sape_batch *batch, size_t d, size_t first, size_t samples, size_t width, float *panel) {
    for (size_t s = 0; s < width; s++) {
        const float *row = s < samples ? batch->x + sape_batch_sample(batch, first + s) * d : NULL;
        for (size_t a = 0; a < d; a++) panel[a * width + s] = row == NULL ? 0.0f : row[a];
    }
}

/* Where the mask is read of a sample that has a place of its own for that. */
static struct sape_place place_of(const struct sape_field *field, const struct sape_batch *batch, size_t sample) {
    const size_t d = field->mask->domain_dim;
    float at[SAPE_MAX_DIM];
    for (size_t a = 0; a < d; a++) {
        at[a] = batch->mask_by[sample * d + a];
        if (batch->normalization != NULL) at[a] = sape_normalize(batch->normalization, a, at[a]);
    }
    return sape_grid_place(&field->mask->grid, at, 1);
}

/* The places of one panel's samples in the mask's grid. */
static void find_places(const struct sape_field *field, const struct sape_batch *batch, size_t first, size_t samples,
                        size_t width, const float *x, struct sape_place *places) {
    const struct sape_grid *grid = &field->mask->grid;
    for (size_t s = 0; s < samples; s++) {
        const size_t sample = sape_batch_sample(batch, first + s);
        if (batch->places != NULL)
            places[s] = batch->places[sample];
        else if (batch->mask_by != NULL)
            places[s] = place_of(field, batch, sample);
        else
            places[s] = sape_grid_place(grid, x + s, width);
    }
}

/* Weights that stand in place of the mask's, sample by sample. */
static void override_weights(const struct sape_field *field, const struct sape_batch *batch, size_t first,
                             size_t samples, size_t width, float *features) {
    const size_t dim = field->network->input_dim;
    for (size_t s = 0; s < samples; s++) {
        const size_t row = batch->override_rows == 1 ? 0 : sape_batch_sample(batch, first + s);
        for (size_t j = 0; j < dim; j++) features[j * width + s] *= batch->override_mask[row * dim + j];
    }
}

static void report_weights(const struct sape_field *field, const struct sape_batch *batch,
                           const struct sape_mask_panel *mask, size_t first, size_t samples, size_t width) {
    const size_t dim = field->network->input_dim;
    for (size_t s = 0; s < samples; s++) {
        const size_t sample = sape_batch_sample(batch, first + s);
        float *weights = batch->weights + sample * dim;
        if (batch->override_mask == NULL)
            sape_mask_panel_weights(field->mask, mask, width, s, weights);
        else
            memcpy(weights, batch->override_mask + (batch->override_rows == 1 ? 0 : sample) * dim,
                   dim * sizeof *weights);
    }
}

void sape_tile_scale_panel(const struct sape_field *field, const struct sape_mask_panel *mask, size_t width,
                           float *features) {
    for (size_t i = 0; i < mask->num_steps; i++) {
        const size_t begin = sape_mask_step_begin(mask, i);
        field->network->kernels->scale_rows(mask->ends[i] - begin, width, mask->weights + i * width,
                                            features + begin * width);
    }
}

/* One panel of masked features; returns how many of them may not be zero. */
static size_t encode_panel(const struct sape_field *field, const struct sape_batch *batch,
                           struct sape_workspace *workspace, size_t panel, size_t samples) {
    const size_t width = workspace->tile.width, d = sape_encoder_domain_dim(field->encoder);
    const size_t dim = field->network->input_dim, first = workspace->first + panel * width;
    float *x = workspace->x + panel * d * width;
    float *features = sape_network_input_panel(field->network, &workspace->tile, panel, &workspace->activations);
    struct sape_mask_panel *mask = &workspace->mask;
    if (batch->x != NULL)
        gather(batch, d, first, samples, width, x);
    else
        gather_lattice(batch->lattice, first, samples, width, x);
    if (batch->normalization != NULL) normalize(batch->normalization, d, samples, width, x);
    if (batch->override_mask != NULL) {
        mask->full = mask->active = dim;
        mask->num_steps = 0;
    } else {
        float *slope = mask->slopes[0];
        struct sape_place *places = workspace->places + panel * width;
        find_places(field, batch, first, samples, width, x, places);
        mask->slopes[0] = NULL;
        sape_mask_read(field->mask, samples, width, NULL, places, mask);
        mask->slopes[0] = slope;
    }
    sape_encoder_panel(field->encoder, mask->active, width, x, features);
    sape_tile_scale_panel(field, mask, width, features);
    if (batch->override_mask != NULL) override_weights(field, batch, first, samples, width, features);
    if (batch->weights != NULL) report_weights(field, batch, mask, first, samples, width);
    sape_network_take_panel(field->network, &workspace->tile, panel, mask->active, &workspace->activations);
    return mask->active;
}

/* The tile's masked features, into the first layer's inputs. */
static void encode_tile(const struct sape_field *field, const struct sape_plan *plan, size_t t,
                        const struct sape_batch *batch, struct sape_workspace *workspace) {
    const sape_network *network = field->network;
    const size_t rest = plan->samples - t * plan->tile_samples;
    size_t active[TILE_SAMPLES];
    workspace->first = t * plan->tile_samples;
    workspace->tile = network->product->tile(network->kernels, rest < plan->tile_samples ? rest : plan->tile_samples);
    workspace->active = 0;
    for (size_t p = 0; p < workspace->tile.panels; p++) {
        active[p] = encode_panel(field, batch, workspace, p, sape_tile_panel_samples(&workspace->tile, p));
        if (active[p] > workspace->active) workspace->active = active[p];
    }
    for (size_t p = 0; p < workspace->tile.panels; p++)
        sape_network_clear_panel(network, &workspace->tile, p, active[p], workspace->active, &workspace->activations);
}

static bool still_encoded(const struct sape_field *field, const struct sape_plan *plan, size_t t,
                          const struct sape_batch *batch, const struct sape_workspace *workspace) {
    return batch->lasting && workspace->encoded_x == batch->x && workspace->first == t * plan->tile_samples &&
           workspace->mask_version == field->mask->version &&
           workspace->encoder_version == sape_encoder_version(field->encoder);
}

void sape_tile_forward(const struct sape_field *field, const struct sape_plan *plan, size_t t,
                       const struct sape_batch *batch, struct sape_workspace *workspace) {
    const sape_network *network = field->network;
    if (!still_encoded(field, plan, t, batch, workspace)) encode_tile(field, plan, t, batch, workspace);
    workspace->encoded_x = batch->lasting ? batch->x : NULL;
    workspace->mask_version = field->mask->version;
    workspace->encoder_version = sape_encoder_version(field->encoder);
    sape_network_tile_forward(network, &workspace->tile, workspace->active, &workspace->activations);
}

float *sape_tile_output(const struct sape_field *field, struct sape_workspace *workspace, float *panels, size_t place) {
    return panels + sape_tile_place(&workspace->tile, field->network->output_dim, place);
}

/* Adds what the mask's slope gives: features and their gradients, and how the weights change with the coordinates. */
static void add_mask_slopes(const struct sape_mask_panel *mask, size_t d, size_t width, const float *features,
                            const float *d_features, float *d_x) {
    for (size_t i = 0; i < mask->num_steps; i++) {
        for (size_t j = sape_mask_step_begin(mask, i); j < mask->ends[i]; j++) {
            for (size_t a = 0; a < d; a++) {
                const float *slope = mask->slopes[a] + i * width;
                for (size_t s = 0; s < width; s++)
                    d_x[a * width + s] += features[j * width + s] * d_features[j * width + s] * slope[s];
            }
        }
    }
}

/* What the mask's slope gives to a panel's coordinates, into workspace->mask_d_x. */
static void slope_panel(const struct sape_field *field, struct sape_workspace *workspace, size_t width, const float *x,
                        const float *d_features) {
    const size_t d = sape_encoder_domain_dim(field->encoder);
    sape_encoder_panel(field->encoder, workspace->mask.active, width, x, workspace->features);
    memset(workspace->mask_d_x, 0, d * width * sizeof(float));
    add_mask_slopes(&workspace->mask, d, width, workspace->features, d_features, workspace->mask_d_x);
}

/* Adds a panel's part to what the samples' own gradients of the tables are in squares. */
static void add_squares(const struct sape_field *field, struct sape_workspace *workspace, size_t panel, size_t samples,
                        const float *x, const float *d_features) {
    const size_t width = workspace->tile.width;
    float sums[TILE_SAMPLES] = {0};
    if (workspace->activations.squares == NULL || sape_encoder_num_levels(field->encoder) == 0) return;
    sape_encoder_panel_squares(field->encoder, workspace->mask.active, width, x, d_features, sums);
    for (size_t s = 0; s < samples; s++) workspace->activations.squares[panel * width + s] += sums[s];
}

/* From a panel's masked features' gradient, which is changed, to the tables', and to the coordinates' in
   workspace->d_x where wanted. */
static void backward_panel(const struct sape_field *field, struct sape_workspace *workspace, size_t panel,
                           size_t samples, float *d_features, const struct sape_tile_gradient *to) {
    const size_t width = workspace->tile.width, d = sape_encoder_domain_dim(field->encoder);
    const float *x = workspace->x + panel * d * width;
    struct sape_mask_panel *mask = &workspace->mask;
    float *slope = mask->slopes[0];
    if (to->d_x == NULL) mask->slopes[0] = NULL;
    sape_mask_read(field->mask, samples, width, x, workspace->places + panel * width, mask);
    mask->slopes[0] = slope;
    if (to->d_x != NULL) slope_panel(field, workspace, width, x, d_features);
    sape_tile_scale_panel(field, mask, width, d_features);
    const size_t end = sape_encoder_group_end(field->encoder, mask->active);
    memset(d_features + mask->active * width, 0, (end - mask->active) * width * sizeof *d_features);
    add_squares(field, workspace, panel, samples, x, d_features);
    if (to->tables != NULL) sape_tables_add(to->tables, field, workspace, panel, -1, mask->active, d_features);
    if (to->d_x == NULL) return;
    sape_encoder_panel_backward(field->encoder, mask->active, width, x, d_features, workspace->d_x);
    for (size_t i = 0; i < d * width; i++) workspace->d_x[i] += workspace->mask_d_x[i];
}

/* The coordinates' gradient of a panel, to its samples' places. */
static void store_d_x(const struct sape_batch *batch, const struct sape_workspace *workspace, size_t d, size_t panel,
                      size_t samples, float *d_x) {
    const size_t width = workspace->tile.width;
    for (size_t s = 0; s < samples; s++) {
        const size_t sample = sape_batch_sample(batch, workspace->first + panel * width + s);
        for (size_t a = 0; a < d; a++) d_x[sample * d + a] = workspace->d_x[a * width + s];
    }
}

void sape_tile_backward(const struct sape_field *field, const struct sape_batch *batch,
                        struct sape_workspace *workspace, const struct sape_tile_gradient *to) {
    const struct sape_tile *tile = &workspace->tile;
    const size_t d = sape_encoder_domain_dim(field->encoder), dim = field->network->input_dim;
    float *d_features = sape_network_tile_backward(field->network, tile, workspace->active, &workspace->activations,
                                                   to->parameters, to->add, to->first_backward);
    if (d_features == NULL) return;
    for (size_t p = 0; p < tile->panels; p++) {
        const size_t samples = sape_tile_panel_samples(tile, p);
        backward_panel(field, workspace, p, samples, d_features + p * dim * tile->width, to);
        if (to->d_x != NULL) store_d_x(batch, workspace, d, p, samples, to->d_x);
    }
}
