/* SPDX-License-Identifier: MIT */
/**
 * @file settings.h
 * Proposes all settings of a fit from its samples.
 *
 * Describe the task in a sape_settings_query, have the settings proposed, and create the field and the trainer from the
 * structs that sape_settings_get() fills. Every choice has a reason in words. The same query always gives the same
 * settings. docs/mathematics.md has the formulas, and docs/quality.md says what they are worth.
 *
 * The published settings stay the defaults of the parameters' initialisers.
 */
#ifndef SAPE_SETTINGS_H
#define SAPE_SETTINGS_H

#include "encoder.h"
#include "mask.h"
#include "network.h"
#include "optimizer.h"
#include "status.h"
#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a field is to learn.
 * @since 0.3.0
 */
typedef enum sape_task {
    /** Values at places: the mean squared error. */
    SAPE_TASK_REGRESSION = 0,
    /** Inside and outside of a shape: the binary cross-entropy of logits. Targets are 0 to 1. */
    SAPE_TASK_OCCUPANCY = 1,
    /** A curve through points: the Chamfer distance. */
    SAPE_TASK_CURVE = 2
} sape_task;

/** Leaves a choice of sape_settings_query to the proposal. @since 0.3.0 */
#define SAPE_CHOOSE (-1)

/**
 * What is to be fitted, and what may be spent on it.
 *
 * Call sape_settings_query_init() first, then change what you need; x is required.
 * @since 0.3.0
 */
typedef struct sape_settings_query {
    /** sizeof(sape_settings_query), set by the initialiser. */
    size_t struct_size;
    /** What the field is to learn. Default #SAPE_TASK_REGRESSION. */
    sape_task task;
    /** A sape_policy, or #SAPE_CHOOSE (the default). */
    int32_t policy;
    /** A sape_encoding, or #SAPE_CHOOSE (the default). */
    int32_t encoding;
    /** Unused, 0. */
    int32_t reserved;
    /** Number of frequencies, at most 16384. 0 (the default) has it proposed. */
    size_t num_frequencies;
    /** Number d of coordinates of a sample, 1 to 3. Default 2. */
    size_t domain_dim;
    /** Number o of outputs of a sample, at least 1. Default 3. */
    size_t output_dim;
    /** Number of samples, at least 2. Default 0. */
    size_t n;
    /** (n, d) finite coordinates, not all at one place. At most #SAPE_MAX_COORDINATE in absolute value. */
    const float *x;
    /**
     * (n, o) finite targets, or NULL. A curve's targets are points along it at the places x, as far as they are known.
     */
    const float *targets;
    /** Number of sets of samples, at least 1. Training uses them in turn. Default 1. */
    uint64_t num_sets;
    /** Length of the training in iterations, at most 10^12. 0 (the default) leaves it to epochs. */
    uint64_t iterations;
    /**
     * Length of the training in epochs, at most 10^12. It counts where iterations is 0. An epoch goes through n
     * samples; it has as many iterations as batches fit in. 0 (the default) has the length proposed.
     */
    uint64_t epochs;
    /**
     * Seconds that the training may take, finite, >= 0. It limits iterations, with a speed assumed rather than
     * measured, so that the settings do not depend on the machine. 0 (the default) sets no limit.
     */
    double seconds;
    /** Samples of an iteration. 0 (the default) has them proposed. */
    size_t batch_size;
    /**
     * Number of threads, 1 to 256. It sets the speed assumed for seconds, and the trainer's num_threads. 0 (the
     * default) assumes one.
     */
    size_t num_threads;
    /** Seed of encoder, network and trainer. Default 0. */
    uint64_t seed;
} sape_settings_query;

/**
 * One of the settings, in words.
 * @since 0.3.0
 */
typedef struct sape_setting {
    /** sizeof(sape_setting), set by the caller before the call. */
    size_t struct_size;
    /** Its name, such as "std"; valid as long as the settings are. */
    const char *name;
    /** Its value as text; valid as long as the settings are. */
    const char *value;
    /** Why it has this value. Words within a sentence; valid as long as the settings are. */
    const char *reason;
} sape_setting;

/** Proposed settings. Nothing changes them; several threads may read them at once. */
typedef struct sape_settings sape_settings;

/**
 * Sets every member of a query to its default.
 *
 * @param[out] query the query; NULL is ignored.
 * @param[in]  size  sizeof(sape_settings_query) in the caller's headers.
 * @since 0.3.0
 */
SAPE_API void sape_settings_query_init(sape_settings_query *query, size_t size);

/**
 * Proposes settings for a fit.
 *
 * The samples are read during the call and not kept, except that #SAPE_POLICY_SPATIAL_FIXED has x as its samples.
 *
 * @param[in]  query the query.
 * @param[out] out   receives the settings; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a member is out of range; #SAPE_ERROR_NOT_FINITE if x
 *         or targets contains NaN or infinity; #SAPE_ERROR_VERSION if query sets a field that this version does not
 *         know; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large.
 * @since 0.3.0
 */
SAPE_API sape_status sape_settings_propose(const sape_settings_query *query, sape_settings **out);

/**
 * Frees settings.
 *
 * @param[in] settings the settings; NULL is ignored.
 * @since 0.3.0
 */
SAPE_API void sape_settings_free(sape_settings *settings);

/**
 * Fills parameters with the settings.
 *
 * Change what you know better before you create handles with them. The mask's cutoff points into the settings, which
 * must stay until the field is created. domain_dim, encoding_dim and frequencies of the mask and input_dim of the
 * network are left to the field.
 *
 * @param[in]     settings  the settings.
 * @param[in,out] encoder   receives the encoder's parameters; its struct_size must be set. May be NULL.
 * @param[in,out] mask      receives the mask's parameters; its struct_size must be set. May be NULL.
 * @param[in,out] network   receives the network's parameters; its struct_size must be set. May be NULL.
 * @param[in,out] optimizer receives the optimizer's parameters; its struct_size must be set. May be NULL.
 * @param[in,out] trainer   receives the trainer's parameters; its struct_size must be set. May be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if settings is NULL or a struct_size is out of range. On failure nothing is
 *         written.
 * @since 0.3.0
 */
SAPE_API sape_status sape_settings_get(const sape_settings *settings, sape_encoder_params *encoder,
                                       sape_mask_params *mask, sape_network_params *network,
                                       sape_optimizer_params *optimizer, sape_trainer_params *trainer);

/**
 * Returns the length of the training.
 *
 * @param[in] settings the settings; may be NULL.
 * @return the iterations; 0 for NULL.
 * @since 0.3.0
 */
SAPE_API uint64_t sape_settings_iterations(const sape_settings *settings);

/**
 * Copies the scales of the coordinates.
 *
 * Give them to the field with sape_field_set_normalization(), as its scale or as factors of the scale that it has. All
 * other settings are for coordinates that have been divided by them. They are 1 where neighbouring targets differ
 * alike along all axes, and greater, at most 4, along an axis where they differ less.
 *
 * @param[in]  settings the settings.
 * @param[out] scale    (d) receives the scales.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL.
 * @since 0.3.0
 */
SAPE_API sape_status sape_settings_get_scale(const sape_settings *settings, double *scale);

/**
 * Returns the number of fields to fit.
 *
 * Fit as many with these settings, each with another seed of encoder, network and trainer, and take the mean of their
 * outputs: between samples it is better than one field's. It is 1 where that does not help, and where the query gives
 * iterations or epochs; otherwise as many as the seconds allow, at most 16.
 *
 * @param[in] settings the settings; may be NULL.
 * @return the number of fields; 0 for NULL.
 * @since 0.3.0
 */
SAPE_API size_t sape_settings_members(const sape_settings *settings);

/**
 * Returns the number of settings in words.
 *
 * @param[in] settings the settings; may be NULL.
 * @return their number; 0 for NULL.
 * @since 0.3.0
 */
SAPE_API size_t sape_settings_count(const sape_settings *settings);

/**
 * Describes one of the settings in words.
 *
 * @param[in]     settings the settings.
 * @param[in]     index    the index, from 0.
 * @param[in,out] setting  receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_settings_item(const sape_settings *settings, size_t index, sape_setting *setting);

/**
 * Returns the name of a task.
 *
 * @param[in] task the value.
 * @return a static string like "regression"; NULL if task is not a #sape_task.
 * @since 0.3.0
 */
SAPE_API const char *sape_task_name(sape_task task);

#ifdef __cplusplus
}
#endif

#endif
