/* SPDX-License-Identifier: MIT */
/**
 * @file sape.h
 * libsape: neural fields with spatially-adaptive progressive encoding.
 *
 * The way of the data: coordinates -> encoder -> mask -> network -> loss -> back through the network -> optimizer ->
 * the mask's log. A field is encoder, mask and network in one; a trainer is the loop round a field. Each part can be
 * used alone.
 *
 * Parameter structs begin with their size, which their initialiser sets together with every default; so programs built
 * with older headers go on working. Sizes are size_t, arrays are row-major float32, shapes are given as (rows,
 * columns). The library has no global state; different handles may be used from different threads at once, and calls
 * that take a const handle may be made on one handle from several threads at once. Arrays that a call writes to overlap
 * no others that it is given, unless its comment says that they may. What calls leave alone of the process, and what
 * they do with the thread's floating-point environment and its cancellation, is in status.h.
 */
#ifndef SAPE_SAPE_H
#define SAPE_SAPE_H

#include "backend.h"
#include "bandwidth.h"
#include "checkpoint.h"
#include "encoder.h"
#include "field.h"
#include "filter.h"
#include "loss.h"
#include "mask.h"
#include "network.h"
#include "optimizer.h"
#include "safetensors.h"
#include "status.h"
#include "tensor.h"
#include "trainer.h"
#include "version.h"
#include "window.h"

#endif
