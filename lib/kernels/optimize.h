/* SPDX-License-Identifier: MIT */
/* What the optimizers' kernels share. */
#ifndef SAPE_KERNELS_OPTIMIZE_H
#define SAPE_KERNELS_OPTIMIZE_H

#include "variant.h"

static inline vf vf_sqrt(vf v) {
    for (size_t lane = 0; lane < LANES; lane++) v[lane] = __builtin_sqrtf(v[lane]);
    return v;
}

/* Moments that fade away would end as denormal numbers, which many processors are slow at: they end as zero, long after
   they have stopped to move a parameter. */
static inline vf settle(vf v) {
    const vf magnitude = (vf)((vi)v & INT32_MAX);
    return vf_select(magnitude < vf_set(1e-36f), vf_set(0.0f), v);
}

/* Zero, but for the sign, where v is finite; NaN elsewhere. */
static inline vi unless_finite(vf v) {
    return (vi)(v - v);
}

static inline bool all_finite(vi bad) {
    int32_t bits = 0;
    for (size_t lane = 0; lane < LANES; lane++) bits |= bad[lane];
    return (bits & INT32_MAX) == 0;
}

#endif
