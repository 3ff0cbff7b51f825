/* SPDX-License-Identifier: MIT */
/* JPEG by libjpeg itself: libgd tells of its first warning only, which hides that a file is cut off. */
#include "picture/image_decode.h"
#include "picture/image_exif.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

/* Its names depend on what jpeglib.h says. */
#include <jerror.h>

struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    struct image_source *source;
    gdImagePtr image;
};

static void fail(j_common_ptr jpeg) {
    struct reader *reader = (struct reader *)jpeg;
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
        image_cut_off(reader->source);
        break;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_IMAGE_TOO_BIG:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
        image_unsupported(reader->source, message);
        break;
    default:
        image_damaged(reader->source, message);
    }
    longjmp(reader->failed, 1);
}

/* After some warnings libjpeg makes up what is missing. The others tell of what does no harm. */
static void judge(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        fail(jpeg);
    }
}

/* The first segment with EXIF data counts. */
static int orientation_of(const struct jpeg_decompress_struct *jpeg) {
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next)
        if (marker->data_length > 6 && memcmp(marker->data, "Exif\0", 5) == 0)
            return image_exif_orientation(marker->data + 6, marker->data_length - 6);
    return 1;
}

static int multiply(int a, int b) {
    return (a * b + 127) / 255;
}

static void store_row(struct reader *reader, int y, const JSAMPLE *row) {
    const struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    /* Adobe's programs store how much of an ink is missing. */
    const int flip = jpeg->saw_Adobe_marker ? 0 : 255;
    for (int x = 0; x < (int)jpeg->output_width; x++, row += jpeg->output_components) {
        const int black = jpeg->out_color_space == JCS_CMYK ? row[3] ^ flip : 255;
        const int inverse = jpeg->out_color_space == JCS_CMYK ? flip : 0;
        gdImageTrueColorPixel(reader->image, x, y) = gdTrueColor(
            multiply(row[0] ^ inverse, black), multiply(row[1] ^ inverse, black), multiply(row[2] ^ inverse, black));
    }
}

/* False where the file claims too many pixels. */
static bool read_picture(struct reader *reader) {
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    struct image_source *source = reader->source;
    jpeg_mem_src(jpeg, source->data, source->size);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    if (!image_has_fair_size(source, jpeg->image_width, jpeg->image_height)) return false;
    source->orientation = orientation_of(jpeg);
    const bool inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    reader->image = image_create(source, (int)jpeg->output_width, (int)jpeg->output_height);
    if (!reader->image) return false;
    JSAMPARRAY row = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE,
                                             jpeg->output_width * (JDIMENSION)jpeg->output_components, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        const int y = (int)jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, row, 1);
        store_row(reader, y, row[0]);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

/* Whether all went well: libjpeg's errors come back here. */
static bool try_to_read(struct reader *reader) {
    if (setjmp(reader->failed) != 0) return false;
    jpeg_create_decompress(&reader->jpeg);
    return read_picture(reader);
}

gdImagePtr image_decode_jpeg(struct image_source *source) {
    struct reader reader = {.source = source};
    reader.jpeg.err = jpeg_std_error(&reader.errors);
    reader.errors.error_exit = fail;
    reader.errors.emit_message = judge;
    const bool done = try_to_read(&reader);
    jpeg_destroy_decompress(&reader.jpeg);
    if (done) return reader.image;
    if (reader.image) gdImageDestroy(reader.image);
    return NULL;
}
