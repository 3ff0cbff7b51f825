/* SPDX-License-Identifier: MIT */
#include "rank_group.h"

#include <stdio.h>
#include <stdlib.h>

int sum_over_ranks(void *user, sape_dtype dtype, size_t count, void *values) {
    const struct rank *rank = user;
    struct group *group = rank->group;
    group->values[rank->index] = values;
    group->counts[rank->index] = count;
    pthread_barrier_wait(&group->barrier);
    if (rank->index == 0) {
        group->calls++;
        if (dtype == SAPE_DTYPE_F32) group->floats += count;
        ck_assert_uint_le(count, sizeof group->sums / sizeof *group->sums);
        memset(group->sums, 0, count * sizeof *group->sums);
        for (size_t r = 0; r < group->num_ranks; r++) {
            ck_assert_uint_eq(group->counts[r], count);
            for (size_t i = 0; i < count; i++)
                group->sums[i] +=
                    dtype == SAPE_DTYPE_F32 ? (double)((float *)group->values[r])[i] : ((double *)group->values[r])[i];
        }
    }
    pthread_barrier_wait(&group->barrier);
    for (size_t i = 0; i < count; i++) {
        if (dtype == SAPE_DTYPE_F32)
            ((float *)values)[i] = (float)group->sums[i];
        else
            ((double *)values)[i] = group->sums[i];
    }
    pthread_barrier_wait(&group->barrier);
    return 0;
}

int own_mse(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
            float *d_outputs, float *sample_loss, double *loss) {
    struct rank *rank = user;
    (void)x;
    if (++rank->loss_calls == rank->fails_at) return 5;
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK;
}

static int stop_sometime(void *user, const sape_progress *progress) {
    const struct rank *rank = user;
    return progress->iteration == rank->stops_at;
}

sape_field *rank_field(const struct rank *rank) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 40;
    if (rank->grid) encoder.kind = SAPE_ENCODING_GRID;
    encoder.num_levels = 4;
    encoder.log2_table_size = 8;
    encoder.std = rank->encoder_std > 0.0 ? rank->encoder_std : 3.0;
    encoder.seed = network.seed = rank->seed;
    mask.policy = rank->policy;
    mask.resolution = 8;
    mask.num_blocks = 6;
    mask.block_iterations = 4;
    mask.epsilon = 0.05;
    mask.cutoff = rank->cutoff;
    network.hidden_dim = 40;
    network.output_dim = OUTPUTS;
    sape_field *field;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static int sample(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    const struct rank *rank = user;
    if (iteration == rank->ends_before) return SAPE_SAMPLER_END;
    memcpy(x, rank->x + 2 * (rank->begin + iteration), 2 * n * sizeof *x);
    memcpy(targets, rank->targets + OUTPUTS * (rank->begin + iteration), OUTPUTS * n * sizeof *targets);
    return 0;
}

sape_trainer *rank_trainer(struct rank *rank, sape_field *field) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    if (rank->loss != NULL) {
        params.loss = SAPE_LOSS_CUSTOM;
        params.loss_fn = rank->loss;
        params.loss_user = rank;
    }
    params.batch_size = rank->batch;
    params.num_threads = 1 + rank->index % 2;
    params.seed = rank->index;
    params.tolerance = rank->tolerance;
    params.average_decay = rank->average_decay;
    optimizer.clip_norm = rank->clip_norm;
    optimizer.kind = rank->optimizer;
    optimizer.learning_rate = rank->rate > 0.0 ? rank->rate : 1e-2;
    optimizer.weight_decay = rank->weight_decay;
    sape_trainer *trainer;
    CHECK_OK(sape_trainer_create(&params, &optimizer, field, &trainer));
    if (!rank->no_data)
        CHECK_OK(sape_trainer_set_data(trainer, rank->n, rank->x + 2 * rank->begin,
                                       rank->targets == NULL ? NULL : rank->targets + OUTPUTS * rank->begin));
    if (rank->weights != NULL) CHECK_OK(sape_trainer_set_weights(trainer, rank->n, rank->weights + rank->begin));
    if (rank->ends_before > 0) CHECK_OK(sape_trainer_set_sampler(trainer, 20, sample, rank));
    return trainer;
}

/* The network's, and behind them those of the encoder's tables. */
static void get_parameters(const sape_field *field, struct rank *rank) {
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    const sape_encoder *encoder = sape_field_encoder(field);
    rank->num_parameters = sape_field_num_parameters(field);
    rank->parameters = new_array(rank->num_parameters);
    CHECK_OK(sape_network_get_parameters(sape_field_network(field), rank->parameters, count));
    float *place = rank->parameters + count;
    for (size_t l = 0; rank->grid && l < sape_encoder_tensor_count(encoder); l++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_encoder_tensor_info(encoder, l, &info));
        CHECK_OK(sape_encoder_get_tensor(encoder, info.name, place, info.count));
        place += info.count;
    }
}

static void *work(void *user) {
    struct rank *rank = user;
    sape_field *field = rank_field(rank);
    sape_trainer *trainer = rank_trainer(rank, field);
    if (rank->group->num_ranks > 0) CHECK_OK(sape_trainer_set_reduce(trainer, sum_over_ranks, rank));
    /* A trainer takes its own samples for the signal; the ranks' masks need that of all. */
    if (rank->policy == SAPE_POLICY_VARIANCE && !rank->own_signal)
        CHECK_OK(sape_mask_set_signal(sape_field_mask(field), SAMPLES, rank->x, OUTPUTS, rank->targets));
    if (rank->resume != NULL) CHECK_OK(sape_trainer_resume(trainer, rank->resume));
    rank->result.struct_size = sizeof rank->result;
    rank->status =
        sape_trainer_run(trainer, rank->iterations, rank->stops_at > 0 ? stop_sometime : NULL, rank, &rank->result);
    snprintf(rank->message, sizeof rank->message, "%s", rank->status == SAPE_OK ? "" : sape_last_error());
    if (rank->save != NULL) CHECK_OK(sape_trainer_save(trainer, rank->save));
    get_parameters(field, rank);
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK_OK(sape_mask_get_state(sape_field_mask(field), &state));
    rank->cells = state.num_cells;
    if (rank->policy == SAPE_POLICY_GLOBAL || rank->policy == SAPE_POLICY_SPATIAL)
        CHECK_OK(sape_mask_get_tensor(sape_field_mask(field), "mask_stashed", rank->mask[0], state.num_cells));
    if (rank->policy == SAPE_POLICY_SPATIAL)
        CHECK_OK(sape_mask_get_tensor(sape_field_mask(field), "in_progress", rank->mask[1], state.num_cells));
    sape_trainer_free(trainer);
    sape_field_free(field);
    return NULL;
}

static float *all_x;
float *all_targets;

void make_rank_samples(void) {
    all_x = new_random_array(1, 2 * SAMPLES, -1.0f, 1.0f);
    all_targets = new_random_array(2, OUTPUTS * SAMPLES, -0.1f, 0.1f);
    for (size_t i = 0; i < SAMPLES; i++)
        if (all_x[2 * i] > 0.0f)
            for (size_t k = 0; k < OUTPUTS; k++) all_targets[OUTPUTS * i + k] *= 12.0f;
}

void free_rank_samples(void) {
    free(all_x);
    free(all_targets);
}

void share_out(struct rank *ranks, size_t num_ranks, const struct rank *like) {
    static const size_t ends[MAX_RANKS][MAX_RANKS] = {
        {SAMPLES}, {300, SAMPLES}, {17, 700, SAMPLES}, {100, 101, 800, SAMPLES}};
    for (size_t r = 0; r < num_ranks; r++) {
        ranks[r] = *like;
        ranks[r].index = r;
        ranks[r].begin = r == 0 ? 0 : ends[num_ranks - 1][r - 1];
        ranks[r].n = ends[num_ranks - 1][r] - ranks[r].begin;
        ranks[r].x = all_x;
        ranks[r].targets = all_targets;
    }
}

void run_group(struct group *group, struct rank *ranks, size_t num_ranks) {
    pthread_t threads[MAX_RANKS];
    group->num_ranks = num_ranks;
    group->calls = group->floats = 0;
    ck_assert_int_eq(pthread_barrier_init(&group->barrier, NULL, (unsigned)num_ranks), 0);
    for (size_t r = 0; r < num_ranks; r++) {
        ranks[r].group = group;
        ck_assert_int_eq(pthread_create(&threads[r], NULL, work, &ranks[r]), 0);
    }
    for (size_t r = 0; r < num_ranks; r++) ck_assert_int_eq(pthread_join(threads[r], NULL), 0);
    pthread_barrier_destroy(&group->barrier);
}

void run_alone(struct rank *rank, const struct rank *like) {
    static struct group none;
    share_out(rank, 1, like);
    rank->group = &none;
    work(rank);
}

void check_same_bits(const struct rank *a, const struct rank *b) {
    ck_assert_mem_eq(a->parameters, b->parameters, a->num_parameters * sizeof(float));
    ck_assert_mem_eq(a->mask, b->mask, sizeof a->mask);
    ck_assert_int_eq(a->status == SAPE_OK, b->status == SAPE_OK);
    ck_assert_uint_eq(a->result.iterations, b->result.iterations);
    ck_assert_int_eq(a->result.stop, b->result.stop);
}

void release_ranks(struct rank *ranks, size_t num_ranks) {
    for (size_t r = 0; r < num_ranks; r++) free(ranks[r].parameters);
}
