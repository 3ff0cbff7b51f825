/* SPDX-License-Identifier: MIT */
/* Spatial masks whose blocks grow: against a dense, naive mask, and against the global policy. */
#include <math.h>
#include <stdlib.h>

#include "naive_mask.h"
#include "support.h"

enum { BATCH = 30, NUM_PROBES = 12, PACE = 4 };

static const double EPSILON = 0.45;

/* Dimension, resolution, features, blocks. */
static const size_t cases[][4] = {{1, 12, 9, 0}, {1, 120, 21, 5}, {2, 7, 18, 6}, {2, 13, 22, 4}, {3, 5, 15, 3}};

static sape_mask *make(sape_policy policy, const size_t *c) {
    sape_mask_params params;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.policy = policy;
    params.gradual = policy == SAPE_POLICY_SPATIAL;
    params.domain_dim = c[0];
    params.resolution = c[1];
    params.encoding_dim = c[2];
    params.num_blocks = c[3];
    params.block_iterations = PACE;
    params.epsilon = policy == SAPE_POLICY_SPATIAL ? EPSILON : 0.0;
    CHECK_OK(sape_mask_create(&params, &mask));
    return mask;
}

/* A dense mask at its probes: when its present block was begun, and when it will be complete. */
struct ahead {
    struct naive_mask naive;
    size_t dim;
    float *probes;
    double *now, *next;
};

static void advance(struct ahead *ahead) {
    const size_t features = ahead->naive.features;
    memcpy(ahead->now, ahead->next, NUM_PROBES * features * sizeof *ahead->now);
    naive_mask_advance(&ahead->naive);
    for (size_t i = 0; i < NUM_PROBES; i++) {
        double x[3];
        for (size_t a = 0; a < ahead->dim; a++) x[a] = (double)ahead->probes[i * ahead->dim + a];
        naive_mask_weights(&ahead->naive, x, ahead->next + i * features);
    }
}

/* The first block to come is begun everywhere: all cells have a high loss. */
static void ahead_open(struct ahead *ahead, const size_t *c, size_t block) {
    *ahead = (struct ahead){.dim = c[0], .probes = new_random_array(7, NUM_PROBES * c[0], -1.2f, 1.2f)};
    naive_mask_init(&ahead->naive, c[0], c[1], c[2], block, EPSILON);
    ahead->now = calloc(NUM_PROBES * c[2], sizeof *ahead->now);
    ahead->next = calloc(NUM_PROBES * c[2], sizeof *ahead->next);
    for (size_t i = 0; i < NUM_PROBES; i++)
        for (size_t j = 0; j < block; j++) ahead->next[i * c[2] + j] = 1.0;
    for (size_t i = 0; i < ahead->naive.cells; i++) ahead->naive.log[i] = ahead->naive.counter[i] = 1.0;
    advance(ahead);
}

static void ahead_close(struct ahead *ahead) {
    naive_mask_free(&ahead->naive);
    free(ahead->probes);
    free(ahead->now);
    free(ahead->next);
}

static void expect_weights(const sape_mask *mask, const struct ahead *ahead, double ramp) {
    const size_t count = NUM_PROBES * ahead->naive.features;
    float *weights = new_array(count);
    CHECK_OK(sape_mask_weights(mask, NUM_PROBES, ahead->probes, weights));
    for (size_t j = 0; j < count; j++)
        ck_assert_double_eq_tol((double)weights[j], ahead->now[j] + ramp * (ahead->next[j] - ahead->now[j]), 3e-6);
    free(weights);
}

/* A block grows in the cells that were in progress when it was begun. */
START_TEST(blocks_grow_where_the_loss_is_high) {
    const size_t *c = cases[_i], d = c[0];
    sape_mask *mask = make(SAPE_POLICY_SPATIAL, c);
    sape_mask_state state = {.struct_size = sizeof state};
    struct ahead ahead;
    CHECK_OK(sape_mask_get_state(mask, &state));
    ahead_open(&ahead, c, state.block_size);
    for (uint64_t i = 1; i <= 10; i++) {
        float *x = new_random_array(i, BATCH * d, -1.0f, 1.0f), *loss = new_random_array(i + 50, BATCH, 0.0f, 1.0f);
        CHECK_OK(sape_mask_record(mask, BATCH, x, loss));
        for (size_t s = 0; s < BATCH; s++) {
            double place[3];
            for (size_t a = 0; a < d; a++) place[a] = (double)x[s * d + a];
            naive_mask_record(&ahead.naive, place, (double)loss[s]);
        }
        CHECK_OK(sape_mask_step(mask));
        if (i % PACE == 0) advance(&ahead);
        expect_weights(mask, &ahead, fmin(1.0, 2.0 * (double)(i % PACE) / PACE));
        free(x);
        free(loss);
    }
    CHECK_OK(sape_mask_get_state(mask, &state));
    ck_assert(state.cells_in_progress > 0 && state.cells_in_progress < state.num_cells);
    ahead_close(&ahead);
    sape_mask_free(mask);
}
END_TEST

/* Where the loss is high everywhere, nothing tells it from global. */
START_TEST(high_losses_make_it_global) {
    const size_t *c = cases[_i];
    sape_mask *mask = make(SAPE_POLICY_SPATIAL, c), *global = make(SAPE_POLICY_GLOBAL, c);
    float *x = new_random_array(5, BATCH * c[0], -1.0f, 1.0f), *loss = new_random_array(6, BATCH, 9.0f, 10.0f);
    float *weights = new_array(BATCH * c[2]), *expected = new_array(BATCH * c[2]);
    for (size_t i = 0; i < PACE * 9; i++) {
        CHECK_OK(sape_mask_weights(mask, BATCH, x, weights));
        CHECK_OK(sape_mask_weights(global, BATCH, x, expected));
        for (size_t j = 0; j < BATCH * c[2]; j++) ck_assert_float_eq_tol(weights[j], expected[j], 1e-6f);
        CHECK_OK(sape_mask_record(mask, BATCH, x, loss));
        CHECK_OK(sape_mask_record(global, BATCH, x, loss));
        CHECK_OK(sape_mask_step(mask));
        CHECK_OK(sape_mask_step(global));
    }
    ck_assert_float_eq(weights[c[2] - 1], 1.0f);
    free(x);
    free(loss);
    free(weights);
    free(expected);
    sape_mask_free(mask);
    sape_mask_free(global);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask_gradual");
    TCase *tests = tcase_create("gradual");
    tcase_add_loop_test(tests, blocks_grow_where_the_loss_is_high, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, high_losses_make_it_global, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
