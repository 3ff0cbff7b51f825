// SPDX-License-Identifier: MIT
// Part of sape.hpp: several fields as one.
#ifndef SAPE_CPP_ENSEMBLE_HPP
#define SAPE_CPP_ENSEMBLE_HPP

#include "field.hpp"

namespace sape {

/// Fields that were fitted to the same samples from different seeds; their mean is better between the samples.
class Ensemble {
  public:
    explicit Ensemble(std::vector<Field> fields) : fields_(std::move(fields)) {
    }

    /// Loads the file of an ensemble, field or trainer.
    static Ensemble load(const std::string &path) {
        Room room;
        check(sape_ensemble_load(path.c_str(), SAPE_MAX_FIELDS, room.fields, &room.count));
        return room.take();
    }
    /// Makes the fields of a checkpoint, that of an ensemble, field or trainer.
    static Ensemble from_checkpoint(const Checkpoint &checkpoint) {
        Room room;
        check(sape_ensemble_from_checkpoint(checkpoint.get(), SAPE_MAX_FIELDS, room.fields, &room.count));
        return room.take();
    }
    /// Saves all fields as one file.
    void save(const std::string &path) const {
        check(sape_ensemble_save(size(), handles().data(), path.c_str()));
    }
    Checkpoint checkpoint() const {
        sape_safetensors *made = nullptr;
        check(sape_ensemble_checkpoint(size(), handles().data(), &made));
        return Checkpoint(made);
    }

    std::size_t size() const noexcept {
        return fields_.size();
    }
    const std::vector<Field> &fields() const noexcept {
        return fields_;
    }

    /// The mean outputs (n, o) at the coordinates x (n, d).
    Floats predict(const Floats &x) const {
        const std::size_t n = first().rows(x);
        Floats outputs(n * first().output_dim());
        check(sape_ensemble_predict(size(), handles().data(), n, x.data(), outputs.data()));
        return outputs;
    }
    /// The mean outputs on a regular grid of size (d) points from low to high (d); the last coordinate varies fastest.
    Floats predict_grid(const std::vector<std::size_t> &size, const Floats &low, const Floats &high) const {
        Floats outputs(first().grid_outputs(size, low, high));
        check(sape_ensemble_predict_grid(fields_.size(), handles().data(), size.data(), low.data(), high.data(),
                                         outputs.data()));
        return outputs;
    }
    /// The derivatives (n, o, d) of the mean outputs with respect to x.
    Floats jacobian(const Floats &x) const {
        const std::size_t n = first().rows(x);
        Floats derivatives(x.size() * first().output_dim());
        check(sape_ensemble_jacobian(size(), handles().data(), n, x.data(), nullptr, derivatives.data()));
        return derivatives;
    }

  private:
    /// Where a call of C puts the fields that it makes.
    struct Room {
        Room() : fields(), count(0) {
        }
        Ensemble take() {
            std::vector<Field> all;
            for (std::size_t i = 0; i < count; i++) all.emplace_back(fields[i]);
            return Ensemble(std::move(all));
        }
        sape_field *fields[SAPE_MAX_FIELDS];
        std::size_t count;
    };

    const Field &first() const {
        if (fields_.empty()) throw std::invalid_argument("an ensemble has no fields");
        return fields_[0];
    }
    std::vector<sape_field *> handles() const {
        std::vector<sape_field *> all;
        for (const Field &field : fields_) all.push_back(field.get());
        return all;
    }

    std::vector<Field> fields_;
};

} // namespace sape

#endif
