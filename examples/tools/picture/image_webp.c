/* SPDX-License-Identifier: MIT */
/* WebP, still or animated: its first frame on the canvas. */
#include "picture/image_decode.h"
#include "picture/image_exif.h"

#include <webp/demux.h>

static void read_orientation(struct image_source *source, const WebPDemuxer *demuxer) {
    WebPChunkIterator chunk;
    if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) return;
    source->orientation = image_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

static gdImagePtr from_rgba(struct image_source *source, const uint8_t *pixels, int width, int height) {
    gdImagePtr image = image_create(source, width, height);
    for (int y = 0; image && y < height; y++)
        for (int x = 0; x < width; x++, pixels += 4)
            gdImageTrueColorPixel(image, x, y) = image_color(pixels[0], pixels[1], pixels[2], pixels[3]);
    return image;
}

static gdImagePtr decode_first_frame(struct image_source *source, const WebPData *data, int width, int height) {
    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options)) return image_unsupported(source, "libwebp is of another version");
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(data, &options);
    if (!decoder) return image_damaged(source, "");
    uint8_t *pixels;
    int timestamp;
    gdImagePtr image = WebPAnimDecoderGetNext(decoder, &pixels, &timestamp) ? from_rgba(source, pixels, width, height)
                                                                            : image_damaged(source, "");
    WebPAnimDecoderDelete(decoder);
    return image;
}

gdImagePtr image_decode_webp(struct image_source *source) {
    const WebPData data = {source->data, source->size};
    WebPDemuxState state;
    WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
    if (state != WEBP_DEMUX_DONE) {
        WebPDemuxDelete(demuxer);
        return state == WEBP_DEMUX_PARSE_ERROR ? image_damaged(source, "") : image_cut_off(source);
    }
    const uint32_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH),
                   height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    read_orientation(source, demuxer);
    WebPDemuxDelete(demuxer);
    if (!image_has_fair_size(source, width, height)) return NULL;
    return decode_first_frame(source, &data, (int)width, (int)height);
}
