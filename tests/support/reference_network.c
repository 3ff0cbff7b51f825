/* SPDX-License-Identifier: MIT */
#include "reference_network.h"

#include <math.h>
#include <string.h>

#include "reference_function.h"

#define MAX_LAYERS 8
/* Far more than single precision is off by. */
#define KINK 1e-5

struct layer {
    size_t in, out, weight, bias;
};

static size_t lay_out(const struct reference_network *network, struct layer *layers) {
    size_t offset = 0;
    const size_t count = network->hidden_layers + 1;
    for (size_t l = 0; l < count; l++) {
        layers[l].in = l == 0 ? network->inputs : network->hidden;
        layers[l].out = l + 1 == count ? network->outputs : network->hidden;
        layers[l].weight = offset;
        layers[l].bias = offset + layers[l].in * layers[l].out;
        offset = layers[l].bias + layers[l].out;
    }
    return count;
}

double reference_network_run(const struct reference_network *network, const double *inputs, double *outputs,
                             const double *d_outputs, double *d_parameters, double *d_inputs) {
    static double values[MAX_LAYERS + 1][REFERENCE_MAX_WIDTH], slopes[MAX_LAYERS + 1][REFERENCE_MAX_WIDTH];
    const char *hidden = network->activation == NULL ? "relu" : network->activation;
    const char *last = network->output_activation == NULL ? "none" : network->output_activation;
    double d[REFERENCE_MAX_WIDTH], d_in[REFERENCE_MAX_WIDTH];
    struct layer layers[MAX_LAYERS];
    const size_t count = lay_out(network, layers);
    double margin = INFINITY;
    memcpy(values[0], inputs, network->inputs * sizeof *inputs);
    for (size_t l = 0; l < count; l++) {
        for (size_t row = 0; row < layers[l].out; row++) {
            double sum = (double)network->parameters[layers[l].bias + row];
            for (size_t k = 0; k < layers[l].in; k++)
                sum += (double)network->parameters[layers[l].weight + row * layers[l].in + k] * values[l][k];
            if (l + 1 < count) margin = fmin(margin, fabs(sum));
            const struct reference_curve curve =
                l + 1 < count ? reference_function(hidden, network->a, sum) : reference_function(last, 1.0, sum);
            values[l + 1][row] = curve.value;
            slopes[l + 1][row] = curve.slope;
        }
    }
    memcpy(outputs, values[count], network->outputs * sizeof *outputs);
    if (d_outputs == NULL) return margin;
    for (size_t k = 0; k < network->outputs; k++) d[k] = d_outputs[k] * slopes[count][k];
    for (size_t l = count; l-- > 0;) {
        memset(d_in, 0, sizeof d_in);
        for (size_t row = 0; row < layers[l].out; row++) {
            if (d_parameters != NULL) d_parameters[layers[l].bias + row] += d[row];
            for (size_t k = 0; k < layers[l].in; k++) {
                const size_t at = layers[l].weight + row * layers[l].in + k;
                if (d_parameters != NULL) d_parameters[at] += d[row] * values[l][k];
                d_in[k] += (double)network->parameters[at] * d[row];
            }
        }
        for (size_t k = 0; k < layers[l].in; k++) d[k] = l > 0 ? d_in[k] * slopes[l][k] : d_in[k];
    }
    if (d_inputs != NULL) memcpy(d_inputs, d, network->inputs * sizeof *d);
    return margin;
}

void reference_network_skip_kinks(const struct reference_network *network, size_t n, const float *inputs,
                                  float *d_outputs) {
    double one[REFERENCE_MAX_WIDTH], outputs[REFERENCE_MAX_WIDTH];
    for (size_t s = 0; s < n; s++) {
        for (size_t k = 0; k < network->inputs; k++) one[k] = (double)inputs[s * network->inputs + k];
        if (reference_network_run(network, one, outputs, NULL, NULL, NULL) < KINK)
            memset(d_outputs + s * network->outputs, 0, network->outputs * sizeof *d_outputs);
    }
}
