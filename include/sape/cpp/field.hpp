// SPDX-License-Identifier: MIT
// Part of sape.hpp: checkpoints and fields.
#ifndef SAPE_CPP_FIELD_HPP
#define SAPE_CPP_FIELD_HPP

#include "parts.hpp"

namespace sape {

/// The contents of a safetensors file.
class Checkpoint {
  public:
    /// Takes over a handle that a call of C has made.
    explicit Checkpoint(sape_safetensors *made) : handle_(made) {
    }

    static Checkpoint open(const std::string &path) {
        sape_safetensors *made = nullptr;
        check(sape_safetensors_open(path.c_str(), &made));
        return Checkpoint(made);
    }
    static Checkpoint parse(const void *bytes, std::size_t size) {
        sape_safetensors *made = nullptr;
        check(sape_safetensors_parse(bytes, size, &made));
        return Checkpoint(made);
    }

    void save(const std::string &path) const {
        check(sape_safetensors_save(get(), path.c_str()));
    }
    /// The whole file.
    std::string bytes() const {
        std::size_t size = 0;
        const void *all = sape_safetensors_bytes(get(), &size);
        return all == nullptr ? std::string() : std::string(static_cast<const char *>(all), size);
    }
    std::vector<sape_tensor_info> tensors() const {
        std::vector<sape_tensor_info> all(sape_safetensors_count(get()), sized<sape_tensor_info>());
        for (std::size_t i = 0; i < all.size(); i++) check(sape_safetensors_info(get(), i, &all[i]));
        return all;
    }
    Floats read(const std::string &name) const {
        sape_tensor_info info = sized<sape_tensor_info>();
        check(sape_safetensors_find(get(), name.c_str(), &info));
        Floats values(info.count);
        check(sape_safetensors_read(get(), name.c_str(), values.data(), values.size()));
        return values;
    }
    /// A metadata entry; empty if there is none.
    std::string metadata(const std::string &key) const {
        const char *text = sape_safetensors_metadata(get(), key.c_str());
        return text == nullptr ? std::string() : std::string(text);
    }
    /// A copy with your own metadata entries.
    Checkpoint annotate(const std::vector<std::pair<std::string, std::string>> &entries) const {
        std::vector<const char *> keys, values;
        for (const auto &entry : entries) {
            keys.push_back(entry.first.c_str());
            values.push_back(entry.second.c_str());
        }
        sape_safetensors *made = nullptr;
        check(sape_safetensors_annotate(get(), entries.size(), keys.data(), values.data(), &made));
        return Checkpoint(made);
    }

    /// One checkpoint of several, each of a field or trainer.
    static Checkpoint join(const std::vector<Checkpoint> &checkpoints) {
        std::vector<sape_safetensors *> handles;
        for (const Checkpoint &checkpoint : checkpoints) handles.push_back(checkpoint.get());
        sape_safetensors *made = nullptr;
        check(sape_ensemble_join(handles.size(), handles.data(), &made));
        return Checkpoint(made);
    }
    /// The number of fields that it is of.
    std::size_t num_fields() const {
        std::size_t count = 0;
        check(sape_ensemble_count(get(), &count));
        return count;
    }
    /// The checkpoint of one of them.
    Checkpoint member(std::size_t index) const {
        sape_safetensors *made = nullptr;
        check(sape_ensemble_member(get(), index, &made));
        return Checkpoint(made);
    }

    sape_safetensors *get() const noexcept {
        return handle_.get();
    }

  private:
    Handle<sape_safetensors, sape_safetensors_free> handle_;
};

/// The centre and scale of a field's coordinates (d), and the mean and scale of its targets (o); empty for 0 and 1.
struct Normalization {
    std::vector<double> center, scale, target_mean, target_scale;
};

/// A function from coordinates to outputs.
class Field {
  public:
    using Named = Tensors<sape_field, sape_field_tensor_info, sape_field_tensor_count, sape_field_get_tensor,
                          sape_field_set_tensor>;

    explicit Field(const EncoderParams &encoder = {}, const MaskParams &mask = {}, const NetworkParams &network = {}) {
        sape_field *made = nullptr;
        check(sape_field_create(&encoder, &mask, &network, &made));
        handle_.reset(made);
    }
    /// Takes over a handle that a call of C has made.
    explicit Field(sape_field *made) : handle_(made) {
    }

    static Field load(const std::string &path) {
        sape_field *made = nullptr;
        check(sape_field_load(path.c_str(), &made));
        return Field(made);
    }
    static Field from_checkpoint(const Checkpoint &checkpoint) {
        sape_field *made = nullptr;
        check(sape_field_from_checkpoint(checkpoint.get(), &made));
        return Field(made);
    }
    void save(const std::string &path) const {
        check(sape_field_save(get(), path.c_str()));
    }
    Checkpoint checkpoint() const {
        sape_safetensors *made = nullptr;
        check(sape_field_checkpoint(get(), &made));
        return Checkpoint(made);
    }
    void restore(const Checkpoint &checkpoint) {
        check(sape_field_restore(get(), checkpoint.get()));
    }

    /// The field then takes and gives the caller's units.
    void set_normalization(const Normalization &units) {
        const std::size_t d = domain_dim(), o = output_dim();
        check(sape_field_set_normalization(get(), scales("center", units.center, d), scales("scale", units.scale, d),
                                           scales("target_mean", units.target_mean, o),
                                           scales("target_scale", units.target_scale, o)));
    }
    /// Coordinates x (n, d) come to lie in [-1, 1]; targets (n, o; may be empty) get mean 0 and standard deviation 1.
    void fit_normalization(const Floats &x, const Floats &targets = {}) {
        const std::size_t n = rows(x);
        if (!targets.empty()) expect("targets", targets.size(), n * output_dim());
        check(sape_field_fit_normalization(get(), n, x.data(), targets.empty() ? nullptr : targets.data()));
    }
    Normalization normalization() const {
        const std::size_t d = domain_dim(), o = output_dim();
        Normalization all = {std::vector<double>(d), std::vector<double>(d), std::vector<double>(o),
                             std::vector<double>(o)};
        check(sape_field_get_normalization(get(), all.center.data(), all.scale.data(), all.target_mean.data(),
                                           all.target_scale.data()));
        return all;
    }

    /// The parameters that the parts have.
    EncoderParams encoder_params() const {
        EncoderParams params;
        check(sape_encoder_get_params(sape_field_encoder(get()), &params));
        return params;
    }
    MaskParams mask_params() const {
        MaskParams params;
        check(sape_mask_get_params(sape_field_mask(get()), &params));
        return params;
    }
    NetworkParams network_params() const {
        NetworkParams params;
        check(sape_network_get_params(sape_field_network(get()), &params));
        return params;
    }

    /// The parts, which end with the field.
    Encoder encoder() const {
        return Encoder(sape_field_encoder(get()));
    }
    Mask mask() const {
        return Mask(sape_field_mask(get()));
    }
    Network network() const {
        return Network(sape_field_network(get()));
    }
    Named tensors() const {
        return Named(get());
    }

    std::size_t domain_dim() const {
        return sape_encoder_domain_dim(sape_field_encoder(get()));
    }
    std::size_t output_dim() const {
        return sape_network_output_dim(sape_field_network(get()));
    }
    std::size_t num_parameters() const {
        return sape_field_num_parameters(get());
    }
    /// Threads of a call, 0 for one per processor.
    void set_num_threads(std::size_t num_threads) {
        check(sape_field_set_num_threads(get(), num_threads));
    }
    sape_description describe() const {
        sape_description description = sized<sape_description>();
        check(sape_field_describe(get(), &description));
        return description;
    }

    /// Outputs (n, o) at the coordinates x (n, d).
    Floats predict(const Floats &x) const {
        Floats outputs(rows(x) * output_dim());
        check(sape_field_predict(get(), rows(x), x.data(), outputs.data()));
        return outputs;
    }
    /// The same with options, whose arrays are the caller's.
    Floats predict(const Floats &x, const sape_predict_options &options) const {
        Floats outputs(rows(x) * output_dim());
        check(sape_field_predict_with(get(), &options, rows(x), x.data(), outputs.data()));
        return outputs;
    }
    /// Outputs on a regular grid of size (d) points from low to high (d); the last coordinate varies fastest.
    Floats predict_grid(const std::vector<std::size_t> &size, const Floats &low, const Floats &high) const {
        Floats outputs(grid_outputs(size, low, high));
        check(sape_field_predict_grid(get(), size.data(), low.data(), high.data(), outputs.data()));
        return outputs;
    }

    /// The gradients with respect to the parameters and, if asked for, x, given that of the outputs (n, o).
    Floats backward(const Floats &x, const Floats &d_outputs, Floats *d_x = nullptr) const {
        expect("d_outputs", d_outputs.size(), rows(x) * output_dim());
        Floats d_parameters(num_parameters());
        if (d_x != nullptr) d_x->resize(x.size());
        check(sape_field_backward(get(), rows(x), x.data(), d_outputs.data(), d_parameters.data(),
                                  d_x == nullptr ? nullptr : d_x->data()));
        return d_parameters;
    }
    /// The norms (n) of the gradients of each sample alone.
    Floats gradient_norms(const Floats &x, const Floats &d_outputs) const {
        expect("d_outputs", d_outputs.size(), rows(x) * output_dim());
        Floats norms(rows(x));
        check(sape_field_gradient_norms(get(), rows(x), x.data(), d_outputs.data(), norms.data()));
        return norms;
    }
    /// The derivatives (n, o, d) of the outputs with respect to x.
    Floats jacobian(const Floats &x) const {
        Floats derivatives(x.size() * output_dim());
        check(sape_field_jacobian(get(), rows(x), x.data(), nullptr, derivatives.data()));
        return derivatives;
    }
    /// The gradient with respect to the parameters, given those of outputs (n, o; empty for none) and derivatives.
    Floats jacobian_backward(const Floats &x, const Floats &d_outputs, const Floats &d_jacobian) const {
        if (!d_outputs.empty()) expect("d_outputs", d_outputs.size(), rows(x) * output_dim());
        expect("d_jacobian", d_jacobian.size(), x.size() * output_dim());
        Floats d_parameters(num_parameters());
        check(sape_field_jacobian_backward(get(), rows(x), x.data(), d_outputs.empty() ? nullptr : d_outputs.data(),
                                           d_jacobian.data(), d_parameters.data()));
        return d_parameters;
    }
    /// A step of an optimizer on the parameters.
    void update(Optimizer &optimizer, const Floats &d_parameters) {
        expect("d_parameters", d_parameters.size(), num_parameters());
        check(sape_field_update(get(), optimizer.get(), d_parameters.data()));
    }

    /// The number of outputs on a grid, whose arguments must have the field's dimension.
    std::size_t grid_outputs(const std::vector<std::size_t> &size, const Floats &low, const Floats &high) const {
        expect("size", size.size(), domain_dim());
        expect("low", low.size(), domain_dim());
        expect("high", high.size(), domain_dim());
        std::size_t count = output_dim();
        for (std::size_t points : size) count *= points;
        return count;
    }

    /// The number of coordinates in x.
    std::size_t rows(const Floats &x) const {
        return sape::rows("x", x, domain_dim());
    }

    sape_field *get() const noexcept {
        return handle_.get();
    }

  private:
    /// NULL for an empty vector.
    static const double *scales(const char *name, const std::vector<double> &values, std::size_t wanted) {
        if (values.empty()) return nullptr;
        expect(name, values.size(), wanted);
        return values.data();
    }
    Handle<sape_field, sape_field_free> handle_;
};

} // namespace sape

#endif
