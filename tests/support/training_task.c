/* SPDX-License-Identifier: MIT */
#include "training_task.h"

#include <stdlib.h>

struct task make_task(struct task_options o) {
    struct task task = {.n = o.n};
    const size_t d = o.policy == SAPE_POLICY_SPATIAL_FIXED ? 1 : 2;
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_trainer_params trainer;
    sape_optimizer_params optimizer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&trainer, sizeof trainer);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    task.x = new_random_array(1, o.n * d, -1.0f, 1.0f);
    task.targets = new_random_array(2, o.n * TASK_OUTPUTS, 0.0f, 1.0f);
    encoder.domain_dim = d;
    encoder.num_frequencies = 60;
    mask.policy = o.policy;
    mask.resolution = 7;
    mask.num_blocks = 8;
    mask.block_iterations = 3;
    mask.epsilon = 0.09;
    mask.samples = o.policy == SAPE_POLICY_SPATIAL_FIXED ? task.x : NULL;
    mask.num_samples = o.n;
    network.hidden_dim = 70;
    network.output_dim = TASK_OUTPUTS;
    trainer.loss = o.loss == NULL ? SAPE_LOSS_MSE : SAPE_LOSS_CUSTOM;
    trainer.loss_fn = o.loss;
    trainer.loss_user = o.user;
    trainer.batch_size = o.batch;
    trainer.num_threads = o.threads;
    trainer.seed = o.seed;
    optimizer.kind = o.optimizer;
    if (o.rate > 0.0) optimizer.learning_rate = o.rate;
    optimizer.weight_decay = o.weight_decay;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &task.field));
    CHECK_OK(sape_trainer_create(&trainer, &optimizer, task.field, &task.trainer));
    CHECK_OK(sape_trainer_set_data(task.trainer, o.n, task.x, task.targets));
    task.count = sape_network_num_parameters(sape_field_network(task.field));
    return task;
}

void free_task(struct task *task) {
    sape_trainer_free(task->trainer);
    sape_field_free(task->field);
    free(task->x);
    free(task->targets);
}

float *task_parameters(const struct task *task) {
    float *parameters = new_array(task->count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(task->field), parameters, task->count));
    return parameters;
}

float *trained(struct task_options o, uint64_t steps) {
    struct task task = make_task(o);
    CHECK_OK(sape_trainer_run(task.trainer, steps, NULL, NULL, NULL));
    float *parameters = task_parameters(&task);
    free_task(&task);
    return parameters;
}

size_t count_parameters(struct task_options o) {
    struct task task = make_task(o);
    const size_t count = task.count;
    free_task(&task);
    return count;
}
