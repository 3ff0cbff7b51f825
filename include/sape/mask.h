/* SPDX-License-Identifier: MIT */
/**
 * @file mask.h
 * Masks: which features are revealed where, and how that follows the fit.
 *
 * A mask gives every feature of every location a weight in [0, 1]. Under a progressive policy it starts with the first
 * block of features revealed and reveals more as training goes on: globally, or only where the loss is still high. Use
 * it inside a field, or alone with a network of your own: ask for weights, multiply your features by them, record the
 * per-sample losses, step.
 *
 * A block is the number of features revealed at a time. The variance policy has no blocks and follows the signal in
 * place of the loss: it is a low-pass filter of the features that opens with the iterations, and earlier where the
 * signal is rough. The formulas are in docs/mathematics.md.
 */
#ifndef SAPE_MASK_H
#define SAPE_MASK_H

#include "status.h"
#include "tensor.h"
#include "window.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The largest encoding_dim a mask can have. */
#define SAPE_MAX_ENCODING_DIM 65535

/** How features are revealed. */
typedef enum sape_policy {
    /** Everything is revealed from the start. */
    SAPE_POLICY_NONE = 0,
    /** Block by block, everywhere at once, with a ramp; stops for good once the batch loss was below epsilon. */
    SAPE_POLICY_GLOBAL = 1,
    /** Block by block, in the cells of a grid whose smoothed loss is still above epsilon (the paper's method). */
    SAPE_POLICY_SPATIAL = 2,
    /** As spatial, with one row per training sample in place of a grid (1D and 2D), and with global's ramp. */
    SAPE_POLICY_SPATIAL_FIXED = 3,
    /**
     * A low-pass filter whose cut-off frequency rises with the iterations, and is higher in the cells of a grid where
     * the signal varies more: features above it have weight 0. Its constants are sape_cutoff_params; the signal is
     * given by sape_mask_set_signal(), which a trainer with targets calls by itself. Losses do not matter, and neither
     * do num_blocks, block_iterations and epsilon.
     */
    SAPE_POLICY_VARIANCE = 4
} sape_policy;

/** How a low-pass filter falls from 1 to 0. */
typedef enum sape_filter_shape {
    /** In a straight line. */
    SAPE_FILTER_LINEAR = 0,
    /** As half a period of a cosine, without corners. */
    SAPE_FILTER_COSINE = 1
} sape_filter_shape;

/**
 * The constants of the variance policy. By default the cut-off rises from c_min to c_max along an S-shaped curve over
 * the first half of the training, and where the signal is roughest it is beta (c_max - c_min) ahead of that.
 *
 * The cut-off of a cell after iteration t, in cycles per unit of x, is
 *
 *     c = c_min + (c_max - c_min) (L(p) + beta sigma^gamma), clamped to [c_min, c_max],
 *
 * where
 *
 * - p = (t - t0) / (T - t0), clamped to [0, 1], is how far the schedule has come: t0 = start_iteration, T = end_share
 *   num_iterations;
 * - L(p) is the logistic function S(p) = 1 / (1 + exp(-steepness (p - midpoint))), or with rescale
 *   (S(p) - S(0)) / (S(1) - S(0)), which runs from 0 to 1;
 * - sigma in [0, 1] is the signal's variance in the window round the cell, over the largest of all cells.
 *
 * Between the cells the cut-off is interpolated linearly along every axis. A feature of frequency f
 * (sape_encoder_frequencies()) has weight 1 where f <= c, 0 where f >= c + width, and falls between them as shape says.
 *
 * Set by sape_cutoff_params_init() or sape_cutoff_params_init_published(), then changed where wanted. Defaults are this
 * library's own where nothing else is said.
 */
typedef struct sape_cutoff_params {
    /** sizeof(sape_cutoff_params); set by the initialiser. */
    size_t struct_size;
    /**
     * The lowest cut-off, cycles per unit of x, 0 to 1e30, not above c_max. Default 0: at first, where the signal does
     * not vary, x itself and what lies below width.
     */
    double c_min;
    /**
     * The highest cut-off, cycles per unit of x, up to 1e30. 0 (the default) chooses it: the highest frequency of a
     * feature, or less once a signal is known whose samples cannot tell so high frequencies apart: n^(1/d) / 8 for n
     * samples in d dimensions. A regular grid of them holds twice that (Nyquist); in samples at random places gaps are
     * about twice as wide. sape_bandwidth_propose() proposes one for samples that do not fill [-1, 1]^d.
     */
    double c_max;
    /** What the variance adds, as a share of c_max - c_min; 0 to 1e30. Default 0.2. */
    double beta;
    /** The power of the variance; 0 (every cell counts alike) to 1e30. Default 0.5, the standard deviation. */
    double gamma;
    /** Steepness a of the logistic, 1e-6 to 1e6. Default 8; published 1. */
    double steepness;
    /** Its midpoint m as a value of p, within +-1e6. Default 0.5; published 0. */
    double midpoint;
    /** Not 0: the logistic is rescaled to run from 0 at p = 0 to 1 at p = 1. Default 1; published 0. */
    int32_t rescale;
    /** What the signal is taken to be beyond the domain's border, for the window. Default #SAPE_BOUNDARY_REPLICATE. */
    sape_boundary boundary;
    /** Iterations t0 before the cut-off begins to rise, less than T. Default 0. */
    size_t start_iteration;
    /** The end T of the schedule as a share of num_iterations, 1e-12 to 1: T is rounded down, and at least 1. Default
     * 0.5; published 1. */
    double end_share;
    /** Window of the variance along an axis in cells, up to 1e6. 0 (the default) for 5, 3 in grids up to 100 cells. */
    size_t window;
    /** Width of the filter's fall, cycles per unit of x, 0 (the ideal filter, which jumps) to 1e30. Default 1;
     * published 0. */
    double width;
    /** The shape of the fall. Default #SAPE_FILTER_LINEAR. */
    sape_filter_shape shape;
    /** Unused, 0. */
    int32_t reserved;
} sape_cutoff_params;

/** What a mask is made of. Set by sape_mask_params_init(), then changed where wanted. */
typedef struct sape_mask_params {
    /** sizeof(sape_mask_params); set by the initialiser. */
    size_t struct_size;
    /** The policy. Default #SAPE_POLICY_SPATIAL. */
    sape_policy policy;
    /** Unused, 0. */
    int32_t reserved;
    /** Dimension d of the coordinates, 1 to 3. Default 2. A field sets it. */
    size_t domain_dim;
    /** Number E of features, 1 to #SAPE_MAX_ENCODING_DIM. Default 0, which only a field accepts: it sets it. */
    size_t encoding_dim;
    /** Dimension of the grid: it lies over the first mask_dim coordinates. 0 (the default) for d; at most d. */
    size_t mask_dim;
    /** Grid cells per axis, 3 to 4096, at most 2^28 cells in all. Default 64. Spatial and variance. */
    size_t resolution;
    /**
     * Number of blocks, 1 to E. 0 (the default) for blocks of d features, the paper's choice, which needs a long
     * training; short ones want 6 to 50. A block is E / num_blocks features (integer division).
     */
    size_t num_blocks;
    /** Length of the training in iterations, which sets the pace of revealing; 1 to 1e12. Default 1000. */
    size_t num_iterations;
    /**
     * Iterations from one block to the next. 0 (the default) for the paper's: spatial
     * int(num_iterations / (2 num_blocks)), the others 3 num_iterations / (4 num_blocks); at least 1. For occupancy set
     * the iterations of an epoch.
     */
    size_t block_iterations;
    /** The loss below which a location (global: the whole) is good enough; finite, >= 0. Default 1e-3. */
    double epsilon;
    /**
     * Spatial_fixed: (num_samples, d) coordinates of the training samples; copied. Samples at one place share a row. In
     * 2D they must form a full regular grid, in any order, of at least 2 x 2. NULL otherwise.
     */
    const float *samples;
    /** Spatial_fixed: number of samples, at least 2. */
    size_t num_samples;
    /** Variance: the constants; read by the call. NULL (the default) for those of sape_cutoff_params_init(). */
    const sape_cutoff_params *cutoff;
    /**
     * Variance: (E) frequencies of the features in cycles per unit of x, finite, >= 0 and not descending; copied. See
     * sape_encoder_frequencies(). NULL otherwise. A field sets it.
     */
    const double *frequencies;
} sape_mask_params;

/** A mask and its progress. */
typedef struct sape_mask sape_mask;

/** Where a mask stands. The caller sets struct_size. */
typedef struct sape_mask_state {
    /** sizeof(sape_mask_state), set by the caller before the call. */
    size_t struct_size;
    /** Iterations counted by sape_mask_step() so far. */
    uint64_t iteration;
    /** Features revealed at a time; variance: 0. */
    size_t block_size;
    /** Iterations from one block to the next; variance: 0. */
    size_t block_iterations;
    /** Features below this have been offered to the locations in progress; the next block ends at next_feature.
     * Variance: the features with any weight in the cell that has fewest. */
    size_t current_feature;
    /** One past the last feature of the block that comes next; E when all have been offered. Variance: those in
     * the cell that has most. */
    size_t next_feature;
    /** Number of rows of the mask: grid cells, samples, or 1. */
    size_t num_cells;
    /** How many of them are still in progress; variance: whose cut-off can still rise. */
    size_t cells_in_progress;
    /** Mean revealed share over the rows, before smoothing, in [0, 1]. */
    double revealed;
} sape_mask_state;

/** Sets every field to its default. @param size sizeof(sape_cutoff_params) as the caller was compiled. */
SAPE_API void sape_cutoff_params_init(sape_cutoff_params *params, size_t size);

/**
 * Sets every field to its default, but for the published formula: steepness 1, midpoint 0, not rescaled, up to the last
 * iteration, an ideal filter. Its schedule begins half open.
 *
 * @param size sizeof(sape_cutoff_params) as the caller was compiled.
 */
SAPE_API void sape_cutoff_params_init_published(sape_cutoff_params *params, size_t size);

/** Sets every field to its default. @param size sizeof(sape_mask_params) as the caller was compiled. */
SAPE_API void sape_mask_params_init(sape_mask_params *params, size_t size);

/**
 * Makes a mask.
 *
 * @param params must at least give encoding_dim.
 * @param out    receives the mask; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY.
 */
SAPE_API sape_status sape_mask_create(const sape_mask_params *params, sape_mask **out);

/** Frees a mask; NULL is fine. */
SAPE_API void sape_mask_free(sape_mask *mask);

/** @return the policy; #SAPE_POLICY_NONE for NULL. */
SAPE_API sape_policy sape_mask_policy(const sape_mask *mask);

/** @return d, the length of a coordinate; 0 for NULL. */
SAPE_API size_t sape_mask_domain_dim(const sape_mask *mask);

/** @return E; 0 for NULL. */
SAPE_API size_t sape_mask_encoding_dim(const sape_mask *mask);

/**
 * Says where the mask stands.
 *
 * @param state receives it; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_mask_get_state(const sape_mask *mask, sape_mask_state *state);

/**
 * The weights of n samples, as a dense array.
 *
 * Spatial: the multilinear interpolation of the smoothed mask at x. Spatial_fixed: the smoothed rows, interpolated
 * linearly between samples. Variance: those of the filter at x. Coordinates outside the domain count as on its border.
 *
 * @param n       number of samples.
 * @param x       (n, d) coordinates; d as in the parameters, even where mask_dim is smaller.
 * @param weights (n, E) receives the weights in [0, 1].
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY. Several threads may ask one
 *         mask at once.
 */
SAPE_API sape_status sape_mask_weights(const sape_mask *mask, size_t n, const float *x, float *weights);

/**
 * The revealed share of n samples: the mean of their weights, what a heat map shows.
 *
 * @param n     number of samples.
 * @param x     (n, d) coordinates.
 * @param share (n) receives values in [0, 1].
 * @return as sape_mask_weights().
 */
SAPE_API sape_status sape_mask_revealed(const sape_mask *mask, size_t n, const float *x, float *share);

/**
 * Records the losses of a batch, which drive the mask. Any number of calls may come before a step.
 *
 * Spatial: each loss is added to the corners of its cell with the interpolation weights. Global: the losses enter the
 * batch's mean. Spatial_fixed: each loss counts for the training sample nearest to x. Variance: checked, not used.
 *
 * @param n    number of samples.
 * @param x    (n, d) coordinates.
 * @param loss (n) per-sample losses, finite.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE; nothing is recorded when it fails.
 */
SAPE_API sape_status sape_mask_record(sape_mask *mask, size_t n, const float *x, const float *loss);

/**
 * Ends an iteration: counts it, moves the ramp, and advances where the schedule says so.
 *
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_mask_step(sape_mask *mask);

/**
 * Advances now, whatever the schedule: judges which locations are still in progress (spatial), reveals the next block
 * there and clears the log. sape_mask_step() calls it; call it yourself to set your own pace. Variance: does nothing,
 * since the cut-off depends on the number of iterations alone.
 *
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_mask_advance(sape_mask *mask);

/**
 * Spatial: the smoothed mean loss of every cell as an advance would see it now.
 *
 * @param loss  (resolution^mask_dim) receives it; the first coordinate is the fastest.
 * @param count number of floats in loss.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_SHAPE, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (other
 *         policies).
 */
SAPE_API sape_status sape_mask_smoothed_loss(const sape_mask *mask, float *loss, size_t count);

/**
 * Variance: gives the signal whose variance sets the cut-offs, usually the training samples. A trainer does so by
 * itself whenever it is given targets; samplers and losses without targets (Chamfer, a custom one) need this call,
 * with what the outputs are to become at x, as far as that is known. Until a signal is given sigma is 0 everywhere: the
 * cut-off rises alike at all places. May be called again at any time; the iterations counted stay.
 *
 * The variance of a cell is that of the samples in the window round it, summed over the outputs; a sample belongs to
 * the cell it lies in. A window of fewer than two samples takes the mean of its neighbours. A constant signal has sigma
 * 0.
 *
 * @param n      number of samples, at least 1.
 * @param x      (n, d) coordinates; those outside the domain count for the nearest cell.
 * @param o      values a sample, at least 1.
 * @param values (n, o) finite values; not kept.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (other
 *         policies).
 */
SAPE_API sape_status sape_mask_set_signal(sape_mask *mask, size_t n, const float *x, size_t o, const float *values);

/**
 * Places the grid over another domain: it covers (x - center) * scale in [-1, 1]. Spatial only.
 *
 * @param center (d) finite. @param scale (d) finite, not 0.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_UNSUPPORTED.
 */
SAPE_API sape_status sape_mask_set_domain(sape_mask *mask, const float *center, const float *scale);

/**
 * Places the grid over the bounding box of n points (n, d); an axis without extent keeps scale 1. Spatial only.
 *
 * @param n number of points, at least 1. @param points (n, d) finite coordinates.
 * @return as sape_mask_set_domain().
 */
SAPE_API sape_status sape_mask_fit_domain(sape_mask *mask, size_t n, const float *points);

/**
 * @return how many named tensors the mask has, one value a row each; 0 for NULL and for policy none. Variance: "sigma",
 *         the variance of every cell in [0, 1]; the first coordinate is the fastest. All others:
 *         "mask_stashed", the sum of a row's weights. Spatial and spatial_fixed also: "in_progress"; "log_buffer" and
 *         "log_counter", which are the recorded losses and their weights (spatial), or the last loss and the number of
 *         iterations that the smoothed loss has not been above epsilon (spatial_fixed).
 */
SAPE_API size_t sape_mask_tensor_count(const sape_mask *mask);

/**
 * Describes the index-th tensor.
 *
 * @param index from 0. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_mask_tensor_info(const sape_mask *mask, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out.
 *
 * @param name as sape_mask_tensor_info() gives it. @param values (count) receives the tensor.
 * @param count the number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_mask_get_tensor(const sape_mask *mask, const char *name, float *values, size_t count);

/**
 * Replaces a tensor. "mask_stashed" m gives a row weight 1 below floor(m) and the rest of m at floor(m), as the public
 * code loads it; m in [0, E], spatial: whole numbers. "in_progress" holds 0 or 1; "log_counter" is >= 0.
 *
 * @param name, values, count as in sape_mask_get_tensor().
 * @return as sape_mask_get_tensor(), #SAPE_ERROR_NOT_FINITE.
 */
SAPE_API sape_status sape_mask_set_tensor(sape_mask *mask, const char *name, const float *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
