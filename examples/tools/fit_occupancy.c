/* SPDX-License-Identifier: MIT */
/* Fits what is inside and outside of a mesh, and makes a mesh of the fit. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/stopwatch.h"
#include "mesh/crumbs.h"
#include "picture/animation.h"
#include "picture/picture.h"
#include "task/ensemble.h"
#include "task/field_grid.h"
#include "task/field_surface.h"
#include "task/fit_settings.h"
#include "task/mask_slices.h"
#include "task/mesh_note.h"
#include "task/mesh_picture.h"
#include "task/occupancy_task.h"
#include "task/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUM_FRAMES = 40, FRAME_TIME = 12, LAST_FRAME_TIME = 200, PICTURE_SIZE = 512 };

#define MASK_PICTURES "mask.png, mask.gif"
#define RESULTS "surface.ply, surface.stl, fit.png, " MASK_PICTURES

struct job {
    struct settings settings;
    const char *path;
    uint64_t epochs;
    uint64_t samples; /* an epoch */
    uint64_t sets;
    uint64_t batch;
    uint64_t mesh_resolution;
    uint64_t members;
    bool coarse_to_fine;
    double drop_crumbs;
    bool drop_duplicates;
    struct occupancy_task task;
    struct animation *animation;
};

struct result {
    struct occupancy_quality quality;
    bool has_surface;
    double chamfer; /* NaN without a surface */
    size_t num_crumbs;
    double advance_ms;
    double evaluated;       /* share of the grid's samples */
    size_t num_differences; /* vertices of the full grid's surface that the coarse-to-fine one lacks, or the reverse */
};

static bool on_epoch(void *user, uint64_t epoch, const float **x, const float **targets) {
    struct job *job = user;
    const struct occupancy_samples *samples = occupancy_task_epoch(&job->task, epoch);
    if (!samples) return false;
    *x = samples->points;
    *targets = samples->labels;
    return true;
}

static bool add_frame(struct job *job, const sape_field *field, int hundredths) {
    gdImagePtr frame = mask_slices_image(sape_field_mask(field));
    if (!frame) return false;
    const bool added = animation_add(job->animation, frame, hundredths);
    gdImageDestroy(frame);
    return added;
}

static bool on_frame(void *user, const sape_field *field) {
    return add_frame(user, field, FRAME_TIME);
}

static bool begin_animation(struct job *job) {
    gdImagePtr colors = mask_slices_colors();
    if (!colors) return false;
    job->animation = animation_create(colors);
    gdImageDestroy(colors);
    return job->animation != NULL;
}

/* Writes an image and frees it; it may be NULL after a failure. */
static bool write_image(const struct job *job, gdImagePtr image, const char *name) {
    if (!image) return false;
    const bool written = picture_write_png(image, job->settings.out, name);
    gdImageDestroy(image);
    return written;
}

static bool write_mask(struct job *job, const sape_field *field) {
    const bool written = write_image(job, mask_slices_image(sape_field_mask(field)), "mask.png");
    return add_frame(job, field, LAST_FRAME_TIME) && animation_write(job->animation, job->settings.out, "mask.gif") &&
           written;
}

static bool write_comparison(const struct job *job, const struct mesh *surface) {
    static const char *const captions[] = {"target", "fit"};
    const struct mesh *const meshes[] = {&job->task.mesh, surface};
    return mesh_picture_write(2, meshes, captions, PICTURE_SIZE, job->settings.out, "fit.png");
}

static bool write_surface(const struct job *job, const struct mesh *surface) {
    const struct placement placement = job->task.mesh.placement;
    bool all = mesh_write_ply(surface, placement, job->settings.out, "surface.ply");
    all = mesh_write_stl(surface, placement, job->settings.out, "surface.stl") && all;
    return write_comparison(job, surface) && all;
}

static float *allocate_grid(size_t size) {
    float *values = malloc(size * size * size * sizeof *values);
    if (!values) message_out_of_memory();
    return values;
}

/* Compares values from coarse to fine with those of the full grid. */
static bool compare_grids(const struct field_set *fields, size_t size, const float *values, size_t *num_differences) {
    float *full = allocate_grid(size);
    const bool done = full && field_grid_evaluate(fields, size, full);
    if (done) *num_differences = field_grid_count_differences(size, values, full);
    free(full);
    return done;
}

static bool evaluate(const struct job *job, const struct field_set *fields, float *values, struct result *result) {
    if (!job->coarse_to_fine) return field_grid_evaluate(fields, job->mesh_resolution, values);
    return field_grid_evaluate_near_zero(fields, job->mesh_resolution, values, &result->evaluated) &&
           (!job->settings.json || compare_grids(fields, job->mesh_resolution, values, &result->num_differences));
}

static bool drop_crumbs(const struct job *job, struct mesh *surface, struct result *result) {
    if (!crumbs_drop(surface, job->drop_crumbs, &result->num_crumbs)) return false;
    if (result->num_crumbs > 0)
        printf("%zu pieces that enclose less than %g of what the largest does were dropped from the surface\n",
               result->num_crumbs, job->drop_crumbs);
    return true;
}

static bool make_surface(struct job *job, const struct field_set *fields, const float *values, struct result *result) {
    result->has_surface = field_grid_has_surface(job->mesh_resolution, values);
    if (!result->has_surface) {
        result->chamfer = (double)NAN;
        message_error("no mesh is written, because there is no surface: the field is %s wherever it was evaluated",
                      values[0] < 0 ? "inside" : "outside");
        return true;
    }
    struct mesh surface;
    if (!field_surface(&surface, fields, job->mesh_resolution, values)) return false;
    bool done = job->drop_crumbs == 0 || drop_crumbs(job, &surface, result);
    done = done && write_surface(job, &surface);
    done = occupancy_task_chamfer(&job->task, &surface, &result->chamfer) && done;
    mesh_free(&surface);
    return done;
}

static bool evaluate_and_make_surface(struct job *job, const struct field_set *fields, struct result *result) {
    float *values = allocate_grid(job->mesh_resolution);
    const bool done = values && evaluate(job, fields, values, result) && make_surface(job, fields, values, result);
    free(values);
    return done;
}

/* Times an advance of a new mask of the same kind that has seen an epoch, with the labels as losses. */
static bool time_advance(struct job *job, const struct fit_problem *problem, const sape_field *field, double *ms) {
    const struct occupancy_samples *samples = occupancy_task_epoch(&job->task, 0);
    sape_mask_params params = fit_mask_params(&job->settings, problem);
    params.domain_dim = problem->domain_dim;
    params.encoding_dim = sape_mask_encoding_dim(sape_field_mask(field));
    double *frequencies = malloc(params.encoding_dim * sizeof *frequencies);
    if (!frequencies) return message_out_of_memory();
    if (params.policy == SAPE_POLICY_VARIANCE) params.frequencies = frequencies;
    sape_mask *mask = NULL;
    bool done = sape_encoder_frequencies(sape_field_encoder(field), frequencies, params.encoding_dim) == SAPE_OK &&
                sape_mask_create(&params, &mask) == SAPE_OK &&
                sape_mask_record(mask, samples->n, samples->points, samples->labels) == SAPE_OK;
    const double begin = stopwatch_now();
    done = done && sape_mask_advance(mask) == SAPE_OK;
    *ms = 1000 * (stopwatch_now() - begin);
    sape_mask_free(mask);
    free(frequencies);
    return done || message_sape_error();
}

static cJSON *describe(const struct job *job, const struct fit *fit, const struct result *result) {
    cJSON *object = report_create("occupancy", &job->settings, fit);
    cJSON_AddNumberToObject(object, "iou_uniform", result->quality.iou_uniform);
    cJSON_AddNumberToObject(object, "iou_near", result->quality.iou_near);
    cJSON_AddNumberToObject(object, "bce", result->quality.bce);
    cJSON_AddNumberToObject(object, "chamfer", result->chamfer);
    if (job->members > 1) cJSON_AddNumberToObject(object, "members", (double)job->members);
    if (job->coarse_to_fine) {
        cJSON_AddNumberToObject(object, "grid_evaluated", result->evaluated);
        cJSON_AddNumberToObject(object, "vertices_differing", (double)result->num_differences);
    }
    if (job->drop_crumbs > 0) cJSON_AddNumberToObject(object, "crumbs_dropped", (double)result->num_crumbs);
    mesh_report(&job->task.mesh, object);
    report_add_time(object, fit);
    cJSON_AddNumberToObject(object, "advance_ms", result->advance_ms);
    cJSON_AddNumberToObject(object, "sampling_seconds", job->task.sampling_seconds);
    report_add_memory(object);
    return object;
}

static bool show(const struct job *job, const struct fit *fit, const struct result *result) {
    printf("IoU: %.4f uniform, %.4f near the surface; BCE %.4f", result->quality.iou_uniform, result->quality.iou_near,
           result->quality.bce);
    if (result->has_surface) printf("; Chamfer distance %.5f", result->chamfer);
    putchar('\n');
    output_print_location(job->settings.out, result->has_surface ? RESULTS : MASK_PICTURES);
    return !job->settings.json || report_print(describe(job, fit, result));
}

static bool fit_and_show(struct job *job) {
    struct notes notes = {0};
    notes_set(&notes, "task", "occupancy");
    mesh_note(&job->task.mesh, "mesh", &notes);
    struct fit_problem problem = {
        .domain_dim = 3,
        .output_dim = 1,
        .n = job->samples,
        .loss = SAPE_LOSS_BCE,
        .batch_size = job->batch,
        .advance_by_epoch = true,
        .num_sets = job->sets,
        .epoch = on_epoch,
        .epoch_user = job,
        .metric = PROGRESS_LOSS_ONLY,
        .num_frames = NUM_FRAMES,
        .frame = on_frame,
        .frame_user = job,
        .notes = &notes,
    };
    if (job->settings.preset == SETTINGS_PAPER) job->settings.iterations = job->epochs * fit_epoch_iterations(&problem);
    struct ensemble ensemble;
    struct result result = {0};
    if (!fit_settle(&job->settings, &problem, job->epochs) || !begin_animation(job) ||
        !ensemble_run(&job->settings, &problem, job->members, &ensemble))
        return false;
    const struct fit fit = ensemble_summary(&ensemble);
    bool done = evaluate_and_make_surface(job, &ensemble.fields, &result) && !fit.unsaved;
    done = write_mask(job, fit.field) && done;
    done = occupancy_task_quality(&job->task, &ensemble.fields, &result.quality) &&
           time_advance(job, &problem, fit.field, &result.advance_ms) && show(job, &fit, &result) && done;
    ensemble_free(&ensemble);
    return done;
}

static bool run(struct job *job) {
    const struct occupancy_source source = {job->path, job->drop_duplicates, job->samples,
                                            job->sets, job->settings.seed,   job->settings.threads};
    if (!occupancy_task_load(&job->task, &source)) return false;
    interrupt_catch();
    const bool done = output_prepare(job->settings.out, RESULTS) && fit_and_show(job);
    animation_free(job->animation);
    fit_settings_free(&job->settings);
    occupancy_task_free(&job->task);
    return done;
}

static bool check(const struct job *job) {
    return job->settings.policy != SAPE_POLICY_SPATIAL_FIXED ||
           message_error("--policy spatial_fixed supports one or two dimensions; a mesh has three");
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_argument arguments[] = {{"MESH", &job->path}};
    const struct option_spec data[] = {
        {"samples", OPTION_COUNT, &job->samples, "N", "points per epoch", 3, 1e8, NULL},
        {"sets", OPTION_COUNT, &job->sets, "N", "sets of so many points; epochs have them in turn", 1,
         OCCUPANCY_MAX_SETS, NULL},
        {"batch", OPTION_COUNT, &job->batch, "N", "points per iteration", 1, 1e8, NULL},
        {.name = "drop-duplicate-faces",
         .kind = OPTION_FLAG,
         .target = &job->drop_duplicates,
         .help = "drop faces with the same corners as an earlier one"},
    };
    const struct option_spec results[] = {
        {"members", OPTION_COUNT, &job->members, "N",
         "fields to fit, from as many seeds; the surface is that of their mean", 1, FIELD_SET_MAX, NULL},
        {"mesh-resolution", OPTION_COUNT, &job->mesh_resolution, "N", "samples per axis of the grid for the mesh",
         FIELD_GRID_MIN_SIZE, FIELD_GRID_MAX_SIZE, NULL},
        {"drop-crumbs", OPTION_REAL, &job->drop_crumbs, "SHARE",
         "drop pieces of the surface that enclose less than this share of what the largest does", 0, 1, NULL},
        {.name = "coarse-to-fine",
         .kind = OPTION_FLAG,
         .target = &job->coarse_to_fine,
         .help = "skip parts of that grid away from the surface; --json counts the vertices that change"},
    };
    const struct option_spec length = {"epochs", OPTION_COUNT, &job->epochs, "N", "length of training", 1, 1e6, NULL};
    const struct settings_open open[] = {{&job->batch, 5000}, {&job->epochs, 500}};
    const struct settings_program program = {
        .summary = "Fits the inside of an STL, OBJ, PLY or OFF mesh and writes surface.ply, surface.stl, fit.png, "
                   "mask.png\nand mask.gif. "
                   "The surface lies where the mesh does. In the field, it lies within 0.95 of the origin: the\n"
                   "field's point p lies at center + scale * p; --json and the checkpoint's metadata have both.",
        .arguments = arguments,
        .num_arguments = sizeof arguments / sizeof *arguments,
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .results = results,
        .num_results = sizeof results / sizeof *results,
        .length = &length,
        .proposes = true,
        .open = open,
        .num_open = sizeof open / sizeof *open,
    };
    const enum options_outcome outcome = settings_parse(&job->settings, &program, argc, argv);
    return outcome == OPTIONS_GO_ON && !check(job) ? OPTIONS_WRONG : outcome;
}

int main(int argc, char **argv) {
    struct job job = {
        .settings = {.encoding = SAPE_ENCODING_FOURIER,
                     .std = 20,
                     .hidden = 256,
                     .layers = 4,
                     .policy = SAPE_POLICY_SPATIAL,
                     .epsilon = 0.1,
                     .resolution = 64,
                     .learning_rate = 1e-4,
                     .out = "out"},
        .epochs = 500,
        .samples = 1000000,
        .sets = OCCUPANCY_MAX_SETS,
        .batch = 5000,
        .mesh_resolution = 256,
        .members = 1,
    };
    program_begin();
    const enum options_outcome outcome = parse(&job, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    return program_end(outcome == OPTIONS_HELP_SHOWN || run(&job));
}
