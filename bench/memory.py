"""Megabytes of each process: at rest, during a stream of photos, and with the largest pictures that are accepted."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from bench.common import CORES, Product, arguments, number, product
from bench.latency import sent
from bench.photos import CACHE, copies, photo
from bench.report import save, table
from tests.product import free_port

_MB = 1024 * 1024
_SAMPLE_SECONDS = 0.05
_PNG_MEGAPIXELS = 82  # of more, the bound of memory refuses it


def main() -> None:
    """Sample all processes through three stretches of work."""
    options = arguments(__doc__)
    port = str(free_port())
    with product(workers=CORES, GALLERY_DASHBOARD_PORT=port, GALLERY_DASHBOARD_PASSWORD="bench") as running:
        running.start("dashboard", "web.dashboard")
        # a first picture, so that everything is loaded that stays
        send(running, list(copies([photo(0.5)], 4)))
        time.sleep(2)
        stretches: dict[str, dict[str, float]] = {}
        with _Sampler(running) as sampler:
            time.sleep(2)
        stretches["at rest"] = sampler.peaks
        with _Sampler(running) as sampler:
            send(running, list(copies([photo(12)], 10 if options.quick else 40, 1000)))
        stretches["12-megapixel JPEGs, a stream"] = sampler.peaks
        for kind, accepted in (("JPEG", running.settings.max_megapixels), ("PNG", _PNG_MEGAPIXELS)):
            most = min(accepted, 24) if options.quick else accepted
            file = _largest(most, kind)
            with _Sampler(running) as sampler:
                send(running, _distinct(file, kind, CORES))
            stretches[f"{kind}, {most} megapixels, {CORES} at once"] = sampler.peaks
        with _Sampler(running) as sampler:
            time.sleep(2)
        stretches["at rest again"] = sampler.peaks
    _report(stretches)


def send(running: Product, files: Sequence[bytes]) -> None:
    """Upload them, and wait until all are ready."""
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(lambda data: sent(running, data), files))
    running.wait_until_done(600)


def _largest(megapixels: int, kind: str) -> bytes:
    """As many pixels as are accepted; kept in the cache."""
    path = CACHE / f"largest-{megapixels}.{kind.lower()}"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        height = int((megapixels * 1e6 * 3 / 4) ** 0.5)
        small = Image.open(io.BytesIO(photo(6)))
        small.resize((height * 4 // 3, height)).save(path, kind, compress_level=1, quality=85)
    return path.read_bytes()


def _distinct(file: bytes, kind: str, count: int) -> list[bytes]:
    """Files of equal pictures and different bytes."""
    if kind == "JPEG":
        return list(copies([file], count, 5000))
    return [_with_text(file, f"copy {place}".encode()) for place in range(count)]


def _with_text(png: bytes, text: bytes) -> bytes:
    import zlib

    chunk = b"tEXt" + b"Comment\0" + text
    end = png.rindex(b"IEND") - 4
    whole = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return png[:end] + whole + png[end:]


class _Sampler:
    """Looks at every process twenty times a second; `peaks` are the most megabytes that each held, by role."""

    def __init__(self, running: Product) -> None:
        self._running = running
        self.peaks: dict[str, float] = {}
        self._stopped = threading.Event()

    def __enter__(self) -> _Sampler:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            for role, megabytes in _held(self._running):
                self.peaks[role] = max(self.peaks.get(role, 0), megabytes)


def _held(running: Product) -> Iterator[tuple[str, float]]:
    for name, process in list(running.processes.items()):
        role = name.partition(".")[0]
        relatives = family(process.pid)
        for pid in relatives:
            if (found := _resident(pid)) is not None:
                yield _title(role, pid == process.pid, len(relatives)), found


def _title(role: str, eldest: bool, family: int) -> str:
    if role == "worker" and not eldest:
        return "worker's renderer"
    if role in ("web", "dashboard") and eldest and family > 1:
        return f"{role}'s parent process"
    return role


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    except OSError:
        pass
    return found


def _resident(pid: int) -> float | None:
    """Megabytes resident; what processes share is counted with each of them."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / _MB
    except OSError:
        return None


def _report(stretches: dict[str, dict[str, float]]) -> None:
    save("memory", {"megabytes": stretches})
    roles = sorted({role for peaks in stretches.values() for role in peaks})
    rows = [[role, *(number(peaks[role]) if role in peaks else "–" for peaks in stretches.values())] for role in roles]
    table("memory", ["process, MB resident at most", *stretches], rows, "The largest of each kind of process.")


if __name__ == "__main__":
    main()
