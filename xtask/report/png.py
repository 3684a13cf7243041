"""Makes screenshots small: a page has few colors, and a palette of 256 is enough for it."""

import struct
import zlib
from collections import Counter


def shrink(data):
    """The same picture with one byte for each pixel."""
    width, height, channels, packed = read(data)
    rows = unfilter(zlib.decompress(packed), width * channels, height, channels)
    pixels = [bytes(row[at:at + 3]) for row in rows for at in range(0, width * channels, channels)]
    counts = Counter(pixels)
    # Frequent colors stay as they are. What is almost one of them becomes it, so that there is room for rare ones.
    palette, places = [], {}
    for color, _ in counts.most_common():
        near = min(range(len(palette)), key=lambda place: apart(color, palette[place]), default=None)
        if near is None or (len(palette) < 256 and apart(color, palette[near]) > 150):
            near = len(palette)
            palette.append(color)
        places[color] = near
    lines = b"".join(b"\0" + bytes(places[pixel] for pixel in pixels[start:start + width])
                     for start in range(0, len(pixels), width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", b"".join(palette))
            + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def apart(one, two):
    return sum((a - b) ** 2 for a, b in zip(one, two))


def read(data):
    """Width, height, bytes for each pixel, and the packed rows."""
    at, packed, head = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    width, height, depth, color, _, _, interlaced = head
    if depth != 8 or color not in (2, 6) or interlaced:
        raise SystemExit(f"a screenshot of another kind: {head}")
    return width, height, 3 if color == 2 else 4, packed


def unfilter(raw, stride, height, step):
    """The rows as they were before PNG's predictors."""
    above, rows = bytearray(stride), []
    for number in range(height):
        start = number * (stride + 1)
        kind, row = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for at in range(stride):
            left = row[at - step] if at >= step else 0
            up, corner = above[at], above[at - step] if at >= step else 0
            if kind == 1:
                row[at] = (row[at] + left) & 255
            elif kind == 2:
                row[at] = (row[at] + up) & 255
            elif kind == 3:
                row[at] = (row[at] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                far = abs(guess - left), abs(guess - up), abs(guess - corner)
                row[at] = (row[at] + (left, up, corner)[far.index(min(far))]) & 255
        rows.append(row)
        above = row
    return rows


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
