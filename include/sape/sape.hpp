// SPDX-License-Identifier: MIT
// libsape for C++11 and later: handles that free themselves, failures as exceptions, progress as any callable.
//
// A thin layer over sape.h, whose headers say what every call does, with ranges and defaults; get() gives the handle
// for any other call. Arrays are vectors of floats, row by row: coordinates (n, d), outputs (n, o). A vector of a wrong
// length throws std::invalid_argument, a call that fails sape::Error, and what a callback throws reaches the caller.
#ifndef SAPE_HPP
#define SAPE_HPP

#include "cpp/base.hpp"
#include "cpp/field.hpp"
#include "cpp/parts.hpp"
#include "cpp/signal.hpp"
#include "cpp/trainer.hpp"

#endif
