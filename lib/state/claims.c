/* SPDX-License-Identifier: MIT */
#include "state/claims.h"

#include "base/error.h"

sape_status sape_claims_check(const struct sape_claim *claims, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!claims[i].holds)
            return sape_fail(SAPE_ERROR_FORMAT, "%s is out of range, or contradicts the rest of the state",
                             claims[i].name);
    return SAPE_OK;
}
