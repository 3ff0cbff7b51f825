/* SPDX-License-Identifier: MIT */
/**
 * @file encoder.h
 * Encodes coordinates as features, ordered from low to high frequency.
 *
 * An encoder maps x (n, domain_dim) to features (n, encoding_dim). The encodings are those of Hertz et al., "SAPE:
 * Spatially-Adaptive Progressive Encoding for Neural Optimization" (arXiv 2104.09125), and of its public code.
 * docs/mathematics.md has the formulas in full.
 */
#ifndef SAPE_ENCODER_H
#define SAPE_ENCODER_H

#include "backend.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The largest absolute value of a coordinate. Every call rejects larger ones. The domain itself is [-1, 1]. */
#define SAPE_MAX_COORDINATE 1e6f

/** The kind of encoding. Below, d is domain_dim and nf is num_frequencies. */
typedef enum sape_encoding {
    /** x itself; encoding_dim = d. */
    SAPE_ENCODING_IDENTITY = 0,
    /**
     * Random Fourier features; encoding_dim = 2 nf. They are sin(2 pi x.F_j) and cos(2 pi x.F_j) in turn. F_j has a
     * random direction and a normally distributed magnitude.
     */
    SAPE_ENCODING_FOURIER = 1,
    /**
     * Powers of two along each axis; encoding_dim = 2 d nf. For every i < nf they are d values cos(2^i pi x), then d
     * values sin(2^i pi x).
     */
    SAPE_ENCODING_POSITIONAL = 2,
    /** Radial basis functions; encoding_dim = 2 nf. They are exp(-|x - c_j|^2 sigma_j^2) with random centres c_j. */
    SAPE_ENCODING_RBF = 3,
    /** Periodic radial basis functions; encoding_dim = 2 nf. Over the domain they repeat with period 2 / sigma_j. */
    SAPE_ENCODING_PERIODIC_RBF = 4,
    /**
     * Multiresolution grids (Mueller et al. 2022); encoding_dim = num_levels * features_per_level. Level l has
     * N_l = floor(base_resolution * growth^l) cells along every axis of [-1, 1]^d, with trainable features at their
     * corners; a sample's features are interpolated between them. Where (N_l + 1)^d corners are more than
     * 2^log2_table_size, corners share rows by a hash. Coordinates outside the domain are clamped to it. The features
     * are trained with the network: see sape_field_num_parameters(). A mask's block is a level. @since 0.3.0
     */
    SAPE_ENCODING_GRID = 5
} sape_encoding;

/**
 * How an encoder draws its random parameters.
 * @since 0.3.0
 */
typedef enum sape_draw {
    /** Independent random numbers, as the public code draws them. */
    SAPE_DRAW_RANDOM = 0,
    /**
     * Random numbers that are spread evenly. One magnitude or bandwidth comes from each of nf intervals of equal
     * probability; directions, centres and offsets follow a quasi-random sequence. Fits then depend less on the seed.
     */
    SAPE_DRAW_STRATIFIED = 1
} sape_draw;

/**
 * How #SAPE_ENCODING_GRID interpolates between corners.
 * @since 0.3.0
 */
typedef enum sape_interpolation {
    /** Linear along every axis. Derivatives jump at cell borders. */
    SAPE_INTERPOLATION_LINEAR = 0,
    /** By weights w^2 (3 - 2 w) along every axis. Derivatives are continuous, and 0 at the corners. */
    SAPE_INTERPOLATION_SMOOTH = 1
} sape_interpolation;

/** Parameters of an encoder. Call sape_encoder_params_init() first, then change what you need. */
typedef struct sape_encoder_params {
    /** sizeof(sape_encoder_params), set by the initialiser. */
    size_t struct_size;
    /** The kind of encoding. Default #SAPE_ENCODING_FOURIER. */
    sape_encoding kind;
    /**
     * Puts x itself before the encoding if not 0. Then encoding_dim grows by domain_dim. No effect on
     * #SAPE_ENCODING_IDENTITY. A field with a progressive policy always turns it on. Default 0.
     */
    int32_t include_identity;
    /** Dimension d of the coordinates, 1 to 3. Default 2. */
    size_t domain_dim;
    /**
     * Number nf of frequencies, 1 to 16384. For #SAPE_ENCODING_POSITIONAL 1 to 100, because frequency i is 2^i. Ignored
     * by #SAPE_ENCODING_IDENTITY and #SAPE_ENCODING_GRID. Default 256.
     */
    size_t num_frequencies;
    /**
     * Spread of the random frequencies or bandwidths, 1e-6 to 1e6. The unit is cycles per unit of x. A higher std fits
     * finer detail and overfits sooner. Only random Fourier features and radial basis functions use it. Default 20.
     */
    double std;
    /** Seed of the random parameters. The same seed gives the same encoder. Default 0. */
    uint64_t seed;
    /** The instruction set to compute with. Default #SAPE_INSTRUCTIONS_AUTO. @since 0.2.0 */
    sape_instruction_set instructions;
    /**
     * How the random parameters are drawn. Ignored by #SAPE_ENCODING_IDENTITY and #SAPE_ENCODING_POSITIONAL. Default
     * #SAPE_DRAW_RANDOM. @since 0.3.0
     */
    sape_draw draw;
    /** Grid: number of levels, 1 to 32. Default 12. @since 0.3.0 */
    size_t num_levels;
    /** Grid: features of a level; 1, 2, 4 or 8. Default 2. @since 0.3.0 */
    size_t features_per_level;
    /** Grid: cells along an axis of the coarsest level, 1 to 2^24. Default 8. @since 0.3.0 */
    size_t base_resolution;
    /**
     * Grid: factor from one level's resolution to the next. Finite, >= 1; the finest level has at most 2^24 cells along
     * an axis. Ignored where finest_resolution is set. Default 1.37, 255 cells at the finest of 12 levels. @since 0.3.0
     */
    double growth;
    /**
     * Grid: cells along an axis of the finest level. base_resolution to 2^24; growth then follows from it. 0 (the
     * default) takes growth. For a picture, one less than its longest side suits. Ignored where there is one level.
     * @since 0.3.0
     */
    size_t finest_resolution;
    /** Grid: a level's table has at most 2^log2_table_size rows, 1 to 24. Default 17. @since 0.3.0 */
    size_t log2_table_size;
    /** Grid: the interpolation between corners. Default #SAPE_INTERPOLATION_LINEAR. @since 0.3.0 */
    sape_interpolation interpolation;
    /** Unused, 0. */
    int32_t reserved2;
} sape_encoder_params;

/** An encoder. Only sape_encoder_set_tensor(), and training a field of grids, changes it. */
typedef struct sape_encoder sape_encoder;

/**
 * Sets every encoder parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_encoder_params) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_encoder_params_init(sape_encoder_params *params, size_t size);

/**
 * Creates an encoder and draws its random parameters.
 *
 * @param[in]  params the parameters; NULL for the defaults.
 * @param[out] out    receives the encoder; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if out is NULL, or a parameter or SAPE_BACKEND is invalid; #SAPE_ERROR_VERSION
 *         if params sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is exhausted, or a
 * grid's tables need more than the machine has; #SAPE_ERROR_UNSUPPORTED if the processor lacks the instruction set.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_create(const sape_encoder_params *params, sape_encoder **out);

/**
 * Frees an encoder.
 *
 * @param[in] encoder the encoder; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_encoder_free(sape_encoder *encoder);

/**
 * Returns the kind of encoding.
 *
 * @param[in] encoder the encoder; may be NULL.
 * @return the kind; #SAPE_ENCODING_IDENTITY for NULL.
 * @since 0.1.0
 */
SAPE_API sape_encoding sape_encoder_kind(const sape_encoder *encoder);

/**
 * Returns the dimension of the coordinates.
 *
 * @param[in] encoder the encoder; may be NULL.
 * @return d; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_encoder_domain_dim(const sape_encoder *encoder);

/**
 * Returns the number of features of a sample.
 *
 * @param[in] encoder the encoder; may be NULL.
 * @return the number E of features; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_encoder_encoding_dim(const sape_encoder *encoder);

/**
 * Encodes samples.
 *
 * Several threads may encode with one encoder at once.
 *
 * @param[in]  encoder  the encoder.
 * @param[in]  n        number of samples; 0 does nothing.
 * @param[in]  x        (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] features (n, E) receives the features.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_encode(const sape_encoder *encoder, size_t n, const float *x, float *features);

/**
 * Propagates a gradient from the features to the coordinates.
 *
 * At a kink of the periodic basis, and at a grid's corner, the result uses the one-sided derivative. Outside the
 * domain, a grid's derivative is 0. Several threads may call this on one encoder at once.
 *
 * @param[in]  encoder    the encoder.
 * @param[in]  n          number of samples; 0 does nothing.
 * @param[in]  x          (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  d_features (n, E) gradient of a quantity with respect to the features.
 * @param[out] d_x        (n, d) receives its gradient with respect to x.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_backward(const sape_encoder *encoder, size_t n, const float *x,
                                           const float *d_features, float *d_x);

/**
 * Returns the number of trainable values in the encoder.
 *
 * @param[in] encoder the encoder; may be NULL.
 * @return the sum of the tables' sizes for #SAPE_ENCODING_GRID; 0 for other kinds and for NULL.
 * @since 0.3.0
 */
SAPE_API size_t sape_encoder_num_parameters(const sape_encoder *encoder);

/**
 * Propagates a gradient from the features to the trainable values.
 *
 * @param[in]  encoder      the encoder.
 * @param[in]  n            number of samples; 0 gives a gradient of zeros.
 * @param[in]  x            (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  d_features   (n, E) gradient of a quantity with respect to the features.
 * @param[out] d_parameters (sape_encoder_num_parameters()) receives its gradient with respect to the tensors, one
 *                          after the other in the order of sape_encoder_tensor_info().
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large;
 *         #SAPE_ERROR_UNSUPPORTED if the encoder has nothing to train.
 * @since 0.3.0
 */
SAPE_API sape_status sape_encoder_backward_parameters(const sape_encoder *encoder, size_t n, const float *x,
                                                      const float *d_features, float *d_parameters);

/**
 * Lists the frequencies of the features, which the variance policy filters.
 *
 * The unit is cycles per unit of x; over the domain [-1, 1] there are twice as many cycles. A frequency is 0 for x
 * itself, |F_j| for Fourier features, 2^i / 2 for positional ones, the bandwidth sigma_j of a radial basis function,
 * and N_l / 4 for a grid's level, its Nyquist limit. The frequencies never descend: if a tensor was set out of order, a
 * feature takes the highest frequency before it.
 *
 * @param[in]  encoder     the encoder.
 * @param[out] frequencies (count) receives the frequencies.
 * @param[in]  count       number of values in frequencies; must be E.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_SHAPE if count is not E.
 * @since 0.2.0
 */
SAPE_API sape_status sape_encoder_frequencies(const sape_encoder *encoder, double *frequencies, size_t count);

/**
 * Returns the number of named tensors.
 *
 * #SAPE_ENCODING_IDENTITY has none. #SAPE_ENCODING_FOURIER has "frequencies" (d, nf). #SAPE_ENCODING_POSITIONAL has
 * "frequencies" (nf), always 2^i pi. #SAPE_ENCODING_RBF has "centres" (2 nf, d) and "sigma" (2 nf).
 * #SAPE_ENCODING_PERIODIC_RBF has "offsets" (nf, d) and "sigma" (nf). #SAPE_ENCODING_GRID has "level_0" to
 * "level_(L-1)" (rows, features_per_level), which start uniform in +-1e-4. Corner (i_0, i_1, ...) of a dense level has
 * the row sum_a i_a (N_l + 1)^a; of a hashed one XOR_a (i_a prime_a mod 2^32) mod 2^log2_table_size, with the primes 1,
 * 2654435761 and 805459861.
 *
 * @param[in] encoder the encoder; may be NULL.
 * @return the number of tensors; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_encoder_tensor_count(const sape_encoder *encoder);

/**
 * Describes a tensor by its index.
 *
 * @param[in]     encoder the encoder.
 * @param[in]     index   the index, from 0.
 * @param[in,out] info    receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_tensor_info(const sape_encoder *encoder, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out of the encoder.
 *
 * @param[in]  encoder the encoder.
 * @param[in]  name    the name from sape_encoder_tensor_info().
 * @param[out] values  (count) receives the tensor.
 * @param[in]  count   number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_get_tensor(const sape_encoder *encoder, const char *name, float *values,
                                             size_t count);

/**
 * Replaces a tensor of the encoder.
 *
 * No other thread may use the encoder meanwhile. For an encoder inside a field, use sape_field_set_tensor() instead.
 *
 * @param[in,out] encoder the encoder.
 * @param[in]     name    the name from sape_encoder_tensor_info().
 * @param[in]     values  (count) finite values, at most 1e9 in absolute value. "sigma" must be > 0. Positional
 *                        "frequencies" must be 2^i pi, within a relative error of 1e-5.
 * @param[in]     count   number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a value is out of range; #SAPE_ERROR_NOT_FOUND if no
 *         tensor has that name; #SAPE_ERROR_SHAPE if count is not the tensor's; #SAPE_ERROR_NOT_FINITE if values
 *         contains NaN or infinity.
 * @since 0.1.0
 */
SAPE_API sape_status sape_encoder_set_tensor(sape_encoder *encoder, const char *name, const float *values,
                                             size_t count);

/**
 * Copies the parameters that the encoder has.
 *
 * std, seed and draw are those that it was made with; of one from a checkpoint, they are the defaults.
 *
 * @param[in]     encoder    the encoder.
 * @param[in,out] params  receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_encoder_get_params(const sape_encoder *encoder, sape_encoder_params *params);

/**
 * Returns the name of an encoding.
 *
 * @param[in] encoding the value.
 * @return a static string like "fourier"; NULL if encoding is not a #sape_encoding.
 * @since 0.3.0
 */
SAPE_API const char *sape_encoding_name(sape_encoding encoding);

/**
 * Returns the name of a draw.
 *
 * @param[in] draw the value.
 * @return a static string like "stratified"; NULL if draw is not a #sape_draw.
 * @since 0.3.0
 */
SAPE_API const char *sape_draw_name(sape_draw draw);

/**
 * Returns the name of an interpolation.
 *
 * @param[in] interpolation the value.
 * @return a static string like "linear"; NULL if interpolation is not a #sape_interpolation.
 * @since 0.3.0
 */
SAPE_API const char *sape_interpolation_name(sape_interpolation interpolation);

#ifdef __cplusplus
}
#endif

#endif
