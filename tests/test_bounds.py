"""Bounds: what is too much is refused with its numbers, and what is accepted stays within 512 MB of memory."""

from __future__ import annotations

import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.images.formats import Limits, read_header
from pipeline.images.limits import decode_bytes
from tests.conftest import Gallery
from tests.large import large
from tests.render_fixtures import encoded, scene

Image.MAX_IMAGE_PIXELS = None
WORKER_MB = 512


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, color: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


def png_with(name: bytes, before: bytes, size: int) -> bytes:
    whole = encoded(scene(), "PNG")
    return whole[:33] + chunk(name, before + zlib.compress(bytes(size), 9)) + whole[33:]


def jpeg_with_metadata(size: int) -> bytes:
    whole = encoded(scene(), "JPEG")
    segment = b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(0xFFFF - 8)
    return whole[:2] + segment * (size // len(segment)) + whole[2:]


def webp_canvas(width: int, height: int) -> bytes:
    head = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + (22).to_bytes(4, "little") + b"WEBPVP8X" + (10).to_bytes(4, "little") + head


def gif_frames(count: int, width: int, height: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame * count + b";"


def avif_sized(width: int, height: int) -> bytes:
    whole = encoded(scene((64, 64)), "AVIF")
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", width, height) + whole[at + 8 :]


def jpeg_of_scans(count: int, side: int) -> bytes:
    """A progressive JPEG whose last scan, which is short, comes again and again; its comments pretend an end."""
    whole = encoded(Image.new("RGB", (side, side), "teal"), "JPEG", progressive=True)
    end = whole.rindex(b"\xff\xd9")
    comment = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    last = whole[whole.rindex(b"\xff\xda") : end]
    return whole[:end] + comment + last * (count - whole.count(b"\xff\xda")) + whole[end:]


BOMBS: dict[str, tuple[bytes, str, list[str]]] = {
    "a huge PNG": (png_of(60000, 60000), "too-many-pixels", ["60000 × 60000", "3600", "250"]),
    "a PNG that is held whole": (png_of(15000, 15000), "needs-too-much-memory", ["15000 × 15000", "384"]),
    "a huge GIF": (gif_frames(1, 65535, 65535), "too-many-pixels", ["65535 × 65535", "250"]),
    "a long GIF": (gif_frames(6000, 64, 64), "too-many-frames", ["6000 frames", "5000"]),
    "a GIF of many large frames": (gif_frames(700, 3000, 3000), "too-many-frames", ["700 frames", "5000 megapixels"]),
    "a huge WebP": (webp_canvas(16383, 16383), "too-many-pixels", ["16383 × 16383", "250"]),
    "a WebP that is held whole": (webp_canvas(9000, 9000), "needs-too-much-memory", ["9000 × 9000", "384"]),
    "a huge AVIF": (avif_sized(40000, 40000), "too-many-pixels", ["40000 × 40000", "250"]),
    "a profile that inflates": (png_with(b"iCCP", b"x\0\0", 64 << 20), "inflates-too-much", ["colour profile", "8 MB"]),
    "text that inflates": (png_with(b"zTXt", b"x\0\0", 64 << 20), "inflates-too-much", ["text", "8 MB"]),
    "Unicode text that inflates": (png_with(b"iTXt", b"x\0\1\0\0\0", 64 << 20), "inflates-too-much", ["text", "8 MB"]),
    "many texts that inflate": (
        encoded(scene(), "PNG")[:33] + chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(7 << 20))) * 9 + png_of(9, 9)[33:],
        "too-much-metadata",
        ["32"],
    ),
    "a JPEG of many scans": (jpeg_of_scans(501, 200), "too-many-scans", ["200 × 200", "501", "500"]),
    "a large JPEG of many scans": (jpeg_of_scans(250, 5000), "too-many-scans", ["5000 × 5000", "250", "5000"]),
    "a JPEG full of EXIF": (jpeg_with_metadata(40 << 20), "too-much-metadata", ["39 MB", "32"]),
}


def test_bombs_are_refused_at_the_door_with_their_numbers(gallery: Gallery) -> None:
    for what, (data, code, numbers) in BOMBS.items():
        answer = gallery.upload(data)
        assert (answer.status, answer.json["code"]) == (422, code), (what, answer.json)
        assert all(number in answer.json["detail"] for number in numbers), (what, answer.json["detail"])
    assert os.listdir(gallery.data / "incoming") == os.listdir(gallery.data / "pending") == []


def test_no_accepted_file_takes_a_worker_beyond_its_memory(gallery: Gallery) -> None:
    gallery.stop("worker.2")
    usual = photo()
    files = large()
    for number, (what, (data, state)) in enumerate(files.items()):
        # the memory of a usual picture is kept for the next one
        made: Any = gallery.until_ended(gallery.upload(usual + bytes([number])).json["id"], 60)
        assert made["renditions"]["view"]["format"] == "avif", made
        answer = gallery.upload(data)
        assert answer.status == 201, (what, answer.json)
        record: Any = gallery.until_ended(answer.json["id"], 120)
        assert record["state"] == (state or record["state"]), (what, record)
        assert record["attempts"] == 1, (what, record)
        peaks = peaks_mb(gallery.processes["worker.1"].pid)
        print(f"{what}: {peaks}")
        assert sum(peaks) < WORKER_MB, (what, peaks)


def photo() -> bytes:
    """Twelve megapixels of noise, so that the view is a photograph and becomes AVIF."""
    noise = Image.effect_noise((1000, 750), 40).resize((4000, 3000))
    return encoded(Image.merge("RGB", (noise, noise, noise)), "JPEG")


def peaks_mb(group: int) -> list[int]:
    """The most that each process of the group has held so far."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, IndexError):
            if os.getpgid(int(status.parent.name)) == group:
                found.append(int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024)
    return found


@pytest.mark.parametrize("bits", [1, 8])
def test_the_estimate_of_memory_follows_the_format(bits: int) -> None:
    data = encoded(Image.new("1" if bits == 1 else "RGB", (4000, 3000)), "PNG")
    header = read_header(io.BytesIO(data))
    assert decode_bytes(header) < Limits().memory_mb << 20
    assert decode_bytes(header) > 12_000_000 * (1 if bits == 1 else 4)
