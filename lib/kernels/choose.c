/* SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#include "base/environment.h"
#include "base/error.h"

sape_status sape_kernels_choose(sape_instruction_set instructions, const struct sape_kernels **kernels) {
    if ((unsigned)instructions > SAPE_INSTRUCTIONS_NEON)
        return sape_fail(SAPE_ERROR_ARGUMENT, "instructions is %d, not a sape_instruction_set", (int)instructions);
    if (instructions == SAPE_INSTRUCTIONS_AUTO) {
        struct sape_wishes wishes;
        SAPE_TRY(sape_environment_read(&wishes));
        instructions = (sape_instruction_set)wishes.instructions;
    }
    *kernels = sape_kernels_find(instructions);
    if (*kernels != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_UNSUPPORTED, "instructions: this processor does not have %s",
                     sape_instruction_set_name(instructions));
}
