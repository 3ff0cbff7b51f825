/* SPDX-License-Identifier: MIT */
#include "train/history.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "files/number_text.h"
#include "state/claims.h"

#define MAX_CAPACITY ((size_t)1 << 20)

static const char capacity_key[] = "sape.history.capacity";

sape_status sape_history_check_capacity(size_t capacity) {
    SAPE_REQUIRE(capacity <= MAX_CAPACITY && capacity % 2 == 0, "history is %zu, must be even and at most %zu",
                 capacity, MAX_CAPACITY);
    return SAPE_OK;
}

sape_status sape_history_open(size_t capacity, struct sape_history *history) {
    history->capacity = capacity;
    sape_history_begin(history);
    if (capacity == 0) return SAPE_OK;
    history->loss = SAPE_NEW_ARRAY(double, capacity);
    history->validation = SAPE_NEW_ARRAY(double, capacity);
    if (history->loss != NULL && history->validation != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for a history of %zu losses", capacity);
}

void sape_history_close(struct sape_history *history) {
    sape_release(history->loss);
    sape_release(history->validation);
}

/* No iteration in the entry under way. */
static void begin_entry(struct sape_history *history) {
    history->pending = 0;
    history->sum = 0.0;
    history->latest = (double)INFINITY;
}

void sape_history_begin(struct sape_history *history) {
    history->count = 0;
    history->stride = 1;
    history->first = 0;
    begin_entry(history);
}

/* Neighbours become one entry each. */
static void join_pairs(struct sape_history *history) {
    for (size_t i = 0; i < history->count / 2; i++) {
        const double later = history->validation[2 * i + 1];
        history->loss[i] = 0.5 * history->loss[2 * i] + 0.5 * history->loss[2 * i + 1];
        history->validation[i] = isinf(later) ? history->validation[2 * i] : later;
    }
    /* What is behind them is not read, but stored. */
    for (size_t i = history->count / 2; i < history->count; i++) history->loss[i] = history->validation[i] = 0.0;
    history->count /= 2;
    history->stride *= 2;
}

void sape_history_add(struct sape_history *history, uint64_t iteration, double loss, double validation) {
    if (history->capacity == 0) return;
    if (history->count == 0 && history->pending == 0) history->first = iteration - 1;
    if (history->count == history->capacity) join_pairs(history);
    history->sum += loss / (double)history->stride;
    if (!isinf(validation)) history->latest = validation;
    if (++history->pending < history->stride) return;
    history->loss[history->count] = history->sum;
    history->validation[history->count++] = history->latest;
    begin_entry(history);
}

size_t sape_history_count(const struct sape_history *history) {
    return history->count + (history->pending > 0 ? 1 : 0);
}

void sape_history_read(const struct sape_history *history, uint64_t *iterations, double *loss, double *validation) {
    for (size_t i = 0; i < sape_history_count(history); i++) {
        const bool whole = i < history->count;
        const uint64_t before = history->first + i * history->stride;
        if (iterations != NULL) iterations[i] = before + (whole ? history->stride : history->pending);
        if (loss != NULL)
            loss[i] = whole ? history->loss[i] : history->sum / (double)history->pending * (double)history->stride;
        const double held_out = whole ? history->validation[i] : history->latest;
        if (validation != NULL) validation[i] = isinf(held_out) ? (double)NAN : held_out;
    }
}

bool sape_history_stored(const struct sape_history *history, const sape_safetensors *file) {
    uint64_t capacity;
    const char *text = sape_safetensors_metadata(file, capacity_key);
    return text != NULL && sape_integer_from_text(text, &capacity) && capacity == history->capacity;
}

void sape_history_list_state(struct sape_history *history, struct sape_state *state) {
    const struct sape_entry all[] = {
        {capacity_key, SAPE_ENTRY_SIZE, SAPE_OWN_STATE, &history->capacity, NULL},
        {"sape.history.count", SAPE_ENTRY_SIZE, SAPE_OWN_STATE, &history->count, NULL},
        {"sape.history.stride", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &history->stride, NULL},
        {"sape.history.first", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &history->first, NULL},
        {"sape.history.pending", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &history->pending, NULL},
        {"sape.history.sum", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &history->sum, NULL},
        {"sape.history.latest", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &history->latest, NULL}};
    const struct sape_rows rows[] = {
        SAPE_ROWS("sape.history.loss", &sape_real_rows, SAPE_OWN_STATE, &history->loss, history->capacity),
        SAPE_ROWS("sape.history.validation", &sape_real_rows, SAPE_OWN_STATE, &history->validation, history->capacity)};
    sape_state_add(state, sizeof all / sizeof *all, all);
    sape_state_add_rows(state, sizeof rows / sizeof *rows, rows);
}

/* The iterations that the entries stand for, which may be any numbers yet. */
static double iterations_of(const struct sape_history *history) {
    return (double)history->first + (double)history->count * (double)history->stride + (double)history->pending;
}

sape_status sape_history_check_state(const struct sape_history *history, uint64_t num_steps) {
    bool finite = true;
    for (size_t i = 0; i < history->count && i < history->capacity; i++)
        finite = finite && isfinite(history->loss[i]) && !isnan(history->validation[i]);
    const struct sape_claim claims[] = {
        {"sape.history.count", history->count <= history->capacity},
        {"sape.history.stride", history->stride >= 1 && iterations_of(history) <= (double)num_steps},
        {"sape.history.pending", history->pending < history->stride},
        {"sape.history.sum", isfinite(history->sum) && (history->pending > 0 || history->sum == 0.0)},
        {"sape.history.latest", !isnan(history->latest)},
        {"sape.history.loss", finite}};
    return SAPE_CHECK_CLAIMS(claims);
}
