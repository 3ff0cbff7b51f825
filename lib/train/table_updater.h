/* SPDX-License-Identifier: MIT */
/* The optimizer's step of an encoder's tables: of the rows that have a gradient, and of no others. */
#ifndef SAPE_LIB_TABLE_UPDATER_H
#define SAPE_LIB_TABLE_UPDATER_H

#include "field/tables.h"
#include "optimizer/optimizer.h"

/* The rows of a level that the last step has changed; whole: all of them, and rows is unused. */
struct sape_last_step {
    uint32_t *rows;
    size_t count;
    bool whole;
};

struct sape_table_updater {
    /* NULL where the encoder has no tables, and then there is nothing else. */
    sape_optimizer *optimizer;
    /* The tables before the last step, with which the loss was finite: whole ones, or only the rows that it has
       changed, one after the other from each level's own place on. */
    float *previous;
    bool whole;
    struct sape_last_step *last;
    size_t num_levels;
    /* The encoder's after the last step: rows are put back into tables that the caller has not set since. */
    uint64_t version;
};

/* To be closed also when it fails. */
sape_status sape_table_updater_open(const sape_optimizer_params *params, const struct sape_field *field,
                                    struct sape_table_updater *updater);
void sape_table_updater_close(struct sape_table_updater *updater);

/* Begins the step that the network's optimizer has begun. */
void sape_table_updater_begin(struct sape_table_updater *updater, const sape_optimizer *network_optimizer);
/* The parts of a step, of the finest level first. */
size_t sape_table_updater_num_parts(const struct sape_tables *tables);
/* One of them; false when it leaves something that is not finite. */
bool sape_table_updater_step(const struct sape_table_updater *updater, const struct sape_field *field,
                             const struct sape_tables *tables, size_t part);

/* Ends a step: what it has changed becomes what can be put back, and there is no gradient any more. */
void sape_table_updater_end(struct sape_table_updater *updater, struct sape_field *field, struct sape_tables *tables);
/* Takes a step back as a whole. */
void sape_table_updater_take_back(struct sape_table_updater *updater, struct sape_field *field,
                                  struct sape_tables *tables);

/* The tables become those before the last step. */
void sape_table_updater_put_back(struct sape_table_updater *updater, struct sape_field *field);

/* Makes previous whole tables: before it is written, or before the tables become others. */
void sape_table_updater_unpack(struct sape_table_updater *updater, const struct sape_field *field);

/* The state, beside that of the network's updater; previous must be whole for it. */
void sape_table_updater_list_state(struct sape_table_updater *updater, const struct sape_field *field,
                                   bool has_previous, struct sape_state *state);

#endif
