/* SPDX-License-Identifier: MIT */
/* The functions that layers end with, over whole blocks; derivatives that nobody wants are not computed. */
#include "activation.h"

#include "variant.h"

#define DEFINE_LOOP(NAME, SUFFIX, SLOPES, CURVATURES)                                                                  \
    static void NAME##SUFFIX(const struct sape_curve *curve, size_t offset, size_t count, float *values) {             \
        const struct vf_constants constants = vf_constants_of(curve->parameter);                                       \
        float *const slopes = curve->slopes, *const curvatures = curve->curvatures;                                    \
        for (size_t i = offset; i < offset + count; i += LANES) {                                                      \
            const struct vf_curve at = vf_curve_##NAME(vf_load(values + i), &constants);                               \
            vf_store(values + i, at.value);                                                                            \
            if (SLOPES) vf_store(slopes + i, at.slope);                                                                \
            if (CURVATURES) vf_store(curvatures + i, at.curvature);                                                    \
        }                                                                                                              \
    }

/* Values alone; with slopes; with curvatures too. */
#define DEFINE_LOOPS(NAME)                                                                                             \
    DEFINE_LOOP(NAME, _values, false, false)                                                                           \
    DEFINE_LOOP(NAME, _slopes, true, false) DEFINE_LOOP(NAME, _curvatures, true, true)

DEFINE_LOOP(relu, _values, false, false)
DEFINE_LOOPS(leaky_relu)
DEFINE_LOOPS(sine)
DEFINE_LOOPS(softplus)
DEFINE_LOOPS(gelu)
DEFINE_LOOPS(silu)
DEFINE_LOOPS(tanh)
DEFINE_LOOPS(gaussian)
DEFINE_LOOPS(sigmoid)
DEFINE_LOOPS(exp)

typedef void (*apply_fn)(const struct sape_curve *curve, size_t offset, size_t count, float *values);

#define LOOPS(NAME)                                                                                                    \
    { NAME##_values, NAME##_slopes, NAME##_curvatures }

static const apply_fn loops[][3] = {
    [SAPE_FUNCTION_RELU] = {relu_values},     [SAPE_FUNCTION_LEAKY_RELU] = LOOPS(leaky_relu),
    [SAPE_FUNCTION_SINE] = LOOPS(sine),       [SAPE_FUNCTION_SOFTPLUS] = LOOPS(softplus),
    [SAPE_FUNCTION_GELU] = LOOPS(gelu),       [SAPE_FUNCTION_SILU] = LOOPS(silu),
    [SAPE_FUNCTION_TANH] = LOOPS(tanh),       [SAPE_FUNCTION_GAUSSIAN] = LOOPS(gaussian),
    [SAPE_FUNCTION_SIGMOID] = LOOPS(sigmoid), [SAPE_FUNCTION_EXP] = LOOPS(exp),
};

void VARIANT(apply)(const struct sape_curve *curve, size_t offset, size_t count, float *values) {
    const size_t derivatives = curve->slopes == NULL ? 0 : curve->curvatures == NULL ? 1 : 2;
    loops[curve->function][derivatives](curve, offset, count, values);
}
