// SPDX-License-Identifier: MIT
// libsape for C++11 and later: handles that free themselves, failures as exceptions, progress as any callable.
//
// A thin layer to copy and extend: get() gives the handle for every call that this file lacks.
#ifndef SAPE_HPP
#define SAPE_HPP

#include <sape/sape.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sape {

/// A call that failed; what() is sape_last_error().
class Error : public std::runtime_error {
  public:
    explicit Error(sape_status status) : std::runtime_error(sape_last_error()), status_(status) {
    }
    sape_status status() const noexcept {
        return status_;
    }

  private:
    sape_status status_;
};

inline void check(sape_status status) {
    if (status != SAPE_OK) throw Error(status);
}

/// A parameter struct that starts with its defaults.
template <class Struct, void (*Init)(Struct *, std::size_t)> struct Defaults : Struct {
    Defaults() : Struct() {
        Init(this, sizeof(Struct));
    }
};
using EncoderParams = Defaults<sape_encoder_params, sape_encoder_params_init>;
using MaskParams = Defaults<sape_mask_params, sape_mask_params_init>;
using NetworkParams = Defaults<sape_network_params, sape_network_params_init>;
using OptimizerParams = Defaults<sape_optimizer_params, sape_optimizer_params_init>;
using TrainerParams = Defaults<sape_trainer_params, sape_trainer_params_init>;
using SettingsQuery = Defaults<sape_settings_query, sape_settings_query_init>;

/// A handle with one owner.
template <class Type, void (*Free)(Type *)> struct Freed {
    void operator()(Type *handle) const noexcept {
        Free(handle);
    }
};
template <class Type, void (*Free)(Type *)> using Handle = std::unique_ptr<Type, Freed<Type, Free>>;

/// Settings proposed for a fit. Change the parameters as you like; keep the object until the field is made.
class Settings {
  public:
    explicit Settings(const SettingsQuery &query) {
        sape_settings *made = nullptr;
        check(sape_settings_propose(&query, &made));
        handle_.reset(made);
        check(sape_settings_get(made, &encoder, &mask, &network, &optimizer, &trainer));
        iterations = sape_settings_iterations(made);
    }

    /// Every setting in words; the strings live as long as this object.
    std::vector<sape_setting> reasons() const {
        std::vector<sape_setting> all(sape_settings_count(get()), sape_setting());
        for (std::size_t i = 0; i < all.size(); i++) {
            all[i].struct_size = sizeof all[i];
            check(sape_settings_item(get(), i, &all[i]));
        }
        return all;
    }

    sape_settings *get() const noexcept {
        return handle_.get();
    }

    EncoderParams encoder;
    MaskParams mask;
    NetworkParams network;
    OptimizerParams optimizer;
    TrainerParams trainer;
    std::uint64_t iterations;

  private:
    Handle<sape_settings, sape_settings_free> handle_;
};

/// A function from coordinates to outputs.
class Field {
  public:
    explicit Field(const EncoderParams &encoder = {}, const MaskParams &mask = {}, const NetworkParams &network = {}) {
        sape_field *made = nullptr;
        check(sape_field_create(&encoder, &mask, &network, &made));
        handle_.reset(made);
    }

    static Field load(const std::string &path) {
        sape_field *made = nullptr;
        check(sape_field_load(path.c_str(), &made));
        return Field(made);
    }

    void save(const std::string &path) const {
        check(sape_field_save(get(), path.c_str()));
    }

    /// Outputs (n, output_dim) at the coordinates x (n, domain_dim).
    std::vector<float> predict(const std::vector<float> &x) const {
        std::vector<float> outputs(rows(x) * output_dim());
        check(sape_field_predict(get(), rows(x), x.data(), outputs.data()));
        return outputs;
    }

    std::size_t output_dim() const {
        return sape_network_output_dim(sape_field_network(get()));
    }

    /// The number of coordinates in x.
    std::size_t rows(const std::vector<float> &x) const {
        std::size_t dim = sape_encoder_domain_dim(sape_field_encoder(get()));
        if (dim == 0 || x.size() % dim != 0)
            throw std::invalid_argument("sape: x is not a whole number of coordinates");
        return x.size() / dim;
    }

    sape_field *get() const noexcept {
        return handle_.get();
    }

  private:
    explicit Field(sape_field *made) : handle_(made) {
    }
    Handle<sape_field, sape_field_free> handle_;
};

/// Called during a run. A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C,
/// C++, Python and Rust; until 0.2.0 this file had it the other way around. run() rethrows its exceptions.
using Progress = std::function<bool(const sape_progress &)>;

/// Trains a field, which must outlive it.
class Trainer {
  public:
    explicit Trainer(Field &field, const TrainerParams &params = {}, const OptimizerParams &optimizer = {})
        : field_(field.get()) {
        sape_trainer *made = nullptr;
        check(sape_trainer_create(&params, &optimizer, field_, &made));
        handle_.reset(made);
    }

    /// Sets the samples: coordinates x (n, domain_dim) and targets (n, output_dim). The trainer keeps them.
    void set_data(std::vector<float> x, std::vector<float> targets) {
        std::size_t n = x.size() / sape_encoder_domain_dim(sape_field_encoder(field_));
        if (targets.size() != n * sape_network_output_dim(sape_field_network(field_)))
            throw std::invalid_argument("sape: x and targets do not have the same number of samples");
        check(sape_trainer_set_data(get(), n, x.data(), targets.data()));
        x_ = std::move(x);
        targets_ = std::move(targets);
    }

    sape_result run(std::uint64_t num_iterations, const Progress &progress = nullptr) {
        Call call = {progress, nullptr};
        sape_result result = sape_result();
        result.struct_size = sizeof result;
        sape_status status = sape_trainer_run(get(), num_iterations, progress ? report : nullptr, &call, &result);
        if (call.thrown) std::rethrow_exception(call.thrown);
        check(status);
        return result;
    }

    sape_trainer *get() const noexcept {
        return handle_.get();
    }

  private:
    struct Call {
        const Progress &progress;
        std::exception_ptr thrown;
    };

    // No exception may pass through the library: store it here and end the run.
    static int report(void *user, const sape_progress *progress) noexcept {
        Call &call = *static_cast<Call *>(user);
        try {
            return call.progress(*progress) ? 1 : 0;
        } catch (...) {
            call.thrown = std::current_exception();
            return 1;
        }
    }

    sape_field *field_;
    std::vector<float> x_, targets_;
    Handle<sape_trainer, sape_trainer_free> handle_;
};

} // namespace sape

#endif
