/* SPDX-License-Identifier: MIT */
/* Moves the vertices of a mesh on to the surface of another one, and keeps its faces. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "picture/colormap.h"
#include "task/fit.h"
#include "task/fit_settings.h"
#include "task/mesh_note.h"
#include "task/mesh_picture.h"
#include "task/report.h"
#include "task/transfer_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURE_SIZE = 384 };

#define RESULTS "deformed.ply, transfer.png"
#define COMPARISON "deformed.ply, deformed_none.ply, transfer.png"

struct job {
    struct settings settings;
    struct transfer_source source;
    uint64_t points;
    bool compare;
    struct transfer_task task;
    struct transfer_quality before;
};

/* A transfer that has been made. */
struct outcome {
    struct settings settings;
    struct fit fit;
    struct transfer_quality quality;
    struct mesh mesh; /* the moved source with its stretch as colours; its faces are the source's */
};

static void outcome_free(struct outcome *outcome) {
    fit_settings_free(&outcome->settings);
    fit_free(&outcome->fit);
    free(outcome->mesh.vertices);
    free(outcome->mesh.colors);
}

/* Blue where edges are half as long as they were, red where they are twice as long. */
static bool color(struct job *job, struct mesh *mesh) {
    const size_t n = mesh->num_vertices;
    float *stretch = malloc(n * sizeof *stretch);
    mesh->colors = malloc(3 * n * sizeof *mesh->colors);
    bool done = (stretch && mesh->colors) || message_out_of_memory();
    done = done && rigidity_vertex_stretch(&job->task.rigidity, mesh->vertices, stretch);
    for (size_t i = 0; done && i < n; i++) {
        const int value = colormap_coolwarm(0.5 + 0.5 * (double)stretch[i]);
        vec3_store(mesh->colors + 3 * i,
                   vec3_scale((vec3){gdTrueColorGetRed(value), gdTrueColorGetGreen(value), gdTrueColorGetBlue(value)},
                              1.0 / 255.0));
    }
    free(stretch);
    return done;
}

/* Keeps a copy of where the task has moved the vertices. */
static bool keep_mesh(struct job *job, struct mesh *mesh) {
    const struct mesh *moved = &job->task.moved;
    *mesh = (struct mesh){.num_vertices = moved->num_vertices, .num_faces = moved->num_faces, .faces = moved->faces};
    mesh->vertices = malloc(3 * mesh->num_vertices * sizeof *mesh->vertices);
    if (!mesh->vertices) return message_out_of_memory();
    memcpy(mesh->vertices, moved->vertices, 3 * mesh->num_vertices * sizeof *mesh->vertices);
    return color(job, mesh);
}

static bool transfer(struct job *job, struct outcome *outcome) {
    struct notes notes = {0};
    notes_set(&notes, "task", "transfer");
    mesh_note(&job->task.source, "source", &notes);
    mesh_note(&job->task.target, "target", &notes);
    struct fit_problem problem = {
        .domain_dim = 3,
        .output_dim = 3,
        .n = job->task.source.num_vertices,
        .x = job->task.source.vertices,
        .loss = SAPE_LOSS_CUSTOM,
        .loss_fn = transfer_task_loss,
        .loss_user = &job->task,
        .begin = transfer_task_begin,
        .num_target_points = job->task.num_points,
        .target_points = job->task.points,
        .metric = PROGRESS_LOSS_ONLY,
        .notes = &notes,
    };
    return fit_settle(&outcome->settings, &problem, OPTION_OPEN) &&
           fit_run(&outcome->settings, &problem, &outcome->fit) && transfer_task_move(&job->task, outcome->fit.field) &&
           transfer_task_quality(&job->task, &outcome->quality) && keep_mesh(job, &outcome->mesh);
}

static bool write_mesh(const struct job *job, const struct mesh *mesh, const char *name) {
    return mesh_write_ply(mesh, job->task.target.placement, job->settings.out, name);
}

static bool write_pictures(const struct job *job, const struct mesh *result, const struct mesh *none) {
    static const char *const captions[] = {"source", "target", "result", "stretch", "policy none", "its stretch"};
    struct mesh grey[2] = {*result, none ? *none : (struct mesh){0}};
    const struct mesh *const meshes[] = {&job->task.source, &job->task.target, &grey[0], result, &grey[1], none};
    for (int i = 0; i < 2; i++) grey[i].colors = NULL;
    return mesh_picture_write(none ? 6 : 4, meshes, captions, PICTURE_SIZE, job->settings.out, "transfer.png");
}

static void add_quality(cJSON *object, const struct transfer_quality *quality) {
    cJSON_AddNumberToObject(object, "chamfer", quality->chamfer);
    cJSON_AddNumberToObject(object, "edge_stretch_max", quality->distortion.max_stretch);
    cJSON_AddNumberToObject(object, "edge_stretch_mean", quality->distortion.mean_stretch);
    cJSON_AddNumberToObject(object, "flipped_faces", (double)quality->distortion.num_flipped);
}

static cJSON *describe(const struct job *job, const struct outcome *outcome) {
    cJSON *object = report_create("transfer", &outcome->settings, &outcome->fit);
    cJSON_AddNumberToObject(object, "chamfer_before", job->before.chamfer);
    add_quality(object, &outcome->quality);
    mesh_report(&job->task.source, cJSON_AddObjectToObject(object, "source"));
    mesh_report(&job->task.target, cJSON_AddObjectToObject(object, "target"));
    report_add_time(object, &outcome->fit);
    return object;
}

static void print(const struct job *job, const struct outcome *outcome) {
    const struct distortion *distortion = &outcome->quality.distortion;
    printf("%s: Chamfer distance %.5f, before %.5f; edges stretched by %.3f, at most %.2f; flipped faces: %zu\n",
           settings_policy_name(&outcome->settings), outcome->quality.chamfer, job->before.chamfer,
           distortion->mean_stretch, distortion->max_stretch, distortion->num_flipped);
}

static bool show(const struct job *job, const struct outcome *result, const struct outcome *none) {
    print(job, result);
    if (none) print(job, none);
    output_print_location(job->settings.out, none ? COMPARISON : RESULTS);
    if (!job->settings.json) return true;
    cJSON *object = describe(job, result);
    if (none) cJSON_AddItemToObject(object, "none", describe(job, none));
    report_add_memory(object);
    return report_print(object);
}

static bool write_and_show(const struct job *job, const struct outcome *result, const struct outcome *none) {
    bool all = write_mesh(job, &result->mesh, "deformed.ply");
    if (none) all = write_mesh(job, &none->mesh, "deformed_none.ply") && all;
    all = write_pictures(job, &result->mesh, none ? &none->mesh : NULL) && all;
    return show(job, result, none) && all;
}

static bool transfer_and_show(struct job *job) {
    struct outcome result = {.settings = job->settings}, none = {.settings = job->settings};
    none.settings.policy = SAPE_POLICY_NONE;
    none.settings.save = NULL;
    bool done = transfer_task_quality(&job->task, &job->before) && transfer(job, &result);
    if (done) {
        /* Where the other one fails this one is written all the same. */
        const bool compared = !job->compare || transfer(job, &none);
        done = write_and_show(job, &result, job->compare && compared ? &none : NULL) && compared && !result.fit.unsaved;
    }
    outcome_free(&result);
    outcome_free(&none);
    return done;
}

static bool run(struct job *job) {
    job->source.num_points = job->points;
    job->source.seed = job->settings.seed;
    job->source.num_threads = job->settings.threads;
    if (!transfer_task_load(&job->task, &job->source)) return false;
    interrupt_catch();
    const bool done = output_prepare(job->settings.out, job->compare ? COMPARISON : RESULTS) && transfer_and_show(job);
    transfer_task_free(&job->task);
    return done;
}

static bool check(const struct job *job) {
    if (job->settings.policy == SAPE_POLICY_SPATIAL_FIXED)
        return message_error("--policy spatial_fixed supports one or two dimensions; a mesh has three");
    return !job->compare || !job->settings.resume || message_error("--compare cannot resume from a checkpoint");
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_argument arguments[] = {{"SOURCE", &job->source.source}, {"TARGET", &job->source.target}};
    const struct option_spec data[] = {
        {.name = "pairs",
         OPTION_STRING,
         &job->source.pairs,
         "FILE",
         "rows of six numbers: a point of SOURCE and its place on TARGET"},
        {"points", OPTION_COUNT, &job->points, "N", "points of TARGET to reach", 1, 1e7, NULL},
        {"rigidity", OPTION_REAL, &job->source.rigidity, "X", "weight of keeping SOURCE's local shape", 0, 1e6, NULL},
        {.name = "drop-duplicate-faces",
         .kind = OPTION_FLAG,
         .target = &job->source.drop_duplicates,
         .help = "drop faces of SOURCE with the same corners as an earlier one"},
    };
    const struct option_spec results[] = {
        {.name = "compare",
         .kind = OPTION_FLAG,
         .target = &job->compare,
         .help = "also run policy none, and show both"},
    };
    const struct settings_program program = {
        .summary =
            "Moves the vertices of SOURCE onto the surface of TARGET and writes deformed.ply, with the faces of\n"
            "SOURCE at the location of TARGET, and transfer.png. Both are STL, OBJ, PLY or OFF meshes.",
        .arguments = arguments,
        .num_arguments = sizeof arguments / sizeof *arguments,
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .results = results,
        .num_results = sizeof results / sizeof *results,
        .proposes = true,
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
                     .epsilon = 0.01,
                     .resolution = 16,
                     .num_blocks = 32,
                     .iterations = 1000,
                     .learning_rate = 1e-4,
                     .out = "out"},
        .source = {.rigidity = 0.01},
        .points = 10000,
    };
    program_begin();
    const enum options_outcome outcome = parse(&job, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    return program_end(outcome == OPTIONS_HELP_SHOWN || run(&job));
}
