// SPDX-License-Identifier: MIT
/**
 * @file sape.hpp
 * Wraps the C interface for C++11 and later.
 *
 * Handles free themselves, failures are exceptions, and callbacks are any callable. The C headers describe every call,
 * with ranges and defaults; get() gives the handle for any other call. Arrays are vectors of floats, row by row:
 * coordinates (n, d), outputs (n, o). A vector of a wrong length throws std::invalid_argument, a call that fails throws
 * sape::Error, and what a callback throws reaches the caller.
 */
#ifndef SAPE_HPP
#define SAPE_HPP

#include "cpp/base.hpp"
#include "cpp/ensemble.hpp"
#include "cpp/field.hpp"
#include "cpp/parts.hpp"
#include "cpp/signal.hpp"
#include "cpp/trainer.hpp"

#endif
