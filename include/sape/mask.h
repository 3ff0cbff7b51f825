/* SPDX-License-Identifier: MIT */
/**
 * @file mask.h
 * Decides which features are revealed where, following the fit.
 *
 * A mask gives every feature a weight in [0, 1] at every location. Under a progressive policy, it starts with the first
 * block of features and reveals more during training: everywhere, or only where the loss is still high. A block is the
 * number of features revealed at a time. The variance policy has no blocks and follows the signal instead of the loss:
 * it is a low-pass filter of the features that opens over the iterations, and opens earlier where the signal is rough.
 *
 * A mask works inside a field, or alone with your own network: get the weights, multiply your features by them, record
 * the per-sample losses, and step.
 *
 * docs/mathematics.md has the formulas. Below, d is domain_dim and E is encoding_dim.
 */
#ifndef SAPE_MASK_H
#define SAPE_MASK_H

#include "status.h"
#include "tensor.h"
#include "window.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The largest encoding_dim of a mask. */
#define SAPE_MAX_ENCODING_DIM 65535

/** How features are revealed. */
typedef enum sape_policy {
    /** Reveals everything from the start. */
    SAPE_POLICY_NONE = 0,
    /** Reveals blocks everywhere at once, with a ramp. Stops for good once the batch loss is below epsilon. */
    SAPE_POLICY_GLOBAL = 1,
    /** Reveals blocks where a grid's smoothed loss still exceeds epsilon. This is the paper's method. */
    SAPE_POLICY_SPATIAL = 2,
    /** Reveals blocks per training sample instead of per grid cell. For 1D and 2D; with the ramp of global. */
    SAPE_POLICY_SPATIAL_FIXED = 3,
    /**
     * Filters features with a cut-off frequency that rises over the iterations. The cut-off is higher in the cells of a
     * grid where the signal varies more; features above it have weight 0. sape_cutoff_params has its constants.
     * sape_mask_set_signal() sets the signal; a trainer with targets calls it. Losses, num_blocks, block_iterations and
     * epsilon have no effect. @since 0.2.0
     */
    SAPE_POLICY_VARIANCE = 4
} sape_policy;

/**
 * How a low-pass filter falls from 1 to 0.
 * @since 0.2.0
 */
typedef enum sape_filter_shape {
    /** In a straight line. */
    SAPE_FILTER_LINEAR = 0,
    /** As half a period of a cosine, without corners. */
    SAPE_FILTER_COSINE = 1
} sape_filter_shape;

/**
 * Constants of the variance policy.
 *
 * By default, the cut-off rises from c_min to c_max along an S-shaped curve over the first half of training. Where the
 * signal is roughest, it is ahead by beta (c_max - c_min). In cycles per unit of x, a cell's cut-off after iteration t
 * is
 *
 *     c = c_min + (c_max - c_min) (L(p) + beta sigma^gamma), clamped to [c_min, c_max],
 *
 * where
 *
 * - p = (t - t0) / (T - t0), clamped to [0, 1], is the progress of the schedule, with t0 = start_iteration and T =
 *   end_share num_iterations;
 * - L(p) is the logistic function S(p) = 1 / (1 + exp(-steepness (p - midpoint))) or, with rescale,
 *   (S(p) - S(0)) / (S(1) - S(0)), which runs from 0 to 1;
 * - sigma in [0, 1] is the signal's variance in the window around the cell, divided by the largest of all cells.
 *
 * The cut-off is interpolated linearly between cells. A feature of frequency f (sape_encoder_frequencies()) has weight
 * 1 for f <= c and 0 for f >= c + width, and falls in between as shape says.
 *
 * Call sape_cutoff_params_init() or sape_cutoff_params_init_published() first, then change what you need. The defaults
 * are this library's own; "published" values are those of the published formula where it differs.
 * @since 0.2.0
 */
typedef struct sape_cutoff_params {
    /** sizeof(sape_cutoff_params), set by the initialiser. */
    size_t struct_size;
    /** The lowest cut-off in cycles per unit of x. 0 to 1e30, at most c_max. Default 0. */
    double c_min;
    /**
     * The highest cut-off in cycles per unit of x, up to 1e30. 0 (the default) chooses the highest frequency of a
     * feature or, if less, n^(1/d) / 8 once a signal of n samples is known. sape_bandwidth_propose() proposes a value
     * for samples that do not fill [-1, 1]^d.
     */
    double c_max;
    /** The variance's contribution as a share of c_max - c_min. 0 to 1e30. Default 0.2. */
    double beta;
    /** Exponent of the variance, 0 to 1e30. 0 treats all cells alike. Default 0.5, the standard deviation. */
    double gamma;
    /** Steepness of the logistic function, 1e-6 to 1e6. Default 8; published 1. */
    double steepness;
    /** Midpoint of the logistic function as a value of p, within +-1e6. Default 0.5; published 0. */
    double midpoint;
    /** Rescales the logistic function to [0, 1] if not 0. Default 1; published 0. */
    int32_t rescale;
    /** The signal beyond the domain's border, for the window. Default #SAPE_BOUNDARY_REPLICATE. */
    sape_boundary boundary;
    /** Iterations t0 before the cut-off begins to rise, less than T. Default 0. */
    size_t start_iteration;
    /**
     * The end T of the schedule as a share of num_iterations. 1e-12 to 1; T is rounded down, and at least 1. Default
     * 0.5; published 1.
     */
    double end_share;
    /** The variance's window in cells per axis, up to 1e6. 0 (the default) for 5; 3 in grids up to 100 cells. */
    size_t window;
    /** Width of the filter's fall in cycles per unit of x. 0 (the ideal filter) to 1e30. Default 1; published 0. */
    double width;
    /** The shape of the filter's fall. Default #SAPE_FILTER_LINEAR. */
    sape_filter_shape shape;
    /** Unused, 0. */
    int32_t reserved;
} sape_cutoff_params;

/** Parameters of a mask. Call sape_mask_params_init() first, then change what you need. */
typedef struct sape_mask_params {
    /** sizeof(sape_mask_params), set by the initialiser. */
    size_t struct_size;
    /** How features are revealed. Default #SAPE_POLICY_SPATIAL. */
    sape_policy policy;
    /**
     * Spatial: not 0 lets blocks grow in place of jumping. A block's weight then grows over the first half of its time,
     * as under global, instead of coming all at once at the end of it. The cells are judged when a block is complete.
     * Default 0, as published. @since 0.3.0
     */
    int32_t gradual;
    /** Dimension d of the coordinates, 1 to 3. A field sets it. Default 2. */
    size_t domain_dim;
    /** Number E of features, 1 to #SAPE_MAX_ENCODING_DIM. A field sets it. Default 0, which only a field accepts. */
    size_t encoding_dim;
    /** Dimension of the grid, which covers the first mask_dim coordinates. At most d; 0 (the default) for d. */
    size_t mask_dim;
    /** Spatial, variance: grid cells per axis. 3 to 4096, at most 2^28 cells in all. Default 64. */
    size_t resolution;
    /**
     * Number of blocks, 1 to E. A block has E / num_blocks features (integer division). 0 (the default) chooses blocks
     * of d features as in the paper, which needs a long training run; 6 to 50 blocks suit short ones.
     */
    size_t num_blocks;
    /**
     * Length of training in iterations, 1 to 1e12. It sets the pace of revealing. Where size_t has 32 bits, at most
     * 4e9. Default 1000.
     */
    size_t num_iterations;
    /**
     * Iterations from one block to the next, up to 1e12. 0 (the default) chooses the paper's:
     * num_iterations / (2 num_blocks) for spatial, 3 num_iterations / (4 num_blocks) otherwise (rounded down, at least
     * 1). For occupancy, set the iterations of an epoch.
     */
    size_t block_iterations;
    /** The loss below which a location is good enough. Global: the whole. Finite, >= 0. Default 1e-3. */
    double epsilon;
    /**
     * Spatial_fixed: (num_samples, d) coordinates of the training samples; copied. Samples at the same place share a
     * row. In 2D they must form a full regular grid of at least 2 x 2, in any order. Otherwise NULL (the default).
     */
    const float *samples;
    /** Spatial_fixed: number of samples, 2 to 2^28. Default 0. */
    size_t num_samples;
    /**
     * Variance: the constants, read during the call. NULL (the default) for those of sape_cutoff_params_init().
     * @since 0.2.0
     */
    const sape_cutoff_params *cutoff;
    /**
     * Variance: (E) frequencies of the features, copied. In cycles per unit of x, finite, >= 0 and not descending, as
     * sape_encoder_frequencies() lists them. Otherwise NULL (the default). A field sets them. @since 0.2.0
     */
    const double *frequencies;
} sape_mask_params;

/** A mask and its progress. */
typedef struct sape_mask sape_mask;

/** The progress of a mask. The caller sets struct_size. */
typedef struct sape_mask_state {
    /** sizeof(sape_mask_state), set by the caller before the call. */
    size_t struct_size;
    /** Iterations counted by sape_mask_step() so far. */
    uint64_t iteration;
    /** Features revealed at a time; 0 for variance. */
    size_t block_size;
    /** Iterations from one block to the next; 0 for variance. */
    size_t block_iterations;
    /**
     * Number of features already offered to the locations in progress. The next block begins there. Variance: the
     * features with any weight in the cell that has the fewest.
     */
    size_t current_feature;
    /**
     * End of the next block; E once all features have been offered. Variance: the features with any weight in the cell
     * that has the most.
     */
    size_t next_feature;
    /** Number of rows of the mask: grid cells, samples, or 1. */
    size_t num_cells;
    /** Number of rows still in progress. Variance: those whose cut-off can still rise. */
    size_t cells_in_progress;
    /** Mean revealed share over all rows, before smoothing, in [0, 1]. */
    double revealed;
} sape_mask_state;

/**
 * Sets every constant of the variance policy to its default.
 *
 * @param[out] params the constants; NULL is ignored.
 * @param[in]  size   sizeof(sape_cutoff_params) in the caller's headers.
 * @since 0.2.0
 */
SAPE_API void sape_cutoff_params_init(sape_cutoff_params *params, size_t size);

/**
 * Sets the constants of the variance policy to the published formula.
 *
 * It has steepness 1, midpoint 0, no rescaling, a schedule up to the last iteration, and an ideal filter; all else is
 * as sape_cutoff_params_init() sets it. This schedule begins half open.
 *
 * @param[out] params the constants; NULL is ignored.
 * @param[in]  size   sizeof(sape_cutoff_params) in the caller's headers.
 * @since 0.2.0
 */
SAPE_API void sape_cutoff_params_init_published(sape_cutoff_params *params, size_t size);

/**
 * Sets every mask parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_mask_params) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_mask_params_init(sape_mask_params *params, size_t size);

/**
 * Creates a mask.
 *
 * @param[in]  params the parameters; at least encoding_dim must be set.
 * @param[out] out    receives the mask; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a parameter is out of range; #SAPE_ERROR_NOT_FINITE if
 *         samples, frequencies or a constant is not finite; #SAPE_ERROR_VERSION if params or its cutoff sets a field
 *         that this version does not know; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_create(const sape_mask_params *params, sape_mask **out);

/**
 * Frees a mask.
 *
 * @param[in] mask the mask; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_mask_free(sape_mask *mask);

/**
 * Returns the policy of a mask.
 *
 * @param[in] mask the mask; may be NULL.
 * @return the policy; #SAPE_POLICY_NONE for NULL.
 * @since 0.1.0
 */
SAPE_API sape_policy sape_mask_policy(const sape_mask *mask);

/**
 * Returns the dimension of the coordinates.
 *
 * @param[in] mask the mask; may be NULL.
 * @return d; 0 for NULL.
 * @since 0.2.0
 */
SAPE_API size_t sape_mask_domain_dim(const sape_mask *mask);

/**
 * Returns the number of features.
 *
 * @param[in] mask the mask; may be NULL.
 * @return E; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_mask_encoding_dim(const sape_mask *mask);

/**
 * Reports the progress of a mask.
 *
 * @param[in]     mask  the mask.
 * @param[in,out] state receives the progress; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_get_state(const sape_mask *mask, sape_mask_state *state);

/**
 * Computes the weights of samples as a dense array.
 *
 * Spatial: the multilinear interpolation of the smoothed mask at x. Spatial_fixed: the smoothed rows, interpolated
 * linearly between samples. Variance: those of the filter at x. Coordinates outside the domain count as on its border.
 * Several threads may call this on one mask at once.
 *
 * @param[in]  mask    the mask.
 * @param[in]  n       number of samples; 0 does nothing.
 * @param[in]  x       (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value; all d of them even if
 *                     mask_dim is smaller.
 * @param[out] weights (n, E) receives the weights in [0, 1].
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_weights(const sape_mask *mask, size_t n, const float *x, float *weights);

/**
 * Computes the revealed share of samples, for a heat map.
 *
 * A sample's revealed share is the mean of its weights. Several threads may call this on one mask at once.
 *
 * @param[in]  mask  the mask.
 * @param[in]  n     number of samples; 0 does nothing.
 * @param[in]  x     (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] share (n) receives the shares in [0, 1].
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_revealed(const sape_mask *mask, size_t n, const float *x, float *share);

/**
 * Records the losses of a batch, which drive the mask.
 *
 * Any number of calls may precede a step. Spatial: each loss is added to the corners of its cell with the interpolation
 * weights. Global: the losses enter the batch's mean. Spatial_fixed: each loss counts for the training sample nearest
 * to x. Variance: losses are checked but not used.
 *
 * @param[in,out] mask the mask.
 * @param[in]     n    number of samples.
 * @param[in]     x    (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]     loss (n) finite per-sample losses.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         or loss contains NaN or infinity; #SAPE_ERROR_MEMORY if n is too large. On failure nothing is recorded.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_record(sape_mask *mask, size_t n, const float *x, const float *loss);

/**
 * Ends an iteration.
 *
 * It counts the iteration, moves the ramp, and advances if the schedule says so.
 *
 * @param[in,out] mask the mask.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if mask is NULL.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_step(sape_mask *mask);

/**
 * Advances the mask now, whatever its schedule.
 *
 * It judges which locations are still in progress (spatial), reveals the next block there, and clears the log.
 * sape_mask_step() calls it; call it yourself to set your own pace. Under the variance policy it does nothing, because
 * the cut-off depends on the number of iterations alone.
 *
 * @param[in,out] mask the mask.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if mask is NULL.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_advance(sape_mask *mask);

/**
 * Computes every cell's smoothed mean loss; spatial only.
 *
 * These are the losses that an advance would compare with epsilon now.
 *
 * @param[in]  mask  the mask.
 * @param[out] loss  (resolution^mask_dim) receives the losses; the first coordinate is the fastest.
 * @param[in]  count number of floats in loss; must be the number of cells.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_SHAPE if count is not the number of cells;
 *         #SAPE_ERROR_MEMORY if memory is exhausted; #SAPE_ERROR_UNSUPPORTED if the policy is not spatial.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_smoothed_loss(const sape_mask *mask, float *loss, size_t count);

/**
 * Sets the signal whose variance sets the cut-offs; variance only.
 *
 * The signal is usually the training samples. A trainer sets it whenever it gets targets. Samplers, and losses without
 * targets (Chamfer, a custom loss), need this call with the expected outputs at x, as far as they are known. Until a
 * signal is set, sigma is 0 everywhere and the cut-off rises everywhere alike. You may call this again at any time; the
 * iteration count stays.
 *
 * A cell's variance is that of the samples in the window around it, summed over the outputs. A sample belongs to the
 * cell it lies in. A window with fewer than two samples takes the mean of its neighbours. A constant signal has sigma
 * 0.
 *
 * @param[in,out] mask   the mask.
 * @param[in]     n      number of samples, at least 1.
 * @param[in]     x      (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value. Those outside the
 *                       domain count for the nearest cell.
 * @param[in]     o      values per sample, at least 1.
 * @param[in]     values (n, o) finite values; not kept.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a value is out of range; #SAPE_ERROR_NOT_FINITE if x
 *         or values contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large;
 *         #SAPE_ERROR_UNSUPPORTED if the policy is not variance.
 * @since 0.2.0
 */
SAPE_API sape_status sape_mask_set_signal(sape_mask *mask, size_t n, const float *x, size_t o, const float *values);

/**
 * Places the grid over another domain; spatial only.
 *
 * The grid covers all x for which (x - center) * scale is in [-1, 1].
 *
 * @param[in,out] mask   the mask.
 * @param[in]     center (d) finite centre of the domain.
 * @param[in]     scale  (d) finite scale, not 0.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a scale is 0; #SAPE_ERROR_NOT_FINITE if center or
 *         scale contains NaN or infinity; #SAPE_ERROR_UNSUPPORTED if the policy is not spatial.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_set_domain(sape_mask *mask, const float *center, const float *scale);

/**
 * Places the grid over the bounding box of points; spatial only.
 *
 * An axis without extent keeps scale 1.
 *
 * @param[in,out] mask   the mask.
 * @param[in]     n      number of points, at least 1.
 * @param[in]     points (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, n is 0, or a coordinate is too large;
 *         #SAPE_ERROR_NOT_FINITE if points contains NaN or infinity; #SAPE_ERROR_MEMORY if n is too large;
 *         #SAPE_ERROR_UNSUPPORTED if the policy is not spatial.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_fit_domain(sape_mask *mask, size_t n, const float *points);

/**
 * Returns the number of named tensors.
 *
 * Every tensor has one value per row. Policy none has no tensors. Variance has "sigma", the variance of every cell in
 * [0, 1]. All other policies have "mask_stashed", the sum of a row's weights. Spatial and spatial_fixed also have
 * "in_progress", "log_buffer" and "log_counter". For spatial, the last two are the recorded losses and their weights.
 * For spatial_fixed, they are the last loss and the number of iterations since the smoothed loss exceeded epsilon. In a
 * grid's tensors, the first coordinate is the fastest.
 *
 * @param[in] mask the mask; may be NULL.
 * @return the number of tensors; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_mask_tensor_count(const sape_mask *mask);

/**
 * Describes a tensor by its index.
 *
 * @param[in]     mask  the mask.
 * @param[in]     index the index, from 0.
 * @param[in,out] info  receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_tensor_info(const sape_mask *mask, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out of the mask.
 *
 * @param[in]  mask   the mask.
 * @param[in]  name   the name from sape_mask_tensor_info().
 * @param[out] values (count) receives the tensor.
 * @param[in]  count  number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_get_tensor(const sape_mask *mask, const char *name, float *values, size_t count);

/**
 * Replaces a tensor of the mask.
 *
 * A value m of "mask_stashed" gives a row weight 1 below feature floor(m), and the rest of m to feature floor(m), as
 * the public code loads it.
 *
 * @param[in,out] mask   the mask.
 * @param[in]     name   the name from sape_mask_tensor_info().
 * @param[in]     values (count) finite values. "mask_stashed" is in [0, E], for spatial in whole numbers. "in_progress"
 *                       is 0 or 1. "log_counter" is >= 0. "sigma" is in [0, 1].
 * @param[in]     count  number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a value is out of range; #SAPE_ERROR_NOT_FOUND if no
 *         tensor has that name; #SAPE_ERROR_SHAPE if count is not the tensor's; #SAPE_ERROR_NOT_FINITE if values
 *         contains NaN or infinity.
 * @since 0.1.0
 */
SAPE_API sape_status sape_mask_set_tensor(sape_mask *mask, const char *name, const float *values, size_t count);

/**
 * Copies the parameters that the mask has.
 *
 * samples, cutoff and frequencies are NULL, and num_iterations and num_samples those that it was made with; of one from
 * a checkpoint, they are the defaults. block_iterations is what was chosen where it was left open.
 *
 * @param[in]     mask    the mask.
 * @param[in,out] params receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_mask_get_params(const sape_mask *mask, sape_mask_params *params);

/**
 * Returns the name of a policy.
 *
 * @param[in] policy the value.
 * @return a static string like "spatial"; NULL if policy is not a #sape_policy.
 * @since 0.3.0
 */
SAPE_API const char *sape_policy_name(sape_policy policy);

/**
 * Returns the name of a filter's shape.
 *
 * @param[in] shape the value.
 * @return a static string like "cosine"; NULL if shape is not a #sape_filter_shape.
 * @since 0.3.0
 */
SAPE_API const char *sape_filter_shape_name(sape_filter_shape shape);

#ifdef __cplusplus
}
#endif

#endif
