/* SPDX-License-Identifier: MIT */
#include "network/activation.h"

#include <math.h>

#include "base/error.h"

/* Of a parameter: smaller ones make the first weights of sine, and what softplus divides by it, too large. */
#define LEAST_PARAMETER 1e-6
#define MOST_PARAMETER 1e6

/* A default parameter of 0 says that there is none. */
static const struct {
    const char *name;
    enum sape_function function;
    double parameter;
} activations[] = {[SAPE_ACTIVATION_RELU] = {"relu", SAPE_FUNCTION_RELU, 0.0},
                   [SAPE_ACTIVATION_LEAKY_RELU] = {"leaky_relu", SAPE_FUNCTION_LEAKY_RELU, 0.0},
                   [SAPE_ACTIVATION_SINE] = {"sine", SAPE_FUNCTION_SINE, 30.0},
                   [SAPE_ACTIVATION_SOFTPLUS] = {"softplus", SAPE_FUNCTION_SOFTPLUS, 1.0},
                   [SAPE_ACTIVATION_GELU] = {"gelu", SAPE_FUNCTION_GELU, 0.0},
                   [SAPE_ACTIVATION_SILU] = {"silu", SAPE_FUNCTION_SILU, 0.0},
                   [SAPE_ACTIVATION_TANH] = {"tanh", SAPE_FUNCTION_TANH, 0.0},
                   [SAPE_ACTIVATION_GAUSSIAN] = {"gaussian", SAPE_FUNCTION_GAUSSIAN, 1.0}};

static const struct {
    const char *name;
    enum sape_function function;
} outputs[] = {[SAPE_OUTPUT_ACTIVATION_NONE] = {"none", SAPE_FUNCTION_NONE},
               [SAPE_OUTPUT_ACTIVATION_SIGMOID] = {"sigmoid", SAPE_FUNCTION_SIGMOID},
               [SAPE_OUTPUT_ACTIVATION_TANH] = {"tanh", SAPE_FUNCTION_TANH},
               [SAPE_OUTPUT_ACTIVATION_SOFTPLUS] = {"softplus", SAPE_FUNCTION_SOFTPLUS},
               [SAPE_OUTPUT_ACTIVATION_EXP] = {"exp", SAPE_FUNCTION_EXP}};

const char *sape_activation_entry(unsigned activation) {
    return activation < sizeof activations / sizeof *activations ? activations[activation].name : NULL;
}

const char *sape_output_activation_entry(unsigned activation) {
    return activation < sizeof outputs / sizeof *outputs ? outputs[activation].name : NULL;
}

const char *sape_activation_name(sape_activation activation) {
    return sape_activation_entry((unsigned)activation);
}

const char *sape_output_activation_name(sape_output_activation activation) {
    return sape_output_activation_entry((unsigned)activation);
}

sape_status sape_activation_check(sape_network_params *params) {
    const char *name = sape_activation_name(params->activation);
    SAPE_REQUIRE(name != NULL, "activation is %d, not a sape_activation", (int)params->activation);
    SAPE_REQUIRE(sape_output_activation_name(params->output_activation) != NULL,
                 "output_activation is %d, not a sape_output_activation", (int)params->output_activation);
    const double usual = activations[params->activation].parameter, given = params->activation_parameter;
    SAPE_REQUIRE(given == 0.0 || usual != 0.0, "activation_parameter is %g, but %s has no parameter", given, name);
    SAPE_REQUIRE(given == 0.0 || (given >= LEAST_PARAMETER && given <= MOST_PARAMETER),
                 "activation_parameter is %g, must be 0 or %g to %g", given, LEAST_PARAMETER, MOST_PARAMETER);
    if (given == 0.0) params->activation_parameter = usual;
    return SAPE_OK;
}

enum sape_function sape_activation_function(sape_activation activation) {
    return activations[activation].function;
}

enum sape_function sape_output_activation_function(sape_output_activation activation) {
    return outputs[activation].function;
}

void sape_activation_start(sape_activation activation, double parameter, bool first, size_t inputs, double *weight,
                           double *bias) {
    *weight = *bias = 1.0 / sqrt((double)inputs);
    if (activation != SAPE_ACTIVATION_SINE) return;
    *weight = first ? 1.0 / (double)inputs : sqrt(6.0 / (double)inputs) / parameter;
}
