/* SPDX-License-Identifier: MIT */
/* Reading the variance policy's mask: the cut-off at a place, and from it the weights of the features. */
#include <math.h>
#include <string.h>

#include "mask/mask.h"

/* The cut-off at a place, interpolated between the cells, and what an axis's share of the way adds to it. */
struct local_cutoff {
    double value;
    double slope[SAPE_MAX_DIM];
};

/* Between the values at a cell's corners, axis by axis, in a form that gives equal values back exactly; along one axis
   the derivative with respect to x, whose share has that slope, none when there is no such axis. */
static double interpolate(const double *corners, size_t dim, const float *share, size_t derivative, double slope) {
    double lines[1 << SAPE_MAX_DIM];
    size_t count = (size_t)1 << dim;
    memcpy(lines, corners, count * sizeof *lines);
    for (size_t a = 0; a < dim; a++) {
        count /= 2;
        for (size_t i = 0; i < count; i++) {
            const double difference = lines[2 * i + 1] - lines[2 * i];
            lines[i] = a == derivative ? slope * difference : lines[2 * i] + (double)share[a] * difference;
        }
    }
    return lines[0];
}

/* x, coordinates `stride` apart, is for the slopes; NULL without. */
static struct local_cutoff cutoff_at(const struct sape_mask *mask, const struct sape_place *place, const float *x,
                                     size_t stride) {
    const size_t dim = mask->grid.dim;
    double corners[1 << SAPE_MAX_DIM];
    for (size_t corner = 0; corner < (size_t)1 << dim; corner++)
        corners[corner] = sape_cutoff_of_cell(mask->cutoff, place->cell + sape_grid_corner(&mask->grid, corner));
    struct local_cutoff local = {.value = interpolate(corners, dim, place->share, dim, 0.0)};
    for (size_t a = 0; x != NULL && a < dim; a++)
        local.slope[a] =
            interpolate(corners, dim, place->share, a, (double)sape_grid_slope(&mask->grid, a, x[a * stride]));
    return local;
}

/* Groups whose frequency is at most f, or less than f. */
static size_t groups_below(const struct sape_cutoff *cutoff, double f, bool strictly) {
    size_t low = 0, high = cutoff->num_groups;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strictly ? cutoff->frequencies[middle] < f : cutoff->frequencies[middle] <= f)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Groups of weight 1, and those of any weight. */
static size_t full_groups(const struct sape_cutoff *cutoff, double c) {
    return groups_below(cutoff, c, false);
}

static size_t active_groups(const struct sape_cutoff *cutoff, double c) {
    const size_t full = full_groups(cutoff, c), active = groups_below(cutoff, c + cutoff->params.width, true);
    return active > full ? active : full;
}

static size_t features_of(const struct sape_cutoff *cutoff, size_t groups) {
    return groups == 0 ? 0 : cutoff->ends[groups - 1];
}

static void read_sample(const struct sape_mask *mask, size_t first, const struct local_cutoff *local, size_t width,
                        size_t s, const struct sape_mask_panel *panel) {
    const struct sape_cutoff *cutoff = mask->cutoff;
    double derivative;
    for (size_t i = 0; i < panel->num_steps; i++) {
        const double excess = cutoff->frequencies[first + i] - local->value;
        panel->weights[i * width + s] =
            (float)sape_filter_weight(cutoff->params.shape, cutoff->params.width, excess, &derivative);
        for (size_t a = 0; a < mask->grid.dim && panel->slopes[0] != NULL; a++)
            panel->slopes[a][i * width + s] = (float)(derivative * local->slope[a]);
    }
}

void sape_cutoff_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                      const struct sape_place *places, struct sape_mask_panel *panel) {
    const struct sape_cutoff *cutoff = mask->cutoff;
    double lowest = INFINITY, highest = 0.0;
    for (size_t s = 0; s < samples; s++) {
        const double c = cutoff_at(mask, &places[s], NULL, 0).value;
        lowest = fmin(lowest, c);
        highest = fmax(highest, c);
    }
    const size_t first = full_groups(cutoff, lowest), last = active_groups(cutoff, highest);
    panel->full = features_of(cutoff, first);
    panel->active = features_of(cutoff, last);
    panel->num_steps = last - first;
    panel->ends = cutoff->ends + first;
    if (panel->num_steps == 0) return;
    const size_t bytes = panel->num_steps * width * sizeof(float);
    memset(panel->weights, 0, bytes);
    for (size_t a = 0; a < mask->domain_dim && panel->slopes[0] != NULL; a++) memset(panel->slopes[a], 0, bytes);
    for (size_t s = 0; s < samples; s++) {
        const struct local_cutoff local = cutoff_at(mask, &places[s], panel->slopes[0] == NULL ? NULL : x + s, width);
        read_sample(mask, first, &local, width, s, panel);
    }
}

void sape_cutoff_bounds(const struct sape_mask *mask, size_t n, const struct sape_place *places, uint16_t *bounds) {
    const struct sape_cutoff *cutoff = mask->cutoff;
    for (size_t s = 0; s < n; s++) {
        const double c = cutoff_at(mask, &places[s], NULL, 0).value;
        bounds[s] = (uint16_t)features_of(cutoff, active_groups(cutoff, c));
    }
}

size_t sape_cutoff_active(const struct sape_cutoff *cutoff, const struct sape_grid *grid) {
    double highest = 0.0;
    for (size_t i = 0; i < grid->cells; i++) highest = fmax(highest, sape_cutoff_of_cell(cutoff, i));
    return features_of(cutoff, active_groups(cutoff, highest));
}

/* The sum of a cell's weights. */
static double weights_of(const struct sape_cutoff *cutoff, double c) {
    const size_t full = full_groups(cutoff, c), active = active_groups(cutoff, c);
    double sum = (double)features_of(cutoff, full);
    for (size_t g = full; g < active; g++) {
        const size_t features = features_of(cutoff, g + 1) - features_of(cutoff, g);
        sum += (double)features *
               sape_filter_weight(cutoff->params.shape, cutoff->params.width, cutoff->frequencies[g] - c, NULL);
    }
    return sum;
}

void sape_cutoff_state(const struct sape_cutoff *cutoff, const struct sape_grid *grid, sape_mask_state *state) {
    double lowest = INFINITY, highest = 0.0, sum = 0.0;
    for (size_t i = 0; i < grid->cells; i++) {
        const double c = sape_cutoff_of_cell(cutoff, i);
        lowest = fmin(lowest, c);
        highest = fmax(highest, c);
        sum += weights_of(cutoff, c);
        state->cells_in_progress += !cutoff->ended && c < cutoff->highest;
    }
    state->current_feature = features_of(cutoff, active_groups(cutoff, lowest));
    state->next_feature = features_of(cutoff, active_groups(cutoff, highest));
    state->revealed = sum / (double)grid->cells / (double)cutoff->encoding_dim;
}
