/* SPDX-License-Identifier: MIT */
/* What fit_run() is made of. */
#ifndef EXAMPLES_FIT_PARTS_H
#define EXAMPLES_FIT_PARTS_H

#include "task/fit.h"

/* Puts a std and the variance policy's highest cut-off where the settings leave the std open: what suits the samples,
   with ranks those of all, otherwise those of the first epoch. */
bool fit_choose_bandwidth(const struct fit_problem *problem, struct settings *settings);

/* A trainer with the samples; NULL after a failure, with a message. */
sape_trainer *fit_create_trainer(const struct settings *settings, const struct fit_problem *problem, sape_field *field);

/* The samples that a trainer has. */
struct fit_samples {
    const float *x, *targets;
};

/* Saves a trainer where the settings say, beside the others of the problem's file, with notes on what has been trained.
 */
bool fit_save(const struct settings *settings, const struct fit_problem *problem, struct fit_samples samples,
              const sape_trainer *trainer);

/* Whether fit_save() could, as far as is known before the training. */
bool fit_check_save(const struct settings *settings, const struct fit_problem *problem, const sape_trainer *trainer);

/* Takes up the training of the settings' checkpoint, or of that in the problem's file: *iterations is how many it has
   had. What has been trained otherwise than the settings say is refused, option by option. */
bool fit_resume(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer,
                struct fit_samples *samples, uint64_t *iterations);

#endif
