// SPDX-License-Identifier: MIT
// Part of sape.hpp: encoders, masks, networks and optimizers.
#ifndef SAPE_CPP_PARTS_HPP
#define SAPE_CPP_PARTS_HPP

#include "base.hpp"

namespace sape {

/// What has named tensors: encoders, masks, networks and fields.
template <class Type, sape_status (*Info)(const Type *, std::size_t, sape_tensor_info *),
          std::size_t (*Count)(const Type *), sape_status (*Get)(const Type *, const char *, float *, std::size_t),
          sape_status (*Set)(Type *, const char *, const float *, std::size_t)>
class Tensors {
  public:
    explicit Tensors(Type *handle) : handle_(handle) {
    }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < Count(handle_); i++) all.push_back(info(i).name);
        return all;
    }

    Floats get(const std::string &name) const {
        Floats values(size(name));
        check(Get(handle_, name.c_str(), values.data(), values.size()));
        return values;
    }

    void set(const std::string &name, const Floats &values) {
        check(Set(handle_, name.c_str(), values.data(), values.size()));
    }

  private:
    sape_tensor_info info(std::size_t index) const {
        sape_tensor_info made = sized<sape_tensor_info>();
        check(Info(handle_, index, &made));
        return made;
    }

    std::size_t size(const std::string &name) const {
        for (std::size_t i = 0; i < Count(handle_); i++)
            if (info(i).name == name) return info(i).count;
        return 0; // and the library says that there is none
    }

    Type *handle_;
};

/// A handle that is its own, or a part of a field, which must outlive it then.
template <class Type, void (*Free)(Type *)> class Part {
  public:
    Type *get() const noexcept {
        return owned_ ? owned_.get() : borrowed_;
    }

  protected:
    Part() : borrowed_(nullptr) {
    }
    explicit Part(Type *borrowed) : borrowed_(borrowed) {
    }
    template <class Params> void create(sape_status (*made_by)(const Params *, Type **), const Params &params) {
        Type *made = nullptr;
        check(made_by(&params, &made));
        owned_.reset(made);
    }

  private:
    Handle<Type, Free> owned_;
    Type *borrowed_;
};

/// Turns coordinates into features.
class Encoder : public Part<sape_encoder, sape_encoder_free> {
  public:
    using Named = Tensors<sape_encoder, sape_encoder_tensor_info, sape_encoder_tensor_count, sape_encoder_get_tensor,
                          sape_encoder_set_tensor>;

    explicit Encoder(const EncoderParams &params) {
        create<sape_encoder_params>(sape_encoder_create, params);
    }
    /// A part of a field.
    explicit Encoder(sape_encoder *of_field) : Part(of_field) {
    }

    /// The settings that it was made with.
    EncoderParams params() const {
        EncoderParams made;
        check(sape_encoder_get_params(get(), &made));
        return made;
    }
    sape_encoding kind() const {
        return sape_encoder_kind(get());
    }
    std::size_t domain_dim() const {
        return sape_encoder_domain_dim(get());
    }
    std::size_t encoding_dim() const {
        return sape_encoder_encoding_dim(get());
    }
    std::size_t num_parameters() const {
        return sape_encoder_num_parameters(get());
    }
    Named tensors() const {
        return Named(get());
    }

    /// Features (n, E) of coordinates (n, d).
    Floats encode(const Floats &x) const {
        const std::size_t n = rows("x", x, domain_dim());
        Floats features(n * encoding_dim());
        check(sape_encoder_encode(get(), n, x.data(), features.data()));
        return features;
    }

    /// The gradient (n, d) with respect to x, given that of the features (n, E).
    Floats backward(const Floats &x, const Floats &d_features) const {
        const std::size_t n = rows("x", x, domain_dim());
        expect("d_features", d_features.size(), n * encoding_dim());
        Floats d_x(x.size());
        check(sape_encoder_backward(get(), n, x.data(), d_features.data(), d_x.data()));
        return d_x;
    }

    /// The gradient with respect to the trained features of a grid.
    Floats backward_parameters(const Floats &x, const Floats &d_features) const {
        const std::size_t n = rows("x", x, domain_dim());
        expect("d_features", d_features.size(), n * encoding_dim());
        Floats d_parameters(num_parameters());
        check(sape_encoder_backward_parameters(get(), n, x.data(), d_features.data(), d_parameters.data()));
        return d_parameters;
    }

    /// The frequencies (E) of the features, in cycles per unit of x.
    std::vector<double> frequencies() const {
        std::vector<double> all(encoding_dim());
        check(sape_encoder_frequencies(get(), all.data(), all.size()));
        return all;
    }
};

/// Which features are revealed where.
class Mask : public Part<sape_mask, sape_mask_free> {
  public:
    using Named =
        Tensors<sape_mask, sape_mask_tensor_info, sape_mask_tensor_count, sape_mask_get_tensor, sape_mask_set_tensor>;

    explicit Mask(const MaskParams &params) {
        create<sape_mask_params>(sape_mask_create, params);
    }
    /// A part of a field.
    explicit Mask(sape_mask *of_field) : Part(of_field) {
    }

    /// The settings that it was made with.
    MaskParams params() const {
        MaskParams made;
        check(sape_mask_get_params(get(), &made));
        return made;
    }
    sape_policy policy() const {
        return sape_mask_policy(get());
    }
    std::size_t domain_dim() const {
        return sape_mask_domain_dim(get());
    }
    std::size_t encoding_dim() const {
        return sape_mask_encoding_dim(get());
    }
    sape_mask_state state() const {
        sape_mask_state now = sized<sape_mask_state>();
        check(sape_mask_get_state(get(), &now));
        return now;
    }
    Named tensors() const {
        return Named(get());
    }

    /// Weights (n, E) of the features at coordinates (n, d).
    Floats weights(const Floats &x) const {
        const std::size_t n = rows("x", x, domain_dim());
        Floats all(n * encoding_dim());
        check(sape_mask_weights(get(), n, x.data(), all.data()));
        return all;
    }

    /// The revealed share (n) at coordinates (n, d).
    Floats revealed(const Floats &x) const {
        Floats share(rows("x", x, domain_dim()));
        check(sape_mask_revealed(get(), share.size(), x.data(), share.data()));
        return share;
    }

    /// Records losses (n) of samples at coordinates (n, d).
    void record(const Floats &x, const Floats &loss) {
        const std::size_t n = rows("x", x, domain_dim());
        expect("loss", loss.size(), n);
        check(sape_mask_record(get(), n, x.data(), loss.data()));
    }

    /// Ends an iteration.
    void step() {
        check(sape_mask_step(get()));
    }
    void advance() {
        check(sape_mask_advance(get()));
    }

    Floats smoothed_loss() const {
        Floats loss(state().num_cells);
        check(sape_mask_smoothed_loss(get(), loss.data(), loss.size()));
        return loss;
    }

    /// The signal of #SAPE_POLICY_VARIANCE: values (n, o) at coordinates (n, d).
    void set_signal(const Floats &x, const Floats &values) {
        const std::size_t n = rows("x", x, domain_dim()), o = n == 0 ? 1 : values.size() / n;
        expect("values", values.size(), n * o);
        check(sape_mask_set_signal(get(), n, x.data(), o, values.data()));
    }

    void set_domain(const Floats &center, const Floats &scale) {
        expect("center", center.size(), domain_dim());
        expect("scale", scale.size(), domain_dim());
        check(sape_mask_set_domain(get(), center.data(), scale.data()));
    }

    void fit_domain(const Floats &points) {
        check(sape_mask_fit_domain(get(), rows("points", points, domain_dim()), points.data()));
    }
};

/// A multilayer perceptron.
class Network : public Part<sape_network, sape_network_free> {
  public:
    using Named = Tensors<sape_network, sape_network_tensor_info, sape_network_tensor_count, sape_network_get_tensor,
                          sape_network_set_tensor>;

    explicit Network(const NetworkParams &params) {
        create<sape_network_params>(sape_network_create, params);
    }
    /// A part of a field.
    explicit Network(sape_network *of_field) : Part(of_field) {
    }

    /// The settings that it was made with.
    NetworkParams params() const {
        NetworkParams made;
        check(sape_network_get_params(get(), &made));
        return made;
    }
    std::size_t input_dim() const {
        return sape_network_input_dim(get());
    }
    std::size_t output_dim() const {
        return sape_network_output_dim(get());
    }
    std::size_t num_parameters() const {
        return sape_network_num_parameters(get());
    }
    Named tensors() const {
        return Named(get());
    }

    Floats parameters() const {
        Floats all(num_parameters());
        check(sape_network_get_parameters(get(), all.data(), all.size()));
        return all;
    }
    void set_parameters(const Floats &all) {
        check(sape_network_set_parameters(get(), all.data(), all.size()));
    }

    /// Outputs (n, o) for inputs (n, i).
    Floats forward(const Floats &inputs) const {
        const std::size_t n = rows("inputs", inputs, input_dim());
        Floats outputs(n * output_dim());
        check(sape_network_forward(get(), n, inputs.data(), outputs.data()));
        return outputs;
    }

    /// The gradients with respect to the parameters and, if asked for, the inputs, given that of the outputs.
    Floats backward(const Floats &inputs, const Floats &d_outputs, Floats *d_inputs = nullptr) const {
        const std::size_t n = rows("inputs", inputs, input_dim());
        expect("d_outputs", d_outputs.size(), n * output_dim());
        Floats d_parameters(num_parameters());
        if (d_inputs != nullptr) d_inputs->resize(inputs.size());
        check(sape_network_backward(get(), n, inputs.data(), d_outputs.data(), d_parameters.data(),
                                    d_inputs == nullptr ? nullptr : d_inputs->data()));
        return d_parameters;
    }
};

/// Updates parameters by their gradient.
class Optimizer {
  public:
    explicit Optimizer(std::size_t num_parameters, const OptimizerParams &params = {}) {
        sape_optimizer *made = nullptr;
        check(sape_optimizer_create(&params, num_parameters, &made));
        handle_.reset(made);
    }

    std::size_t num_parameters() const {
        return sape_optimizer_num_parameters(get());
    }
    /// The settings that it was made with.
    OptimizerParams params() const {
        OptimizerParams made;
        check(sape_optimizer_get_params(get(), &made));
        return made;
    }
    std::uint64_t num_steps() const {
        return sape_optimizer_num_steps(get());
    }
    double learning_rate() const {
        return sape_optimizer_learning_rate(get());
    }
    void set_learning_rate(double learning_rate) {
        check(sape_optimizer_set_learning_rate(get(), learning_rate));
    }
    void step(Floats &parameters, const Floats &gradient) {
        expect("parameters", parameters.size(), num_parameters());
        expect("gradient", gradient.size(), num_parameters());
        check(sape_optimizer_step(get(), parameters.data(), gradient.data()));
    }

    sape_optimizer *get() const noexcept {
        return handle_.get();
    }

  private:
    Handle<sape_optimizer, sape_optimizer_free> handle_;
};

} // namespace sape

#endif
