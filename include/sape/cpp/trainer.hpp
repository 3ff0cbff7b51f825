// SPDX-License-Identifier: MIT
// Part of sape.hpp: trainers, and the functions that they call.
#ifndef SAPE_CPP_TRAINER_HPP
#define SAPE_CPP_TRAINER_HPP

#include "field.hpp"

namespace sape {

/// Called during a run. A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C,
/// C++, Python and Rust; until 0.2.0 this file had it the other way around. run() rethrows its exceptions.
using Progress = std::function<bool(const sape_progress &)>;

/// A batch that a loss of your own receives, and what it has to fill: the loss of the batch, of its samples (n), and
/// the gradients with respect to outputs (n, o) and, for a loss on derivatives, the Jacobian (n, o, d).
struct Batch {
    std::size_t n, domain_dim, output_dim;
    const float *x, *outputs, *jacobian, *targets;
    float *d_outputs, *d_jacobian, *sample_loss;
    double &loss;
};
using Loss = std::function<void(const Batch &)>;

/// Supplies the n samples of an iteration: coordinates (n, d) and targets (n, o). True goes on; false ends the run.
using Sampler = std::function<bool(std::uint64_t iteration, std::size_t n, float *x, float *targets)>;

/// Sums an array of float (#SAPE_DTYPE_F32) or double (#SAPE_DTYPE_F64) over all ranks in place.
using Reduce = std::function<void(sape_dtype dtype, std::size_t count, void *values)>;

/// The losses of the iterations so far.
struct History {
    std::vector<std::uint64_t> iterations;
    std::vector<double> loss, validation_loss;
};

/// Trains a field, which must outlive it.
class Trainer {
  public:
    explicit Trainer(Field &field, const TrainerParams &params = {}, const OptimizerParams &optimizer = {})
        : Trainer(field, Loss(), params, optimizer) {
    }

    /// With a loss of your own, unless it is empty.
    Trainer(Field &field, Loss loss, TrainerParams params = {}, const OptimizerParams &optimizer = {})
        : field_(field.get()), calls_(new Calls(field.domain_dim())) {
        if (loss) {
            params.loss = SAPE_LOSS_CUSTOM;
            params.loss_fn = evaluate;
            params.loss_user = calls_.get();
            calls_->loss = std::move(loss);
        }
        sape_trainer *made = nullptr;
        check(sape_trainer_create(&params, &optimizer, field_, &made));
        handle_.reset(made);
    }

    /// Sets the samples: coordinates x (n, d) and targets (n, o; empty for a loss without). The trainer keeps them.
    void set_data(Floats x, Floats targets) {
        const std::size_t n = rows("x", x, domain_dim());
        if (!targets.empty() || n == 0) expect("targets", targets.size(), n * output_dim());
        check(sape_trainer_set_data(get(), n, x.data(), targets.empty() ? nullptr : targets.data()));
        x_ = std::move(x);
        targets_ = std::move(targets);
    }
    /// Weights (n) of the samples; empty for none.
    void set_weights(Floats weights) {
        check(sape_trainer_set_weights(get(), weights.size(), weights.empty() ? nullptr : weights.data()));
        weights_ = std::move(weights);
    }
    /// The points (m, o) of #SAPE_LOSS_CHAMFER; per_iteration 0 uses all.
    void set_target_points(Floats points, std::size_t per_iteration = 0) {
        check(
            sape_trainer_set_target_points(get(), rows("points", points, output_dim()), points.data(), per_iteration));
        points_ = std::move(points);
    }
    /// Has a function supply the samples, n an iteration.
    void set_sampler(std::size_t n, Sampler sampler) {
        calls_->sampler.swap(sampler);
        const sape_status status = sape_trainer_set_sampler(get(), n, sample, calls_.get());
        if (status != SAPE_OK) calls_->sampler.swap(sampler);
        check(status);
    }
    /// The loss of #SAPE_LOSS_CUSTOM_JACOBIAN.
    void set_jacobian_loss(Loss loss) {
        calls_->jacobian_loss = std::move(loss);
        check(sape_trainer_set_jacobian_loss(get(), evaluate_jacobian, calls_.get()));
    }
    /// Trains together with other ranks; an empty function trains alone again.
    void set_reduce(Reduce reduce) {
        calls_->reduce = std::move(reduce);
        check(sape_trainer_set_reduce(get(), calls_->reduce ? add_up : nullptr, calls_.get()));
    }
    /// The locally adaptive learning rate, or nullptr for none.
    void set_adaptive_rate(const AdaptiveRateParams *params) {
        check(sape_trainer_set_adaptive_rate(get(), params));
    }
    void set_learning_rate(double learning_rate) {
        check(sape_trainer_set_learning_rate(get(), learning_rate));
    }
    /// Samples far outside [-1, 1] in the field's units.
    std::size_t num_outside() const {
        return sape_trainer_num_outside(get());
    }
    /// The parameters that it has, and those of its optimizer with the present learning rate.
    TrainerParams params() const {
        TrainerParams params;
        check(sape_trainer_get_params(get(), &params));
        return params;
    }
    OptimizerParams optimizer_params() const {
        OptimizerParams params;
        check(sape_trainer_get_optimizer_params(get(), &params));
        return params;
    }
    double learning_rate() const {
        return sape_trainer_learning_rate(get());
    }
    /// The rows of set_data() that a loss of your own is called with; to be called there.
    std::vector<std::size_t> indices(std::size_t n) const {
        std::vector<std::size_t> all(n);
        check(sape_trainer_get_indices(get(), n, all.data()));
        return all;
    }
    /// A field with the averaged parameters.
    Field average() const {
        sape_field *made = nullptr;
        check(sape_trainer_average(get(), &made));
        return Field(made);
    }
    History history() const {
        const std::size_t n = sape_trainer_history_count(get());
        History all = {std::vector<std::uint64_t>(n), std::vector<double>(n), std::vector<double>(n)};
        check(sape_trainer_get_history(get(), n, all.iterations.data(), all.loss.data(), all.validation_loss.data()));
        return all;
    }

    /// One iteration; the batch's loss before the step.
    double step() {
        double loss = 0.0;
        finish(sape_trainer_step(get(), &loss));
        return loss;
    }
    sape_result run(std::uint64_t num_iterations, Progress progress = nullptr) {
        sape_result result = sized<sape_result>();
        calls_->progress = std::move(progress);
        finish(sape_trainer_run(get(), num_iterations, calls_->progress ? report : nullptr, calls_.get(), &result));
        return result;
    }

    void save(const std::string &path) const {
        check(sape_trainer_save(get(), path.c_str()));
    }
    void resume(const std::string &path) {
        check(sape_trainer_resume(get(), path.c_str()));
    }
    Checkpoint checkpoint() const {
        sape_safetensors *made = nullptr;
        check(sape_trainer_checkpoint(get(), &made));
        return Checkpoint(made);
    }
    void restore(const Checkpoint &checkpoint) {
        check(sape_trainer_restore(get(), checkpoint.get()));
    }

    sape_trainer *get() const noexcept {
        return handle_.get();
    }

  private:
    struct Calls {
        explicit Calls(std::size_t d) : domain_dim(d) {
        }
        std::size_t domain_dim;
        Progress progress;
        Loss loss, jacobian_loss;
        Sampler sampler;
        Reduce reduce;
        std::exception_ptr thrown;
    };

    // No exception may pass through the library: it is stored here and ends the call.
    template <class Function> static int relay(void *user, const Function &function) noexcept {
        Calls &calls = *static_cast<Calls *>(user);
        try {
            return function(calls) ? 1 : 0;
        } catch (...) {
            calls.thrown = std::current_exception();
            return 1;
        }
    }
    static int report(void *user, const sape_progress *progress) noexcept {
        return relay(user, [&](Calls &calls) { return calls.progress(*progress); });
    }
    static int evaluate(void *user, std::size_t n, const float *x, std::size_t o, const float *outputs,
                        const float *targets, float *d_outputs, float *sample_loss, double *loss) noexcept {
        return relay(user, [&](Calls &calls) {
            const Batch batch = {n,       calls.domain_dim, o,       x,           outputs, nullptr,
                                 targets, d_outputs,        nullptr, sample_loss, *loss};
            return calls.loss(batch), false;
        });
    }
    static int evaluate_jacobian(void *user, std::size_t n, std::size_t d, const float *x, std::size_t o,
                                 const float *outputs, const float *jacobian, const float *targets, float *d_outputs,
                                 float *d_jacobian, float *sample_loss, double *loss) noexcept {
        const Batch batch = {n, d, o, x, outputs, jacobian, targets, d_outputs, d_jacobian, sample_loss, *loss};
        return relay(user, [&](Calls &calls) { return calls.jacobian_loss(batch), false; });
    }
    static int sample(void *user, std::uint64_t iteration, std::size_t n, float *x, float *targets) noexcept {
        bool more = true;
        const int failed =
            relay(user, [&](Calls &calls) { return more = calls.sampler(iteration, n, x, targets), false; });
        return failed != 0 || more ? failed : SAPE_SAMPLER_END;
    }
    static int add_up(void *user, sape_dtype dtype, std::size_t count, void *values) noexcept {
        return relay(user, [&](Calls &calls) { return calls.reduce(dtype, count, values), false; });
    }

    void finish(sape_status status) {
        if (calls_->thrown) {
            std::exception_ptr thrown;
            std::swap(thrown, calls_->thrown);
            std::rethrow_exception(thrown);
        }
        check(status);
    }
    std::size_t domain_dim() const {
        return sape_encoder_domain_dim(sape_field_encoder(field_));
    }
    std::size_t output_dim() const {
        return sape_network_output_dim(sape_field_network(field_));
    }

    sape_field *field_;
    std::unique_ptr<Calls> calls_;
    Floats x_, targets_, weights_, points_;
    Handle<sape_trainer, sape_trainer_free> handle_;
};

} // namespace sape

#endif
