/* SPDX-License-Identifier: MIT */
#include "train/jacobian.h"

#include "base/error.h"
#include "base/memory.h"

sape_status sape_jacobian_open(const sape_field *field, size_t n, size_t tile_samples, size_t workers,
                               struct sape_jacobian *jacobian) {
    const size_t width = field->network->output_dim * sape_encoder_domain_dim(field->encoder);
    SAPE_TRY(sape_check_size("n", n, width));
    jacobian->values = SAPE_NEW_ARRAY(float, n *width);
    jacobian->d_values = SAPE_NEW_ARRAY(float, n *width);
    jacobian->tangents = SAPE_NEW_ARRAY(struct sape_tangents, workers);
    if (jacobian->values == NULL || jacobian->d_values == NULL || jacobian->tangents == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the Jacobian of %zu samples", n);
    for (; jacobian->num_tangents < workers; jacobian->num_tangents++)
        SAPE_TRY(
            sape_tangents_open(&jacobian->tangents[jacobian->num_tangents], field, tile_samples, SAPE_USE_JACOBIAN));
    return SAPE_OK;
}

void sape_jacobian_close(struct sape_jacobian *jacobian) {
    for (size_t i = 0; i < jacobian->num_tangents; i++) sape_tangents_close(&jacobian->tangents[i]);
    sape_release(jacobian->tangents);
    sape_release(jacobian->values);
    sape_release(jacobian->d_values);
}

void sape_jacobian_forward(const struct sape_jacobian *jacobian, const sape_field *field,
                           const struct sape_batch *batch, struct sape_workspace *workspace, size_t worker) {
    struct sape_tangents *tangents = &jacobian->tangents[worker];
    for (size_t a = 0; a < sape_encoder_domain_dim(field->encoder); a++) {
        sape_tangents_forward(field, workspace, a, tangents);
        sape_tangents_store(field, batch, workspace, a, tangents, jacobian->values);
    }
}

void sape_jacobian_backward(const struct sape_jacobian *jacobian, const sape_field *field,
                            const struct sape_batch *batch, struct sape_workspace *workspace, size_t worker,
                            float share, const struct sape_tile_gradient *to) {
    struct sape_tangents *tangents = &jacobian->tangents[worker];
    for (size_t a = 0; a < sape_encoder_domain_dim(field->encoder); a++) {
        sape_tangents_forward(field, workspace, a, tangents);
        sape_tangents_load(field, batch, workspace, a, share, jacobian->d_values, tangents);
        sape_tangents_backward(field, workspace, a, tangents, to->parameters, to->tables);
    }
    sape_tangents_finish(field, workspace, tangents, to->parameters, to->tables);
}
