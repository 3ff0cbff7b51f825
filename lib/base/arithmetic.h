/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic that results rest on: float and double as IEEE 754 has them, each operation rounded once.
 * lib/meson.build asks for it after every flag of the builder's; this file, included before every source, ends a build
 * that lacks it.
 */
#ifndef SAPE_LIB_ARITHMETIC_H
#define SAPE_LIB_ARITHMETIC_H

#include <float.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0) ||                           \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "libsape needs exact arithmetic: build it without -ffast-math, -Ofast and their parts"
#endif

/* 16 leaves float and double as they are. */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "libsape needs float and double without excess precision: on 32-bit x86, build it with -msse2 -mfpmath=sse"
#endif

#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024
#error "libsape needs float and double of IEEE 754"
#endif

#endif
