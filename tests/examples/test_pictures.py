#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the C programs read of picture files, beside what Pillow reads and what the files were made of.
Usage: test_pictures.py READ_PICTURE CASES"""
import io
import os
import subprocess
import sys
import tempfile
import unittest

from picture_files import bmp, chunk, exif, gif, gif_frame, jpeg_with, packed, png, png_with
from PIL import Image, ImageOps

READER, CASES = (os.path.abspath(path) for path in sys.argv[1:3])
WIDTH, HEIGHT = 20, 12
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
         8: "ROTATE_90"}
PALETTE = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30)]


def color(x, y):
    return (12 * x, 20 * y, 255 - 6 * x - 11 * y)


def sample(mode="RGB"):
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.putdata([color(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    return image.convert(mode)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def over_white(image):
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as stream:
            stream.write(data)
        return path

    def read(self, *paths):
        """Of every path an RGB image or None, and what was said."""
        done = subprocess.run([READER, *paths], capture_output=True, check=True, timeout=60)
        images = []
        for line in done.stdout.decode().splitlines():
            if line == "refused":
                images.append(None)
                continue
            width, height, channels, values = line.split(" ")
            mode = "L" if channels == "1" else "RGB"
            images.append(Image.frombytes(mode, (int(width), int(height)), bytes.fromhex(values)).convert("RGB"))
        return images, done.stderr.decode()

    def check(self, data, expected, tolerance=0, name="picture"):
        images, said = self.read(self.write(name, data))
        self.assertIsNotNone(images[0], said)
        self.assertEqual(images[0].size, expected.size)
        pairs = zip(images[0].tobytes(), expected.convert("RGB").tobytes())
        self.assertLessEqual(max(abs(a - b) for a, b in pairs), tolerance)

    def as_pillow(self, data, tolerance=1):
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        self.check(data, over_white(image), tolerance)

    def refused(self, data, reason):
        images, said = self.read(self.write("picture", data))
        self.assertEqual(images, [None])
        self.assertIn(reason, said)


class Orientation(Case):
    def turned(self, orientation, image=None):
        image = image or sample()
        return image.transpose(getattr(Image, TURNS[orientation])) if orientation in TURNS else image

    def test_jpeg(self):
        plain = saved(sample(), "JPEG", quality=95)
        stored = Image.open(io.BytesIO(plain)).convert("RGB")
        for orientation in range(1, 9):
            for order in "<>":
                for kind in (3, 4):
                    block = (0xE1, b"Exif\0\0" + exif(orientation, order, kind))
                    expected = self.turned(orientation, stored)
                    with self.subTest(orientation=orientation, order=order, kind=kind):
                        self.check(jpeg_with(plain, block), expected, 1)
        other = [(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), (0xED, b"Photoshop 3.0\0"), (0xFE, b"a comment")]
        six, three = ((0xE1, b"Exif\0\0" + exif(n)) for n in (6, 3))
        self.check(jpeg_with(plain, *other, six), self.turned(6, stored), 1)
        self.check(jpeg_with(plain, six, *other, three), self.turned(6, stored), 1)
        self.check(plain[:2] + jpeg_with(plain, six)[20:], self.turned(6, stored), 1)

    def test_png(self):
        plain = saved(sample(), "PNG")
        for orientation in range(1, 9):
            for order in "<>":
                for after in (False, True):
                    file = png_with(plain, b"eXIf", exif(orientation, order), after)
                    with self.subTest(orientation=orientation, order=order, after=after):
                        self.check(file, self.turned(orientation))
        palette = saved(sample().quantize(16), "PNG")
        stored = Image.open(io.BytesIO(palette)).convert("RGB")
        self.check(png_with(palette, b"eXIf", exif(8)), self.turned(8, stored))

    def test_png_transparent(self):
        """A transparent colour and an alpha channel turn with their picture."""
        keyed = saved(sample(), "PNG", transparency=color(0, 0))
        expected = sample()
        expected.putpixel((0, 0), (255, 255, 255))
        self.check(png_with(keyed, b"eXIf", exif(6)), self.turned(6, expected))
        faded = sample("RGBA")
        faded.putalpha(Image.linear_gradient("L").resize(faded.size))
        self.check(png_with(saved(faded, "PNG"), b"eXIf", exif(5)), self.turned(5, over_white(faded)), 2)

    def test_webp(self):
        for orientation in range(1, 9):
            for prefix in (b"", b"Exif\0\0"):
                for order in "<>":
                    file = saved(sample(), "WEBP", lossless=True, exif=prefix + exif(orientation, order))
                    with self.subTest(orientation=orientation, prefix=prefix, order=order):
                        self.check(file, self.turned(orientation))

    def test_nonsense(self):
        """What is no orientation leaves the picture as it is."""
        for orientation in (0, 9, 256, 65535):
            self.check(png_with(saved(sample(), "PNG"), b"eXIf", exif(orientation)), sample())
        for block in (b"", b"II", b"Exif\0\0", exif(6)[:12], exif(6)[:25], b"\xff" * 80, b"II*\0\xff\xff\xff\xff" + b"\0" * 20):
            self.check(png_with(saved(sample(), "PNG"), b"eXIf", block), sample())

    def test_case(self):
        with open(os.path.join(CASES, "exif6.jpg"), "rb") as stream:
            data = stream.read()
        self.check(data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))), 1)
        self.assertEqual(self.read(os.path.join(CASES, "exif6.jpg"))[0][0].size, (12, 20))


class Png(Case):
    def test_kinds(self):
        """Every colour type, depth and order of rows."""
        for interlaced in (False, True):
            for depth in (1, 2, 4, 8, 16):
                top = (1 << depth) - 1
                grey = [[((x * y * 37 + x) % (top + 1),) for x in range(WIDTH)] for y in range(HEIGHT)]
                expected = Image.new("L", (WIDTH, HEIGHT))
                expected.putdata([value * 255 // top for row in grey for (value,) in row])
                with self.subTest(depth=depth, interlaced=interlaced, color_type=0):
                    self.check(png(WIDTH, HEIGHT, depth, 0, grey, interlaced=interlaced), expected, 1)
            for depth, factor in ((8, 1), (16, 257)):
                for color_type, opaque in ((2, ()), (6, (255 * factor,))):
                    samples = [[tuple(factor * c for c in color(x, y)) + opaque for x in range(WIDTH)] for y in range(HEIGHT)]
                    with self.subTest(depth=depth, interlaced=interlaced, color_type=color_type):
                        self.check(png(WIDTH, HEIGHT, depth, color_type, samples, interlaced=interlaced), sample())
                faded = [[(12 * x * factor, 20 * y * factor) for x in range(WIDTH)] for y in range(HEIGHT)]
                expected = Image.new("LA", (WIDTH, HEIGHT))
                expected.putdata([(12 * x, 20 * y) for y in range(HEIGHT) for x in range(WIDTH)])
                with self.subTest(depth=depth, interlaced=interlaced, color_type=4):
                    self.check(png(WIDTH, HEIGHT, depth, 4, faded, interlaced=interlaced), over_white(expected), 2)

    def test_palettes(self):
        for depth in (2, 4, 8):
            indices = [[((x + y) % 4,) for x in range(WIDTH)] for y in range(HEIGHT)]
            chunks = chunk(b"PLTE", b"".join(bytes(c) for c in PALETTE))
            expected = Image.new("RGBA", (WIDTH, HEIGHT))
            expected.putdata([PALETTE[i] + (255,) for row in indices for (i,) in row])
            self.check(png(WIDTH, HEIGHT, depth, 3, indices, chunks), expected)

    def test_as_pillow(self):
        self.as_pillow(saved(sample("1"), "PNG"))
        self.as_pillow(saved(sample("L"), "PNG", transparency=sample("L").getpixel((3, 3))))
        self.as_pillow(saved(sample().quantize(8), "PNG", transparency=bytes([0, 64, 128, 255])), 2)
        self.as_pillow(saved(sample(), "PNG", save_all=True, append_images=[sample().rotate(180)]))

    def test_deep_grey(self):
        self.check(open(os.path.join(CASES, "grey16.png"), "rb").read(), self.grey16(), 1)

    def grey16(self):
        deep = Image.open(os.path.join(CASES, "grey16.png"))
        grey = Image.new("L", deep.size)
        grey.putdata([value // 257 for value in deep.getdata()])
        return grey


class Jpeg(Case):
    def test_as_pillow(self):
        for mode in ("L", "RGB", "CMYK"):
            for options in ({}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"quality": 40}):
                with self.subTest(mode=mode, options=options):
                    self.as_pillow(saved(sample(mode), "JPEG", **options))

    def test_inks(self):
        """A picture of four inks without Adobe's mark holds how much there is of them."""
        file = saved(Image.new("CMYK", (WIDTH, HEIGHT), (255, 155, 255, 0)), "JPEG", quality=100)
        mark = file.index(b"\xff\xee")
        self.check(file, Image.new("RGB", (WIDTH, HEIGHT), (0, 100, 0)), 2)
        length = 2 + int.from_bytes(file[mark + 2 : mark + 4], "big")
        inverted = Image.new("RGB", (WIDTH, HEIGHT), (0, 0, 0))
        self.check(file[:mark] + file[mark + length :], inverted, 2)

    def test_missing_middle(self):
        """A whole file with a part of its data gone is damaged, though it ends as it should."""
        noise = Image.effect_noise((96, 96), 90)
        file = saved(noise, "JPEG", quality=90)
        start = len(file) // 2
        self.refused(file[:start] + file[-2:], "damaged")

    def test_unsupported(self):
        file = bytearray(saved(sample(), "JPEG"))
        file[file.index(b"\xff\xc0") + 1] = 0xC3
        self.refused(bytes(file), "this kind of JPEG is not supported")
        file = bytearray(saved(sample(), "JPEG"))
        file[file.index(b"\xff\xc0") + 4] = 12
        self.refused(bytes(file), "this kind of JPEG is not supported")


class Gif(Case):
    def indices(self, width, height):
        return [[(x + y) % 4 for x in range(width)] for y in range(height)]

    def canvas(self, width, height, left, top, frame_width, frame_height, transparent=None):
        expected = Image.new("RGB", (width, height), (255, 255, 255))
        for y, row in enumerate(self.indices(frame_width, frame_height)):
            for x, index in enumerate(row):
                if index != transparent:
                    expected.putpixel((left + x, top + y), PALETTE[index])
        return expected

    def test_frames(self):
        second = gif_frame(0, 0, 20, 12, [[3] * 20] * 12)
        for left, top, width, height in [(0, 0, 20, 12), (0, 0, 10, 6), (5, 3, 10, 6), (19, 11, 1, 1)]:
            for interlaced in (False, True):
                for transparent in (None, 2):
                    for own in (False, True):
                        frame = gif_frame(left, top, width, height, self.indices(width, height), own and PALETTE,
                                          interlaced, transparent)
                        palette = PALETTE[::-1] if own else PALETTE
                        expected = self.canvas(20, 12, left, top, width, height, transparent)
                        with self.subTest(left=left, interlaced=interlaced, transparent=transparent, own=own):
                            self.check(gif(20, 12, [frame], palette), expected)
                            self.check(gif(20, 12, [frame, second], palette), expected)

    def test_beyond_the_canvas(self):
        frame = gif_frame(4, 2, 20, 12, self.indices(20, 12), PALETTE)
        self.check(gif(10, 20, [frame]), self.canvas(24, 20, 4, 2, 20, 12))
        self.check(gif(0, 0, [frame]), self.canvas(24, 14, 4, 2, 20, 12))

    def test_case(self):
        images, said = self.read(os.path.join(CASES, "small_frame.gif"))
        self.assertIsNotNone(images[0], said)
        self.assertEqual(images[0].size, (20, 12))
        box = (5, 3, 15, 9)
        expected = Image.new("RGB", (20, 12), (255, 255, 255))
        expected.paste(Image.open(os.path.join(CASES, "small_frame.gif")).convert("RGB").crop(box), box)
        self.assertEqual(images[0].tobytes(), expected.tobytes())

    def test_as_pillow(self):
        self.as_pillow(saved(sample().quantize(32), "GIF"))
        self.as_pillow(saved(sample().quantize(32), "GIF", interlace=0))
        self.as_pillow(saved(sample().quantize(32), "GIF", save_all=True, append_images=[sample().rotate(180)]))


class WebP(Case):
    def test_as_pillow(self):
        faded = sample("RGBA")
        faded.putalpha(Image.linear_gradient("L").resize(faded.size))
        for image in (sample(), faded):
            for options in ({"lossless": True}, {"quality": 80}, {"quality": 80, "exif": exif(1)}):
                self.as_pillow(saved(image, "WEBP", **options), 2)
                self.as_pillow(saved(image, "WEBP", save_all=True, append_images=[sample().rotate(180)], **options), 2)

    def test_case(self):
        self.as_pillow(open(os.path.join(CASES, "anim.webp"), "rb").read())


class Bmp(Case):
    def rows(self, pack):
        return [b"".join(pack(*color(x, y)) for x in range(WIDTH)) for y in range(HEIGHT)]

    def whole(self, pack, depth, **options):
        return bmp(WIDTH, HEIGHT, depth, self.rows(pack), **options)

    def test_direct(self):
        bgr, bgrx = (lambda r, g, b: bytes([b, g, r])), (lambda r, g, b: bytes([b, g, r, 0]))
        for header in (12, 16, 40, 52, 56, 64, 108, 124):
            for top_down in (False, True) if header >= 40 else (False,):
                for gap in (0, 10):
                    with self.subTest(header=header, top_down=top_down, gap=gap):
                        self.check(self.whole(bgr, 24, header=header, top_down=top_down, gap=gap), sample())
                        self.check(self.whole(bgrx, 32, header=header, top_down=top_down, gap=gap), sample())

    def test_bit_fields(self):
        def pack(masks, size):
            def pixel(*components):
                value = 0
                for mask, component in zip(masks, components + (255,)):
                    low = mask & -mask
                    value |= (component * (mask // max(low, 1)) + 127) // 255 * low
                return value.to_bytes(size, "little")

            return pixel

        for depth, masks, tolerance in [
            (32, (0xFF0000, 0xFF00, 0xFF), 0), (32, (0xFF, 0xFF00, 0xFF0000), 0), (32, (0xFF000000, 0xFF0000, 0xFF00), 0),
            (32, (0x3FF00000, 0xFFC00, 0x3FF), 0), (16, (0xF800, 0x7E0, 0x1F), 5), (16, (0x7C00, 0x3E0, 0x1F), 5),
            (16, (0xF00, 0xF0, 0xF), 9), (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 0), (16, (0x7C00, 0x3E0, 0x1F, 0x8000), 5),
            (16, (0xF00, 0xF0, 0xF, 0xF000), 9)]:
            file_masks = masks if len(masks) == 4 else masks + (0,)
            for header in (40, 52, 56, 108, 124):
                with_alpha = header >= 56
                if len(masks) == 4 and header == 52:
                    continue
                compression = 6 if header == 40 and len(masks) == 4 else 3
                with self.subTest(depth=depth, masks=masks, header=header):
                    stored = file_masks if with_alpha or compression == 6 else masks
                    self.check(self.whole(pack(masks, depth // 8), depth, header=header, masks=stored,
                                          compression=compression), sample(), tolerance)
        self.check(self.whole(pack((0x7C00, 0x3E0, 0x1F), 2), 16), sample(), 5)

    def test_alpha(self):
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        faded = Image.new("RGBA", (WIDTH, HEIGHT))
        faded.putdata([color(x, y) + (12 * x,) for y in range(HEIGHT) for x in range(WIDTH)])
        rows = [b"".join(bytes([b, g, r, a]) for r, g, b, a in
                         (faded.getpixel((x, y)) for x in range(WIDTH))) for y in range(HEIGHT)]
        self.check(bmp(WIDTH, HEIGHT, 32, rows, 124, 3, masks=masks), over_white(faded), 2)
        # No alpha at all means that there is none.
        self.check(self.whole(lambda r, g, b: bytes([b, g, r, 0]), 32, header=124, compression=3, masks=masks), sample())

    def test_palettes(self):
        for depth in (1, 2, 4, 8):
            colors = PALETTE[: 1 << min(depth, 2)]
            indices = [[(x + y) % len(colors) for x in range(WIDTH)] for y in range(HEIGHT)]
            expected = Image.new("RGB", (WIDTH, HEIGHT))
            expected.putdata([colors[i] for row in indices for i in row])
            for header in (12, 40, 64, 108, 124):
                palette = colors + [(0, 0, 0)] * ((1 << depth) - len(colors)) if header == 12 else colors
                file = bmp(WIDTH, HEIGHT, depth, [packed(row, depth) for row in indices], header, palette=palette)
                with self.subTest(depth=depth, header=header):
                    self.check(file, expected)

    def test_runs(self):
        """Runs, colours that do not repeat, a move, the end of a row before its end, and no end of the picture."""
        expected = Image.new("RGB", (6, 3), PALETTE[0])
        for at, index in {(0, 2): 1, (1, 2): 1, (2, 2): 1, (3, 2): 2, (4, 2): 3, (5, 2): 1, (2, 1): 2, (3, 1): 3,
                          (0, 0): 3, (1, 0): 2}.items():
            expected.putpixel(at, PALETTE[index])
        rle8 = bytes([3, 1, 0, 3, 2, 3, 1, 0, 0, 0, 0, 2, 2, 0, 1, 2, 1, 3, 0, 0, 1, 3, 1, 2, 0, 1])
        rle4 = bytes([3, 0x11, 0, 3, 0x23, 0x10, 0, 0, 0, 2, 2, 0, 2, 0x23, 0, 0, 2, 0x32, 0, 1])
        for header in (40, 108, 124, 64):
            self.check(bmp(6, 3, 8, rle8, header, 1, PALETTE), expected)
            self.check(bmp(6, 3, 4, rle4, header, 2, PALETTE), expected)
        one = Image.new("RGB", (6, 1), PALETTE[1])
        self.check(bmp(6, 1, 8, bytes([6, 1]), 40, 1, PALETTE), one)
        for size in range(len(rle8) - 1):
            self.refused(bmp(6, 3, 8, rle8[:size], 40, 1, PALETTE), "the BMP picture is truncated")

    def test_unsupported(self):
        row = [bytes(8 * WIDTH)] * HEIGHT
        for depth, compression, header in [(64, 0, 40), (24, 4, 40), (24, 5, 40), (32, 11, 40), (1, 3, 64), (24, 4, 64),
                                           (0, 5, 40), (48, 0, 40), (8, 2, 40), (3, 0, 40)]:
            with self.subTest(depth=depth, compression=compression):
                self.refused(bmp(WIDTH, HEIGHT, depth, row, header, compression), "this kind of BMP is not supported")
        self.refused(bmp(WIDTH, HEIGHT, 24, row, 200), "this kind of BMP is not supported")

    def test_case(self):
        self.as_pillow(open(os.path.join(CASES, "bgra_v5.bmp"), "rb").read())
        self.as_pillow(saved(sample(), "BMP"))
        self.as_pillow(saved(sample("1"), "BMP"))
        self.as_pillow(saved(sample("L"), "BMP"))


class CutOff(Case):
    def files(self):
        faded = sample("RGBA")
        faded.putalpha(128)
        yield "png", saved(sample(), "PNG")
        yield "png", saved(sample("L"), "PNG", save_all=True, append_images=[sample("L").rotate(180)])
        yield "jpg", saved(sample(), "JPEG")
        yield "jpg", saved(sample(), "JPEG", progressive=True)
        yield "gif", gif(20, 12, [gif_frame(0, 0, 10, 6, [[1] * 10] * 6), gif_frame(3, 3, 4, 4, [[2] * 4] * 4)], PALETTE)
        yield "webp", saved(sample(), "WEBP", lossless=True)
        yield "webp", saved(faded, "WEBP", quality=50, exif=exif(6))
        yield "webp", saved(sample(), "WEBP", save_all=True, append_images=[sample().rotate(180)])
        yield "bmp", saved(sample(), "BMP")
        yield "bmp", bmp(WIDTH, HEIGHT, 8, [bytes(range(WIDTH))] * HEIGHT, 108, palette=PALETTE)

    def test_everywhere(self):
        for kind, file in self.files():
            paths = [self.write(f"{size}.{kind}", file[:size]) for size in range(len(file))]
            images, said = self.read(*paths)
            with self.subTest(kind=kind):
                self.assertEqual([i for i, image in enumerate(images) if image], [])
                said = said.splitlines()
                self.assertEqual(len(said), len(file))
                # Once it is seen of which kind it is, it is said what is wrong with it.
                unlike = [line for line in said[12:] if "picture is truncated" not in line]
                self.assertEqual(unlike, [])
            for path in paths:
                os.remove(path)

    def test_bytes_behind(self):
        for kind, file in self.files():
            whole, longer = self.write("whole", file), self.write("longer", file + b"\0\x01trailing" * 20)
            images, said = self.read(whole, longer)
            with self.subTest(kind=kind):
                self.assertIsNotNone(images[1], said)
                self.assertEqual(images[0].tobytes(), images[1].tobytes())

    def test_cases(self):
        for name in ("trunc.jpg", "trunc_ext.jpg"):
            with open(os.path.join(CASES, name), "rb") as stream:
                self.refused(stream.read(), "the JPEG picture is truncated")


class NoPicture(Case):
    def test_devices(self):
        images, said = self.read("/dev/zero", "/dev/null", self.folder, os.path.join(self.folder, "missing"))
        self.assertEqual(images, [None] * 4)
        for line, reason in zip(said.splitlines(), ["device", "device", "Is a directory", "No such file"]):
            self.assertIn(reason, line)

    def test_pipes(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        images, said = self.read(pipe)
        self.assertEqual(images, [None])
        self.assertIn("no program writes to it", said)
        plain = self.write("plain.png", saved(sample(), "PNG"))
        shell = subprocess.run(["bash", "-c", f"'{READER}' <(sleep 0.2; cat '{plain}') <(yes)"], capture_output=True, timeout=60)
        lines = shell.stdout.decode().splitlines()
        self.assertTrue(lines[0].startswith("20 12 3 "), shell.stderr)
        self.assertEqual(lines[1], "refused")

    def test_empty(self):
        self.refused(b"", "empty")
        self.refused(b"no picture", "it is not a PNG, JPEG, GIF, WebP or BMP picture")
        self.refused(saved(sample(), "TIFF"), "it is not a PNG, JPEG, GIF, WebP or BMP picture")
        self.refused(bmp(0, 5, 24, b""), "0 x 5 pixels")
        self.refused(gif(0, 0, [gif_frame(0, 0, 0, 0, [])], PALETTE), "0 x 0 pixels")
        self.refused(gif(5, 5, [gif_frame(0, 0, 0, 0, [])], PALETTE), "the GIF picture is damaged")

    def test_small(self):
        for size in ((1, 1), (1, 40), (40, 1)):
            for kind in ("PNG", "JPEG", "BMP", "WEBP", "GIF"):
                image = sample().resize(size)
                self.as_pillow(saved(image.quantize(8) if kind == "GIF" else image, kind), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
