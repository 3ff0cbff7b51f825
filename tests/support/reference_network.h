/* SPDX-License-Identifier: MIT */
/* A multilayer perceptron in double precision, on flat parameters as network.h orders them. */
#ifndef SAPE_TESTS_REFERENCE_NETWORK_H
#define SAPE_TESTS_REFERENCE_NETWORK_H

#include <stddef.h>

struct reference_network {
    size_t inputs, hidden, hidden_layers, outputs;
    const float *parameters;
    /* Of reference_function(); NULL for "relu" and "none". a is the hidden layers' parameter. */
    const char *activation, *output_activation;
    double a;
};

#define REFERENCE_MAX_WIDTH 1024

/* One sample: outputs, and, where the pointers are not NULL, the parameters' gradient (added to) and the inputs'.
   Returns the smallest magnitude that any function of a hidden layer was given: where it is tiny, rounding decides a
   ReLU's gradient. */
double reference_network_run(const struct reference_network *network, const double *inputs, double *outputs,
                             const double *d_outputs, double *d_parameters, double *d_inputs);

/* Sets the output gradients of those samples to 0 in which rounding may decide which way a ReLU goes. */
void reference_network_skip_kinks(const struct reference_network *network, size_t n, const float *inputs,
                                  float *d_outputs);

#endif
