// SPDX-License-Identifier: MIT
// Part of sape.hpp: errors, parameters, vectors and settings.
#ifndef SAPE_CPP_BASE_HPP
#define SAPE_CPP_BASE_HPP

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
using AdaptiveRateParams = Defaults<sape_adaptive_rate_params, sape_adaptive_rate_params_init>;
using CutoffParams = Defaults<sape_cutoff_params, sape_cutoff_params_init>;
using WindowParams = Defaults<sape_window_params, sape_window_params_init>;
using FilterParams = Defaults<sape_filter_params, sape_filter_params_init>;
using SettingsQuery = Defaults<sape_settings_query, sape_settings_query_init>;

/// A handle with one owner.
template <class Type, void (*Free)(Type *)> struct Freed {
    void operator()(Type *handle) const noexcept {
        Free(handle);
    }
};
template <class Type, void (*Free)(Type *)> using Handle = std::unique_ptr<Type, Freed<Type, Free>>;

using Floats = std::vector<float>;

/// Throws std::invalid_argument unless a vector has the length that it must have.
inline void expect(const char *name, std::size_t size, std::size_t wanted) {
    if (size == wanted) return;
    throw std::invalid_argument("sape: " + std::string(name) + " has " + std::to_string(size) + " entries, must have " +
                                std::to_string(wanted));
}

/// The number of rows of a vector.
inline std::size_t rows(const char *name, const Floats &values, std::size_t width) {
    if (width != 0 && values.size() % width == 0) return values.size() / width;
    throw std::invalid_argument("sape: " + std::string(name) + " is not a whole number of rows of " +
                                std::to_string(width));
}

/// A struct that the library fills.
template <class Struct> Struct sized() {
    Struct made = Struct();
    made.struct_size = sizeof made;
    return made;
}

/// What the library computes with.
inline sape_description describe() {
    sape_description description = sized<sape_description>();
    check(sape_describe(&description));
    return description;
}

/// Settings proposed for a fit. Change the parameters as you like; keep the object until the field is made.
class Settings {
  public:
    explicit Settings(const SettingsQuery &query) {
        sape_settings *made = nullptr;
        check(sape_settings_propose(&query, &made));
        handle_.reset(made);
        check(sape_settings_get(made, &encoder, &mask, &network, &optimizer, &trainer));
        iterations = sape_settings_iterations(made);
        members = sape_settings_members(made);
        scale.resize(encoder.domain_dim);
        check(sape_settings_get_scale(made, scale.data()));
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
    /// Fields to fit, whose mean output is the best one.
    std::size_t members;
    /// The scales of the coordinates, for the field's normalization.
    std::vector<double> scale;

  private:
    Handle<sape_settings, sape_settings_free> handle_;
};

} // namespace sape

#endif
