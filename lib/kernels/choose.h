/* SPDX-License-Identifier: MIT */
/* The kernels that a handle uses: those the caller asks for, else the environment, else the processor's best. */
#ifndef SAPE_KERNELS_CHOOSE_H
#define SAPE_KERNELS_CHOOSE_H

#include "kernels/kernels.h"

sape_status sape_kernels_choose(sape_instruction_set instructions, const struct sape_kernels **kernels);

#endif
