/* SPDX-License-Identifier: MIT */
/* What must hold between the members of a state, as a list: each claim has the name that checkpoints give the member.
 */
#ifndef SAPE_LIB_CLAIMS_H
#define SAPE_LIB_CLAIMS_H

#include <sape/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest count of iterations: more cannot have been counted, and a double is exact up to here. */
#define SAPE_MAX_COUNT (UINT64_C(1) << 53)

struct sape_claim {
    const char *name;
    bool holds;
};

/* SAPE_ERROR_FORMAT names the first that does not hold. */
sape_status sape_claims_check(const struct sape_claim *claims, size_t count);

#define SAPE_CHECK_CLAIMS(claims) sape_claims_check(claims, sizeof(claims) / sizeof *(claims))

#endif
