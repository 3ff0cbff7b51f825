/* SPDX-License-Identifier: MIT */
/* What samples say, before and after their coordinates are scaled. */
#include "settings/settings.h"

sape_status sape_facts_find(const sape_settings_query *query, const float *x, struct sape_facts *facts) {
    *facts = (struct sape_facts){.bandwidth = {.struct_size = sizeof facts->bandwidth}};
    SAPE_TRY(
        sape_bandwidth_propose(query->n, query->domain_dim, x, query->output_dim, query->targets, &facts->bandwidth));
    facts->lattice = sape_lattice_find(query->n, query->domain_dim, x);
    return sape_neighbours_find(query->n, query->domain_dim, x, query->output_dim, query->targets, &facts->neighbours);
}
