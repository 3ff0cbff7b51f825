/* SPDX-License-Identifier: MIT */
/* How fits of signals with known spectra converge, policy by policy: tables and plots. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "picture/picture.h"
#include "task/field_set.h"
#include "task/fit_settings.h"
#include "task/random.h"
#include "task/study_plot.h"
#include "task/study_signals.h"

#define SAMPLES_1D 64
#define SAMPLES_2D 400
#define DENSE_1D 512
#define DENSE_2D 32
#define RESOLUTION 16
#define LEARNING_RATE 2e-3
#define SIREN_RATE 1e-4
/* The first of the rates tried for the largest that converges, over a method's own. */
#define FIRST_RATE 4.0
/* Shares of a signal's mean square: the dense error to reach, and the samples' error of a run that converged. */
#define GOAL 0.1
#define CONVERGED 0.5
/* From a member's seed to the next one's. */
#define SEEDS_OF_MEMBER 1000

/* SIREN is a network of sines on the coordinates themselves. */
static const struct method {
    const char *name;
    sape_encoding encoding;
    sape_policy policy;
    sape_activation activation;
    double rate;
    int color; /* of its curve */
} methods[] = {{"none", SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, SAPE_ACTIVATION_RELU, LEARNING_RATE, 0xB0B0B0},
               {"global", SAPE_ENCODING_FOURIER, SAPE_POLICY_GLOBAL, SAPE_ACTIVATION_RELU, LEARNING_RATE, 0x2F6FBF},
               {"spatial", SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, SAPE_ACTIVATION_RELU, LEARNING_RATE, 0xC03A2B},
               {"variance", SAPE_ENCODING_FOURIER, SAPE_POLICY_VARIANCE, SAPE_ACTIVATION_RELU, LEARNING_RATE, 0x2E9E4F},
               {"identity", SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, SAPE_ACTIVATION_RELU, LEARNING_RATE, 0x303030},
               {"siren", SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, SAPE_ACTIVATION_SINE, SIREN_RATE, 0xD08A1E}};
#define NUM_METHODS (sizeof methods / sizeof *methods)

struct study {
    const char *out;
    uint64_t iterations, num_seeds;
    uint64_t members; /* fields with proposed settings, whose mean is taken */
    int preset;       /* an enum settings_preset */
    int precision;    /* a sape_precision */
    bool quick;
    FILE *bands, *summary, *rates;
};

/* One signal drawn with one seed. */
struct task {
    const struct study_signal *signal;
    size_t n, dense_size, dense;
    float *x, *y, *dense_x, *dense_y, *outputs;
    double *work;
};

static bool task_open(struct task *task, const struct study_signal *signal, uint64_t seed) {
    struct random random = {seed + 1000};
    *task = (struct task){.signal = signal, .n = signal->dim == 1 ? SAMPLES_1D : SAMPLES_2D};
    task->dense_size = signal->dim == 1 ? DENSE_1D : DENSE_2D;
    task->dense = signal->dim == 1 ? DENSE_1D : DENSE_2D * DENSE_2D;
    task->x = calloc(task->n * signal->dim, sizeof(float));
    task->y = calloc(task->n, sizeof(float));
    task->dense_x = calloc(task->dense * signal->dim, sizeof(float));
    task->dense_y = calloc(task->dense, sizeof(float));
    task->outputs = calloc(task->dense, sizeof(float));
    task->work = calloc(4 * task->dense, sizeof(double));
    if (!task->x || !task->y || !task->dense_x || !task->dense_y || !task->outputs || !task->work)
        return message_out_of_memory();
    for (size_t i = 0; i < task->n; i++) {
        double x[2];
        for (size_t a = 0; a < signal->dim; a++) {
            x[a] = 2.0 * random_uniform(&random) - 1.0;
            task->x[i * signal->dim + a] = (float)x[a];
        }
        task->y[i] = (float)signal->value(x, seed);
    }
    for (size_t i = 0; i < task->dense; i++) {
        const double x[] = {-1.0 + 2.0 * (double)(i % task->dense_size) / (double)task->dense_size,
                            -1.0 + 2.0 * (double)(i / task->dense_size) / (double)task->dense_size};
        for (size_t a = 0; a < signal->dim; a++) task->dense_x[i * signal->dim + a] = (float)x[a];
        task->dense_y[i] = (float)signal->value(x, seed);
    }
    return true;
}

static void task_close(struct task *task) {
    free(task->x);
    free(task->y);
    free(task->dense_x);
    free(task->dense_y);
    free(task->outputs);
    free(task->work);
}

static double mean_square(size_t n, const float *values) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)values[i] * (double)values[i];
    return sum / (double)n;
}

/* How the errors of a training run went, moment by moment: as study_plot has them. */
struct course {
    double errors[STUDY_NUM_CURVES][STUDY_MOMENTS];
    bool diverged;
    uint64_t to_goal; /* iterations until the dense error is below the goal; 0 for never */
};

/* What a field and its trainer are made of. */
struct parts {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_trainer_params trainer;
    sape_settings *proposal; /* NULL without one */
};

static void set_published(const struct study *study, const struct task *task, const struct method *method,
                          struct parts *parts) {
    parts->encoder.domain_dim = task->signal->dim;
    parts->encoder.num_frequencies = 64;
    parts->encoder.std = 8.0;
    parts->mask.resolution = RESOLUTION;
    parts->mask.num_blocks = method->policy == SAPE_POLICY_NONE ? 0 : 16;
    parts->mask.num_iterations = study->iterations;
    parts->network.hidden_dim = 32;
    parts->network.num_layers = 2;
    parts->network.output_dim = 1;
}

/* All but the encoding, the policy and the activation, which make the method. */
static bool propose(const struct study *study, const struct task *task, const struct method *method,
                    struct parts *parts) {
    sape_settings_query query;
    sape_settings_query_init(&query, sizeof query);
    query.policy = (int32_t)method->policy;
    query.encoding = (int32_t)method->encoding;
    query.domain_dim = task->signal->dim;
    query.output_dim = 1;
    query.n = task->n;
    query.x = task->x;
    query.targets = task->y;
    /* Several fields have settings of their own, for a length that is proposed, too: 1000 iterations here. */
    query.iterations = study->members > 1 ? 0 : study->iterations;
    if (sape_settings_propose(&query, &parts->proposal) == SAPE_OK &&
        sape_settings_get(parts->proposal, &parts->encoder, &parts->mask, &parts->network, &parts->optimizer,
                          &parts->trainer) == SAPE_OK)
        return true;
    return message_sape_error();
}

static bool parts_open(const struct study *study, const struct task *task, const struct method *method, uint64_t seed,
                       double rate, struct parts *parts) {
    parts->proposal = NULL;
    sape_encoder_params_init(&parts->encoder, sizeof parts->encoder);
    sape_mask_params_init(&parts->mask, sizeof parts->mask);
    sape_network_params_init(&parts->network, sizeof parts->network);
    sape_optimizer_params_init(&parts->optimizer, sizeof parts->optimizer);
    sape_trainer_params_init(&parts->trainer, sizeof parts->trainer);
    parts->encoder.kind = method->encoding;
    parts->mask.policy = method->policy;
    if (study->preset == SETTINGS_PAPER)
        set_published(study, task, method, parts);
    else if (!propose(study, task, method, parts))
        return false;
    parts->encoder.seed = parts->network.seed = parts->trainer.seed = seed;
    parts->network.precision = (sape_precision)study->precision;
    parts->network.activation = method->activation;
    if (study->preset == SETTINGS_PAPER || method->activation == SAPE_ACTIVATION_SINE)
        parts->optimizer.learning_rate = rate;
    parts->trainer.num_threads = 1;
    return true;
}

static bool make(const struct study *study, const struct task *task, const struct method *method, bool adaptive,
                 uint64_t seed, double rate, sape_field **field, sape_trainer **trainer) {
    struct parts parts;
    sape_adaptive_rate_params adaptive_rate;
    sape_adaptive_rate_params_init(&adaptive_rate, sizeof adaptive_rate);
    adaptive_rate.resolution = RESOLUTION;
    *field = NULL;
    *trainer = NULL;
    if (!parts_open(study, task, method, seed, rate, &parts)) return false;
    const bool made = sape_field_create(&parts.encoder, &parts.mask, &parts.network, field) == SAPE_OK &&
                      fit_set_scale(parts.proposal, *field) == SAPE_OK &&
                      sape_trainer_create(&parts.trainer, &parts.optimizer, *field, trainer) == SAPE_OK &&
                      (!adaptive || sape_trainer_set_adaptive_rate(*trainer, &adaptive_rate) == SAPE_OK) &&
                      sape_trainer_set_data(*trainer, task->n, task->x, task->y) == SAPE_OK;
    if (!made) message_sape_error();
    sape_settings_free(parts.proposal);
    return made;
}

static bool measure(struct task *task, const struct field_set *fields, double bands[STUDY_NUM_BANDS]) {
    if (!field_set_predict(fields, task->dense, task->dense_x, task->outputs)) return false;
    for (size_t i = 0; i < task->dense; i++) task->outputs[i] -= task->dense_y[i];
    study_bands(task->signal->dim, task->dense_size, task->outputs, task->work, bands);
    return true;
}

/* The fields of a method, one but for proposals, and what trains them. */
struct members {
    struct field_set fields;
    sape_trainer *trainers[FIELD_SET_MAX];
};

static void members_close(struct members *members) {
    for (size_t k = 0; k < FIELD_SET_MAX; k++) {
        sape_trainer_free(members->trainers[k]);
        sape_field_free(members->fields.fields[k]);
    }
}

/* The seeds of the others follow at a distance, as every seed has a signal of its own. */
static bool members_open(const struct study *study, const struct task *task, const struct method *method, bool adaptive,
                         uint64_t seed, struct members *members) {
    *members = (struct members){.fields = {.n = study->members}};
    for (size_t k = 0; k < study->members; k++) {
        if (!make(study, task, method, adaptive, seed + SEEDS_OF_MEMBER * k, method->rate, &members->fields.fields[k],
                  &members->trainers[k]))
            return false;
    }
    return true;
}

/* Trains from one moment to the next; false too, without a message, when the training diverged. */
static bool go_on(sape_trainer *trainer, uint64_t iterations, double *loss, bool *diverged) {
    sape_result result = {.struct_size = sizeof result};
    const sape_status status = sape_trainer_run(trainer, iterations, NULL, NULL, &result);
    *loss = result.loss;
    *diverged = status == SAPE_ERROR_DIVERGED;
    return status == SAPE_OK || (!*diverged && message_sape_error());
}

/* Trains all to the next moment; *loss is the mean of theirs. */
static bool members_go_on(const struct members *members, uint64_t iterations, double *loss, bool *diverged) {
    *loss = 0.0;
    for (size_t k = 0; k < members->fields.n; k++) {
        double own;
        if (!go_on(members->trainers[k], iterations, &own, diverged) || *diverged) return false;
        *loss += own / (double)members->fields.n;
    }
    return true;
}

/* One training run, or one of every member, at the rate of the study. */
static bool train(const struct study *study, struct task *task, const struct method *method, bool adaptive,
                  uint64_t seed, struct course *course) {
    struct members members;
    const uint64_t stretch = study->iterations / STUDY_MOMENTS;
    const double goal = GOAL * mean_square(task->dense, task->dense_y);
    *course = (struct course){.to_goal = 0};
    bool good = members_open(study, task, method, adaptive, seed, &members);
    for (size_t i = 0; i < STUDY_MOMENTS && good; i++) {
        double bands[STUDY_NUM_BANDS];
        good = members_go_on(&members, stretch, &course->errors[0][i], &course->diverged) &&
               measure(task, &members.fields, bands);
        if (!good) break;
        for (size_t b = 0; b < STUDY_NUM_BANDS; b++) {
            course->errors[1][i] += bands[b];
            course->errors[2 + b][i] = bands[b];
        }
        if (course->to_goal == 0 && course->errors[1][i] < goal) course->to_goal = (i + 1) * stretch;
    }
    if (course->diverged) message_error("%s with %s diverged", task->signal->name, method->name);
    members_close(&members);
    return good;
}

/* Whether the samples' error ends low enough. */
static bool converges(const struct study *study, const struct task *task, const struct method *method, bool adaptive,
                      uint64_t seed, double rate, bool *converged) {
    sape_field *field;
    sape_trainer *trainer;
    double loss = NAN;
    bool diverged = false;
    const bool good = make(study, task, method, adaptive, seed, rate, &field, &trainer) &&
                      (go_on(trainer, study->iterations, &loss, &diverged) || diverged);
    *converged = good && !diverged && loss < CONVERGED * mean_square(task->n, task->y);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return good;
}

/* The largest rate, of the first one times powers of two, up to which training converges; 0 where the first does not.
 */
static bool largest_rate(const struct study *study, const struct task *task, const struct method *method, bool adaptive,
                         uint64_t seed) {
    double largest = 0.0;
    const double first = FIRST_RATE * method->rate;
    for (double rate = first; rate < (study->quick ? 2.0 * first : 2.0); rate *= 2.0) {
        bool converged;
        if (!converges(study, task, method, adaptive, seed, rate, &converged)) return false;
        if (!converged) break;
        largest = rate;
    }
    fprintf(study->rates, "%s,%s,%d,%llu,%g\n", task->signal->name, method->name, adaptive, (unsigned long long)seed,
            largest);
    return true;
}

static void write_course(const struct study *study, const struct study_signal *signal, const struct method *method,
                         bool adaptive, uint64_t seed, const struct course *course) {
    const uint64_t stretch = study->iterations / STUDY_MOMENTS;
    for (size_t i = 0; i < STUDY_MOMENTS; i++)
        for (size_t b = 0; b < STUDY_NUM_BANDS; b++)
            fprintf(study->bands, "%s,%s,%d,%llu,%llu,%zu,%.4e\n", signal->name, method->name, adaptive,
                    (unsigned long long)seed, (unsigned long long)((i + 1) * stretch), b, course->errors[2 + b][i]);
    fprintf(study->summary, "%s,%s,%d,%llu,%.4e,%.4e,%llu\n", signal->name, method->name, adaptive,
            (unsigned long long)seed, course->errors[0][STUDY_MOMENTS - 1], course->errors[1][STUDY_MOMENTS - 1],
            (unsigned long long)course->to_goal);
}

/* Adds a course to the m-th method's curves, which are means over the seeds. */
static void add_course(const struct study *study, const struct course *course, size_t m, struct study_plot *plot) {
    for (size_t c = 0; c < STUDY_NUM_CURVES; c++)
        for (size_t i = 0; i < STUDY_MOMENTS; i++)
            plot->log_errors[c][m][i] += (float)(log10(fmax(course->errors[c][i], 1e-8)) / (double)study->num_seeds);
}

static bool study_method(const struct study *study, const struct study_signal *signal, size_t m, bool adaptive,
                         struct study_plot *plot) {
    bool good = true;
    for (uint64_t seed = 0; seed < study->num_seeds && good; seed++) {
        struct task task;
        struct course course;
        good = task_open(&task, signal, seed) && train(study, &task, &methods[m], adaptive, seed, &course) &&
               (study->preset != SETTINGS_PAPER || largest_rate(study, &task, &methods[m], adaptive, seed));
        task_close(&task);
        if (!good) break;
        write_course(study, signal, &methods[m], adaptive, seed, &course);
        if (!adaptive) add_course(study, &course, m, plot);
    }
    return good;
}

static bool write_plot(const struct study *study, const char *name, const struct study_plot *plot) {
    char file[64];
    gdImagePtr image = study_plot_draw(plot);
    if (image == NULL) return false;
    snprintf(file, sizeof file, "%s.png", name);
    const bool written = picture_write_png(image, study->out, file);
    gdImageDestroy(image);
    return written;
}

static bool study_signal(const struct study *study, const struct study_signal *signal) {
    struct study_plot plot = {.num_methods = NUM_METHODS};
    for (size_t i = 0; i < STUDY_MOMENTS; i++)
        plot.iterations[i] = (float)((i + 1) * (study->iterations / STUDY_MOMENTS));
    for (size_t m = 0; m < NUM_METHODS; m++) {
        plot.names[m] = methods[m].name;
        plot.colors[m] = methods[m].color;
        for (int adaptive = 0; adaptive < (study->preset == SETTINGS_PAPER ? 2 : 1); adaptive++)
            if (!study_method(study, signal, m, adaptive, &plot)) return false;
    }
    return write_plot(study, signal->name, &plot);
}

static FILE *open_table(const struct study *study, const char *name, const char *head) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", study->out, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        message_error("%s cannot be written", path);
    else
        fprintf(file, "%s\n", head);
    return file;
}

/* Whether all that was written has arrived. */
static bool close_table(FILE *file) {
    if (file == NULL) return false;
    const bool good = !ferror(file);
    return (fclose(file) == 0 && good) || message_error("a table cannot be written");
}

/* Whether the tables and all plots can be written. */
static bool prepare(const struct study *study) {
    char files[1024] = "bands.csv, summary.csv, rates.csv";
    for (size_t i = 0; i < study_num_signals; i++) {
        const size_t length = strlen(files);
        snprintf(files + length, sizeof files - length, ", %s.png", study_signals[i].name);
    }
    return output_prepare(study->out, files);
}

static bool run(struct study *study) {
    if (!prepare(study)) return false;
    study->bands = open_table(study, "bands.csv", "signal,method,adaptive_rate,seed,iteration,band,mse");
    study->summary =
        open_table(study, "summary.csv", "signal,method,adaptive_rate,seed,train_mse,dense_mse,iterations_to_goal");
    study->rates = open_table(study, "rates.csv", "signal,method,adaptive_rate,seed,largest_rate");
    bool good = study->bands && study->summary && study->rates;
    for (size_t i = 0; i < study_num_signals && good; i++) good = study_signal(study, &study_signals[i]);
    good = close_table(study->bands) && good;
    good = close_table(study->summary) && good;
    good = close_table(study->rates) && good;
    if (good) output_print_location(study->out, "bands.csv, summary.csv, rates.csv and a plot of every signal");
    return good;
}

int main(int argc, char **argv) {
    struct study study = {.out = "out", .iterations = 1000, .num_seeds = 3, .members = 1};
    const struct option_spec specs[] = {
        {"iterations", OPTION_COUNT, &study.iterations, "N", "iterations of every run", STUDY_MOMENTS, 1e6, NULL},
        {"seeds", OPTION_COUNT, &study.num_seeds, "N", "runs of every kind, with seeds from 0", 1, 1000, NULL},
        {.name = "preset",
         .kind = OPTION_CHOICE,
         .target = &study.preset,
         .value_name = "NAME",
         .help = "settings: proposed from the samples, with one learning rate, or those of the study",
         .choices = settings_preset_names},
        {"members", OPTION_COUNT, &study.members, "N", "fields with proposed settings whose mean is taken", 1,
         FIELD_SET_MAX, NULL},
        SETTINGS_PRECISION_OPTION(&study.precision),
        {.name = "out", OPTION_STRING, &study.out, "DIR", "directory of the results, created if missing"},
        {.name = "quick", OPTION_FLAG, &study.quick, .help = "one seed and 80 iterations, to check that it runs"},
    };
    const struct option_group groups[] = {{"Study", specs, sizeof specs / sizeof *specs}};
    const struct option_table table = {
        .summary = "Fits synthetic signals with every policy, with and without the adaptive learning rate. Writes the\n"
                   "error by frequency band over time, the final errors, the largest learning rate that converges,\n"
                   "and a plot of every signal's errors over the iterations.",
        .groups = groups,
        .num_groups = 1,
    };
    program_begin();
    const enum options_outcome outcome = options_parse(&table, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    if (study.quick) {
        study.num_seeds = 1;
        study.iterations = 2 * STUDY_MOMENTS;
    }
    if (study.preset == SETTINGS_PAPER && study.members > 1) {
        message_error("--members needs --preset proposed");
        return 2;
    }
    return program_end(outcome == OPTIONS_HELP_SHOWN || run(&study));
}
