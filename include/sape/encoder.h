/* SPDX-License-Identifier: MIT */
/**
 * @file encoder.h
 * Encoders: coordinates x (n, domain_dim) to features (n, encoding_dim), ordered from low to high frequency.
 *
 * The formulas are those of Hertz et al., "SAPE: Spatially-Adaptive Progressive Encoding for Neural Optimization"
 * (arXiv 2104.09125), and its public code. docs/mathematics.md has them in full.
 */
#ifndef SAPE_ENCODER_H
#define SAPE_ENCODER_H

#include "backend.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Coordinates whose absolute value exceeds this are refused everywhere. The domain itself is [-1, 1]. */
#define SAPE_MAX_COORDINATE 1e6f

/** The kinds of encoding. d is domain_dim, nf is num_frequencies. */
typedef enum sape_encoding {
    /** x itself; encoding_dim = d. */
    SAPE_ENCODING_IDENTITY = 0,
    /** sin(2 pi x.F_j), cos(2 pi x.F_j) in turn; F_j of random direction, normal magnitude; encoding_dim = 2 nf. */
    SAPE_ENCODING_FOURIER = 1,
    /** For every i < nf: d values cos(2^i pi x), then d values sin(2^i pi x); encoding_dim = 2 d nf. */
    SAPE_ENCODING_POSITIONAL = 2,
    /** exp(-|x - c_j|^2 sigma_j^2) with random centres; encoding_dim = 2 nf. */
    SAPE_ENCODING_RBF = 3,
    /** Radial basis functions repeated over the domain with period 2 / sigma_j; encoding_dim = 2 nf. */
    SAPE_ENCODING_PERIODIC_RBF = 4
} sape_encoding;

/** What an encoder is made of. Set by sape_encoder_params_init(), then changed where wanted. */
typedef struct sape_encoder_params {
    /** sizeof(sape_encoder_params); set by the initialiser. */
    size_t struct_size;
    /** The kind. Default #SAPE_ENCODING_FOURIER. */
    sape_encoding kind;
    /**
     * Not 0: x itself comes before the encoding and encoding_dim grows by domain_dim (without effect for
     * #SAPE_ENCODING_IDENTITY). Default 0. A field with a progressive policy always turns it on.
     */
    int32_t include_identity;
    /** Dimension d of the coordinates, 1 to 3. Default 2. */
    size_t domain_dim;
    /**
     * Number nf of frequencies, 1 to 16384 (positional: 1 to 100, since frequency i is 2^i). Default 256. Ignored by
     * #SAPE_ENCODING_IDENTITY.
     */
    size_t num_frequencies;
    /**
     * Spread of the random frequencies or bandwidths, in cycles per unit of x, 1e-6 to 1e6. Higher fits
     * finer detail and overfits sooner. Default 20. Ignored by identity and positional.
     */
    double std;
    /** Seed of the random parameters. Default 0. The same seed gives the same encoder. */
    uint64_t seed;
    /** The instruction set to compute with. Default #SAPE_INSTRUCTIONS_AUTO. Since 0.2.0. */
    sape_instruction_set instructions;
    /** Unused, 0. */
    int32_t reserved;
} sape_encoder_params;

/** An encoder. Immutable but for sape_encoder_set_tensor(). */
typedef struct sape_encoder sape_encoder;

/**
 * Sets every field to its default.
 *
 * @param params the struct to set; nothing happens when NULL.
 * @param size   sizeof(sape_encoder_params) as the caller was compiled.
 */
SAPE_API void sape_encoder_params_init(sape_encoder_params *params, size_t size);

/**
 * Makes an encoder and draws its random parameters.
 *
 * @param params NULL for the defaults.
 * @param out    receives the encoder; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (an
 *         instruction set that the processor lacks).
 */
SAPE_API sape_status sape_encoder_create(const sape_encoder_params *params, sape_encoder **out);

/** Frees an encoder; NULL is fine. */
SAPE_API void sape_encoder_free(sape_encoder *encoder);

/** @return the kind; #SAPE_ENCODING_IDENTITY for NULL. */
SAPE_API sape_encoding sape_encoder_kind(const sape_encoder *encoder);

/** @return d, the length of a coordinate; 0 for NULL. */
SAPE_API size_t sape_encoder_domain_dim(const sape_encoder *encoder);

/** @return E, the number of features of a sample; 0 for NULL. */
SAPE_API size_t sape_encoder_encoding_dim(const sape_encoder *encoder);

/**
 * Encodes n samples.
 *
 * @param n        number of samples; 0 does nothing.
 * @param x        (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param features (n, E) receives the features.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY.
 *
 * Several threads may encode with one encoder at once.
 */
SAPE_API sape_status sape_encoder_encode(const sape_encoder *encoder, size_t n, const float *x, float *features);

/**
 * Chain rule: gradients with respect to features to gradients with respect to coordinates.
 *
 * @param n          number of samples.
 * @param x          (n, d) coordinates.
 * @param d_features (n, E) gradient of something with respect to the features.
 * @param d_x        (n, d) receives its gradient with respect to x. Where the periodic basis has a kink the
 *                   one-sided derivative is given.
 * @return as sape_encoder_encode(). Several threads may call it on one encoder at once.
 */
SAPE_API sape_status sape_encoder_backward(const sape_encoder *encoder, size_t n, const float *x,
                                           const float *d_features, float *d_x);

/**
 * The frequencies of the features, by which the variance policy filters them, in cycles per unit of x (so twice as many
 * over the domain [-1, 1]): 0 for x itself; |F_j| (fourier); 2^i / 2 (positional); the bandwidth sigma_j of a radial
 * basis. Where rounding, or a tensor that was set, breaks the order, a feature has the highest frequency before it.
 *
 * @param frequencies receives them, not descending. @param count number of doubles; must be E.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_encoder_frequencies(const sape_encoder *encoder, double *frequencies, size_t count);

/**
 * @return how many named tensors the encoder has; 0 for NULL. Identity: none. Fourier: "frequencies" (d, nf).
 *         Positional: "frequencies" (nf), always 2^i pi. RBF: "centres" (2 nf, d) and "sigma" (2 nf). Periodic RBF:
 *         "offsets" (nf, d) and "sigma" (nf).
 */
SAPE_API size_t sape_encoder_tensor_count(const sape_encoder *encoder);

/**
 * Describes the index-th tensor.
 *
 * @param index from 0. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_encoder_tensor_info(const sape_encoder *encoder, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out.
 *
 * @param name   as sape_encoder_tensor_info() gives it. @param values (count) receives the tensor.
 * @param count  the number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_encoder_get_tensor(const sape_encoder *encoder, const char *name, float *values,
                                             size_t count);

/**
 * Replaces a tensor. Not while another thread uses the encoder.
 *
 * @param name, count as in sape_encoder_get_tensor().
 * @param values finite values; sigma must be > 0, and positional frequencies must be 2^i pi (to 1e-5 relative).
 * @return as sape_encoder_get_tensor(), #SAPE_ERROR_NOT_FINITE.
 */
SAPE_API sape_status sape_encoder_set_tensor(sape_encoder *encoder, const char *name, const float *values,
                                             size_t count);

#ifdef __cplusplus
}
#endif

#endif
