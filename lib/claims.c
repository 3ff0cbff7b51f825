/* SPDX-License-Identifier: MIT */
#include "claims.h"

#include "error.h"

sape_status sape_claims_check(const char *function, const struct sape_claim *claims, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!claims[i].holds)
            return sape_fail(SAPE_ERROR_FORMAT, function, "%s is out of range, or contradicts the rest of the state",
                             claims[i].name);
    return SAPE_OK;
}
