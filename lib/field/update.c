/* SPDX-License-Identifier: MIT */
/* One optimizer step on a gradient of the caller's own. */
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "field/field.h"
#include "optimizer/optimizer.h"

/* The step on a copy, which becomes the field's when it is good. */
static sape_status step(sape_field *field, sape_optimizer *optimizer, const float *d_parameters, float *parameters) {
    const size_t network = field->network->num_parameters, tables = sape_encoder_num_parameters(field->encoder);
    sape_network_export(field->network, field->network->parameters, parameters);
    if (tables > 0) memcpy(parameters + network, sape_encoder_tables(field->encoder), tables * sizeof *parameters);
    SAPE_TRY(sape_optimizer_step_parts(optimizer, network, parameters, d_parameters));
    sape_network_import(field->network, parameters, field->network->parameters);
    sape_network_pack(field->network);
    if (tables == 0) return SAPE_OK;
    memcpy(sape_encoder_tables(field->encoder), parameters + network, tables * sizeof *parameters);
    sape_encoder_changed(field->encoder);
    return SAPE_OK;
}

sape_status sape_field_update(sape_field *field, sape_optimizer *optimizer, const float *d_parameters) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(optimizer);
    SAPE_REQUIRE_POINTER(d_parameters);
    const size_t count = sape_field_num_parameters(field);
    if (sape_optimizer_num_parameters(optimizer) != count)
        return sape_fail(SAPE_ERROR_SHAPE, "optimizer is for %zu parameters, the field has %zu",
                         sape_optimizer_num_parameters(optimizer), count);
    SAPE_TRY(sape_check_finite("d_parameters", d_parameters, count));
    float *parameters = SAPE_NEW_ARRAY(float, count);
    if (parameters == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu parameters", count);
    const sape_status status = step(field, optimizer, d_parameters, parameters);
    sape_release(parameters);
    return status;
}
