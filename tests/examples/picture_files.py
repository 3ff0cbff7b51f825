# SPDX-License-Identifier: MIT
"""Writers of picture files in kinds that few programs write: what they hold is known without a decoder."""
import struct
import zlib


def exif(orientation, order="<", kind=3):
    """A block of EXIF data with entries before and after the orientation."""
    value = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    entries = [
        struct.pack(order + "HHI", 0x010F, 2, 4) + b"abc\0",
        struct.pack(order + "HHI", 0x0112, kind, 1) + value,
        struct.pack(order + "HHIHH", 0x0213, 3, 1, 1, 0),
    ]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", 0)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(values, depth):
    """Samples of a row, whole bytes, the first in the highest bits."""
    bits = "".join(format(value, f"0{depth}b") for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def png(width, height, depth, color_type, samples, before=b"", after=b"", interlaced=False):
    """samples[y][x] is a tuple. before and after are chunks around those of the pixels."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x0, y0, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        if x0 >= width:
            continue
        for y in range(y0, height, dy):
            data += b"\0" + packed([v for x in range(x0, width, dx) for v in samples[y][x]], depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    signature = b"\x89PNG\r\n\x1a\n"
    pixels = chunk(b"IDAT", zlib.compress(data))
    return signature + chunk(b"IHDR", header) + before + pixels + after + chunk(b"IEND", b"")


def gif_frame(left, top, width, height, indices, palette=None, interlaced=False, transparent=None):
    """indices[y][x] below 64; the palette is the frame's own."""
    rows = list(range(height))
    if interlaced:
        rows = [y for first, step in [(0, 8), (4, 8), (2, 4), (1, 2)] for y in range(first, height, step)]
    codes = []
    for i, index in enumerate(indices[y][x] for y in rows for x in range(width)):
        codes += [256, index] if i % 100 == 0 else [index]
    bits = "".join(format(code, "09b")[::-1] for code in codes + [257])
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    flags = (0x85 if palette else 0) | (0x40 if interlaced else 0)
    control = b"" if transparent is None else b"!\xf9\x04\x01\0\0" + bytes([transparent]) + b"\0"
    head = b"," + struct.pack("<HHHHB", left, top, width, height, flags)
    return control + head + color_table(palette) + b"\x08" + blocks + b"\0"


def color_table(palette):
    if not palette:
        return b""
    return b"".join(bytes(color) for color in palette).ljust(3 * 64, b"\0")


def gif(width, height, frames, palette=None):
    flags = 0x85 if palette else 0
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + color_table(palette) + b"".join(frames) + b";"


def bmp(width, height, depth, rows, header=40, compression=0, palette=(), masks=(), top_down=False, gap=0):
    """rows are bytes from the top, packed, or the runs of a compressed picture. masks stand in the header or behind."""
    entry = 3 if header == 12 else 4
    colors = b"".join(bytes(color[::-1]) + b"\0" * (entry - 3) for color in palette)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, depth, compression, 0,
                           2835, 2835, len(palette), 0)
        stored = b"".join(struct.pack("<I", mask) for mask in masks)
        info = (info + stored).ljust(header, b"\0") if header > 40 else info[:header] + stored
    if isinstance(rows, bytes):
        pixels = rows
    else:
        stored_rows = rows if top_down else rows[::-1]
        pixels = b"".join(row + b"\0" * (-len(row) % 4) for row in stored_rows)
    offset = 14 + len(info) + len(colors) + gap
    return struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + info + colors + b"\0" * gap + pixels


def jpeg_with(jpeg, *segments):
    """The JPEG file with segments (marker, bytes) behind its first, which is JFIF's."""
    at = 4 + struct.unpack(">H", jpeg[4:6])[0]
    added = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return jpeg[:at] + added + jpeg[at:]


def png_with(file, name, data, after=False):
    """The PNG file with a chunk before its pixels or behind them."""
    at = file.index(b"IEND") - 4 if after else file.index(b"IDAT") - 4
    return file[:at] + chunk(name, data) + file[at:]
