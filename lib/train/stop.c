/* SPDX-License-Identifier: MIT */
#include "train/stop.h"

#include <math.h>

#include "base/error.h"
#include "state/claims.h"

SAPE_DEFINE_NAMES(stop_name, "iterations", "callback", "tolerance", "plateau", "validation", "sampler")

const char *sape_stop_name(sape_stop stop) {
    return stop_name((unsigned)stop);
}

sape_status sape_convergence_check_params(const sape_trainer_params *params) {
    SAPE_REQUIRE(params->tolerance >= 0.0 && !isinf(params->tolerance), "tolerance is %g, must be finite and >= 0",
                 params->tolerance);
    SAPE_REQUIRE(params->min_improvement >= 0.0 && params->min_improvement < 1.0,
                 "min_improvement is %g, must be >= 0 and less than 1", params->min_improvement);
    SAPE_REQUIRE(params->plateau_factor > 0.0 && params->plateau_factor < 1.0,
                 "plateau_factor is %g, must be greater than 0 and less than 1", params->plateau_factor);
    return SAPE_OK;
}

void sape_convergence_begin(struct sape_convergence *convergence) {
    *convergence = (struct sape_convergence){.best = INFINITY};
}

sape_status sape_convergence_check_state(const struct sape_convergence *convergence, uint64_t batches_used,
                                         uint64_t epoch_batches, uint64_t num_steps) {
    const uint64_t batches = convergence->batches;
    const struct sape_claim claims[] = {
        {"sape.convergence.batches", batches < epoch_batches && batches <= batches_used},
        {"sape.convergence.sum", !isnan(convergence->sum) && (batches > 0 || convergence->sum == 0.0)},
        {"sape.convergence.best", !isnan(convergence->best)},
        {"sape.convergence.since", convergence->since <= num_steps},
        {"sape.convergence.reduced", convergence->reduced <= num_steps}};
    return SAPE_CHECK_CLAIMS(claims);
}

void sape_convergence_new_epoch(struct sape_convergence *convergence) {
    convergence->sum = 0.0;
    convergence->batches = 0;
}

/* After an epoch: whether the loss has stood still for long enough since it improved or the rate was last reduced. */
static bool reduces(struct sape_convergence *convergence, const sape_trainer_params *params, uint64_t iteration) {
    const uint64_t since = convergence->reduced > convergence->since ? convergence->reduced : convergence->since;
    if (params->plateau_patience == 0 || iteration - since < params->plateau_patience) return false;
    convergence->reduced = iteration;
    return true;
}

sape_stop sape_convergence_observe(struct sape_convergence *convergence, const sape_trainer_params *params,
                                   uint64_t epoch_batches, uint64_t iteration, double loss, bool *reduce) {
    *reduce = false;
    convergence->sum += loss;
    if (++convergence->batches < epoch_batches) return SAPE_STOP_ITERATIONS;
    const double mean = convergence->sum / (double)convergence->batches;
    sape_convergence_new_epoch(convergence);
    const double best = convergence->best;
    if (isinf(best) || mean < best - params->min_improvement * fabs(best)) {
        convergence->best = mean;
        convergence->since = iteration;
    }
    *reduce = reduces(convergence, params, iteration);
    if (params->tolerance > 0.0 && mean <= params->tolerance) return SAPE_STOP_TOLERANCE;
    const bool stands_still = params->patience > 0 && iteration - convergence->since >= params->patience;
    return stands_still ? SAPE_STOP_PLATEAU : SAPE_STOP_ITERATIONS;
}

bool sape_convergence_watched(const sape_trainer_params *params) {
    return params->tolerance > 0.0 || params->patience > 0 || params->plateau_patience > 0;
}

void sape_convergence_list_state(struct sape_convergence *c, struct sape_state *state) {
    const struct sape_entry all[] = {{"sape.convergence.sum", SAPE_ENTRY_REAL, SAPE_STATE, &c->sum, NULL},
                                     {"sape.convergence.batches", SAPE_ENTRY_INTEGER, SAPE_STATE, &c->batches, NULL},
                                     {"sape.convergence.best", SAPE_ENTRY_REAL, SAPE_STATE, &c->best, NULL},
                                     {"sape.convergence.since", SAPE_ENTRY_INTEGER, SAPE_STATE, &c->since, NULL}};
    static const uint64_t never = 0;
    const struct sape_usual_entry reduced = {
        {"sape.convergence.reduced", SAPE_ENTRY_INTEGER, SAPE_STATE, &c->reduced, NULL}, &never};
    sape_state_add(state, sizeof all / sizeof *all, all);
    sape_state_add_usual(state, 1, &reduced);
}
