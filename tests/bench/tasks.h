/* SPDX-License-Identifier: MIT */
/* The paper's tasks, and what the benchmarks share. */
#ifndef SAPE_BENCH_TASKS_H
#define SAPE_BENCH_TASKS_H

#include <sape/sape.h>

struct task {
    const char *name;
    size_t samples, domain_dim, output_dim, hidden_dim, num_layers, resolution;
    double std; /* 0 for grids */
    sape_loss loss;
    size_t num_frequencies; /* or levels, of two features each */
    sape_activation activation;
};

/* Ends the program with a message. */
_Noreturn void fail(const char *what, const char *why);
void check(sape_status status);

/* A number of the command line. */
double number(const char *name, const char *text, double low, double high);

const struct task *find_task(const char *name);

/* The task's field under a policy; the mask stays where it is put. progress is the share of blocks that are revealed in
   every cell, beside the first. */
sape_field *create_field(const struct task *task, sape_policy policy, double progress, sape_precision precision);

/* The precision of a name; ends the program when none has it. */
sape_precision find_precision(const char *name);

/* What the field computes with. */
sape_description describe(const sape_field *field);

/* Uniform values; end the program when there is no memory. */
float *random_array(size_t count, float low, float high);

/* Seconds; and those that this program, with all its threads, has had the processor. */
double now(void);
double processor_time(void);

/* Sorts. */
double median(double *values, size_t count);

/* The largest resident memory so far, MB. */
double peak_memory(void);

#endif
