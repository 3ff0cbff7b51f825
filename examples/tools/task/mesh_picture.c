/* SPDX-License-Identifier: MIT */
#include "task/mesh_picture.h"

#include "cli/message.h"
#include "mesh/render.h"
#include "picture/panels.h"
#include "picture/picture.h"

#include <stdlib.h>

static gdImagePtr draw(const struct mesh *mesh, size_t size) {
    struct picture picture;
    if (!picture_create(size, size, 3, &picture)) return NULL;
    gdImagePtr image = NULL;
    if (render_mesh(mesh, &render_usual_view, picture.width, picture.height, picture.values))
        image = picture_to_image(picture.width, picture.height, picture.channels, picture.values);
    picture_free(&picture);
    return image;
}

static gdImagePtr draw_all(size_t count, const struct mesh *const *meshes, const char *const *captions, size_t size) {
    gdImagePtr *images = calloc(count, sizeof *images);
    if (!images) {
        message_out_of_memory();
        return NULL;
    }
    bool drawn = true;
    for (size_t i = 0; i < count; i++) drawn = (images[i] = drawn ? draw(meshes[i], size) : NULL) != NULL;
    gdImagePtr joined = drawn ? panels_join(count, images, captions, (int)size) : NULL;
    for (size_t i = 0; i < count; i++)
        if (images[i]) gdImageDestroy(images[i]);
    free(images);
    return joined;
}

bool mesh_picture_write(size_t count, const struct mesh *const *meshes, const char *const *captions, size_t size,
                        const char *directory, const char *name) {
    gdImagePtr image = draw_all(count, meshes, captions, size);
    if (!image) return false;
    const bool written = picture_write_png(image, directory, name);
    gdImageDestroy(image);
    return written;
}
