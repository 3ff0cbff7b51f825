// SPDX-License-Identifier: MIT
// Part of sape.hpp: bandwidths, windows and filters.
#ifndef SAPE_CPP_SIGNAL_HPP
#define SAPE_CPP_SIGNAL_HPP

#include "base.hpp"

namespace sape {

/// Frequencies for samples: coordinates (n, d) with targets (n, o; empty for none).
inline sape_bandwidth propose_bandwidth(std::size_t domain_dim, const Floats &x, const Floats &targets = {}) {
    const std::size_t n = rows("x", x, domain_dim), o = n == 0 || targets.empty() ? 1 : targets.size() / n;
    if (!targets.empty()) expect("targets", targets.size(), n * o);
    sape_bandwidth proposal = sized<sape_bandwidth>();
    check(sape_bandwidth_propose(n, domain_dim, x.data(), o, targets.empty() ? nullptr : targets.data(), &proposal));
    return proposal;
}

/// The number of values of a grid of 1 to 3 axes.
inline std::size_t grid_values(std::size_t dim, const std::size_t *size, std::size_t channels) {
    for (std::size_t i = 0; i < dim && i < 3; i++) channels *= size[i];
    return channels;
}

/// The mean and the variance in the window around every cell.
inline std::pair<Floats, Floats> window_statistics(const WindowParams &params, const Floats &values) {
    expect("values", values.size(), grid_values(params.dim, params.size, params.channels));
    std::pair<Floats, Floats> statistics = {Floats(values.size()), Floats(values.size())};
    check(sape_window_statistics(&params, values.data(), statistics.first.data(), statistics.second.data()));
    return statistics;
}

/// Removes the waves above each cell's own cut-off.
inline Floats low_pass(const FilterParams &params, const Floats &values, const Floats &cutoff) {
    expect("values", values.size(), grid_values(params.dim, params.size, params.channels));
    expect("cutoff", cutoff.size(), grid_values(params.dim, params.size, 1));
    Floats filtered(values.size());
    check(sape_filter_apply(&params, values.data(), cutoff.data(), filtered.data()));
    return filtered;
}

} // namespace sape

#endif
