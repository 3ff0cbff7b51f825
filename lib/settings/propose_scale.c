/* SPDX-License-Identifier: MIT */
/* Scales of the coordinates in which the targets change alike along all axes: an encoding has one std for all. */
#include <stdbool.h>

#include "base/memory.h"
#include "settings/settings.h"
#include "signal/stretch.h"

/* Samples of spatial_fixed lie on a grid in the caller's units. */
static bool has_scale(const sape_settings_query *query, const struct sape_settings *settings) {
    return query->domain_dim > 1 && sape_settings_fill_gaps(query, settings) &&
           query->policy != (int32_t)SAPE_POLICY_SPATIAL_FIXED;
}

/* What the samples say after the division. */
static sape_status find_again(const sape_settings_query *query, const double *scale, struct sape_facts *facts) {
    const size_t d = query->domain_dim;
    float *x = SAPE_NEW_ARRAY(float, query->n *d);
    if (x == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", query->n);
    for (size_t i = 0; i < query->n * d; i++) x[i] = (float)((double)query->x[i] / scale[i % d]);
    const sape_status status = sape_facts_find(query, x, facts);
    sape_release(x);
    return status;
}

sape_status sape_propose_scale(const sape_settings_query *query, struct sape_facts *facts,
                               struct sape_settings *settings) {
    static const char *const names[] = {"scale-0", "scale-1", "scale-2"};
    double *scale = settings->scale;
    bool changed = false;
    for (size_t a = 0; a < SAPE_NEAREST_MAX_DIM; a++) scale[a] = 1.0;
    if (!has_scale(query, settings)) return SAPE_OK;
    SAPE_TRY(sape_stretch_find(query->n, query->domain_dim, query->x, query->output_dim, query->targets, scale));
    for (size_t a = 0; a < query->domain_dim; a++) {
        if (!(scale[a] > 1.0)) continue;
        sape_settings_say_real(settings, names[a], scale[a],
                               "divides coordinate %zu, along which neighbouring targets differ less", a);
        changed = true;
    }
    return changed ? find_again(query, scale, facts) : SAPE_OK;
}
