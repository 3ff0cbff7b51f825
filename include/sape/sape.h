/* SPDX-License-Identifier: MIT */
/**
 * @file sape.h
 * Includes all of libsape: neural fields with spatially adaptive progressive encoding.
 *
 * Data flows in one direction: coordinates -> encoder -> mask -> network -> loss -> back through the network ->
 * optimizer -> the mask's log. A field joins an encoder, a mask and a network. A trainer is the training loop around a
 * field. Each part can be used on its own.
 *
 * Structs: parameter structs begin with their size. Their initialiser sets the size and every default, so programs
 * built with older headers keep working.
 *
 * Arrays: sizes are size_t, arrays are row-major float32, and shapes are given as (rows, columns). Arrays that a call
 * writes must not overlap its other arrays, unless its comment allows it.
 *
 * Threads: different handles may be used from different threads at once. Calls that take a const handle may be made on
 * one handle from several threads at once, but not while another call changes that handle.
 *
 * Global state: the library keeps none of its own, except for each thread's message (status.h). The CBLAS backend is
 * different, because a BLAS library's thread count is global to the process: libsape sets it to 1 while any call that
 * multiplies with CBLAS is running, and then restores it. The environment variable SAPE_BACKEND (backend.h) is read
 * whenever a handle is made.
 *
 * status.h describes what calls do about errors, the floating-point environment and cancellation.
 */
#ifndef SAPE_SAPE_H
#define SAPE_SAPE_H

#include "backend.h"
#include "bandwidth.h"
#include "checkpoint.h"
#include "encoder.h"
#include "ensemble.h"
#include "field.h"
#include "filter.h"
#include "loss.h"
#include "mask.h"
#include "network.h"
#include "optimizer.h"
#include "safetensors.h"
#include "settings.h"
#include "status.h"
#include "tensor.h"
#include "trainer.h"
#include "version.h"
#include "window.h"

#endif
