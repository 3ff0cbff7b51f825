/* SPDX-License-Identifier: MIT */
/* The locally adaptive learning rate in checkpoints. */
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "memory.h"
#include "metadata.h"
#include "rate.h"
#include "trainer.h"

#define NUM_SETTINGS 6
#define NUM_ENTRIES 7
#define NUM_ROWS 4

static const char on_key[] = "sape.rate.alpha_min";
static const char *const row_names[NUM_ROWS] = {"sape.rate.sigma", "sape.rate.gradient", "sape.rate.log",
                                                "sape.rate.counter"};

/* The settings, which must be the same, first. */
static void list_entries(struct sape_rate *rate, struct sape_entry entries[NUM_ENTRIES]) {
    sape_adaptive_rate_params *p = &rate->params;
    const struct sape_entry all[NUM_ENTRIES] = {{on_key, SAPE_ENTRY_REAL, &p->alpha_min, NULL},
                                                {"sape.rate.alpha_max", SAPE_ENTRY_REAL, &p->alpha_max, NULL},
                                                {"sape.rate.gamma", SAPE_ENTRY_REAL, &p->gamma, NULL},
                                                {"sape.rate.eta", SAPE_ENTRY_REAL, &p->eta, NULL},
                                                {"sape.rate.delta", SAPE_ENTRY_REAL, &p->delta, NULL},
                                                {"sape.rate.cells", SAPE_ENTRY_SIZE, &rate->grid.cells, NULL},
                                                {"sape.rate.batches", SAPE_ENTRY_INTEGER, &rate->batches, NULL}};
    memcpy(entries, all, sizeof all);
}

static void list_rows(struct sape_rate *rate, float *rows[NUM_ROWS]) {
    rows[0] = rate->sigma;
    rows[1] = rate->gradient;
    rows[2] = rate->log;
    rows[3] = rate->counter;
}

sape_status sape_checkpoint_add_rate(const char *function, const sape_trainer *trainer,
                                     sape_safetensors_writer *writer) {
    if (trainer->rate == NULL) return SAPE_OK;
    struct sape_rate rate = *trainer->rate;
    struct sape_entry entries[NUM_ENTRIES];
    float *rows[NUM_ROWS];
    list_entries(&rate, entries);
    list_rows(&rate, rows);
    SAPE_TRY(sape_entries_write(writer, entries, NUM_ENTRIES));
    for (size_t i = 0; i < NUM_ROWS; i++) {
        float *copy = sape_checkpoint_add_floats(writer, row_names[i], rate.grid.cells);
        if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %s", row_names[i]);
        memcpy(copy, rows[i], rate.grid.cells * sizeof *copy);
    }
    return SAPE_OK;
}

sape_status sape_checkpoint_read_rate(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                                      struct sape_checkpoint_rate *incoming) {
    const bool stored = sape_safetensors_metadata(file, on_key) != NULL;
    if (stored != (trainer->rate != NULL))
        return sape_fail(SAPE_ERROR_ARGUMENT, function,
                         "the adaptive rate is %s, but the checkpoint is of a training %s one",
                         trainer->rate != NULL ? "on" : "off", stored ? "with" : "without");
    if (!stored) return SAPE_OK;
    struct sape_rate rate = *trainer->rate;
    struct sape_entry entries[NUM_ENTRIES];
    const size_t cells = rate.grid.cells;
    list_entries(&rate, entries);
    SAPE_TRY(sape_entries_match(function, file, entries, NUM_SETTINGS));
    SAPE_TRY(sape_entries_read(function, file, entries, NUM_ENTRIES));
    incoming->batches = rate.batches;
    incoming->rows = SAPE_NEW_ARRAY(float, NUM_ROWS *cells);
    if (incoming->rows == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu cells", cells);
    for (size_t i = 0; i < NUM_ROWS; i++)
        SAPE_TRY(sape_checkpoint_read_row(function, file, row_names[i], incoming->rows + i * cells, cells));
    return SAPE_OK;
}

void sape_checkpoint_show_rate(const struct sape_checkpoint_rate *incoming, struct sape_rate *rate) {
    const size_t cells = rate->grid.cells;
    rate->sigma = incoming->rows;
    rate->gradient = incoming->rows + cells;
    rate->log = incoming->rows + 2 * cells;
    rate->counter = incoming->rows + 3 * cells;
    rate->batches = incoming->batches;
}

void sape_checkpoint_take_rate(sape_trainer *trainer, const struct sape_checkpoint_rate *incoming) {
    struct sape_rate *rate = trainer->rate;
    float *rows[NUM_ROWS];
    if (rate == NULL) return;
    list_rows(rate, rows);
    for (size_t i = 0; i < NUM_ROWS; i++)
        memcpy(rows[i], incoming->rows + i * rate->grid.cells, rate->grid.cells * sizeof(float));
    rate->batches = incoming->batches;
    sape_rate_update(rate);
}
