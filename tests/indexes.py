"""What the tests of the index share: a second machine, a full walk of the folders, and all pages of a web process."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from pipeline.records import PublicRecord
from pipeline.settings import Settings
from pipeline.store import Store
from tests.product import Answer, Gallery, prepared


@contextmanager
def another_machine(gallery: Gallery) -> Iterator[Gallery]:
    """A second web service with the same volume and Redis, and a cache of its own."""
    cache = f"{gallery.data}-cache-{secrets.token_hex(4)}"
    with prepared(gallery.data, REDIS_URL=gallery.environ["REDIS_URL"], GALLERY_CACHE=cache) as other:
        other.start_web()
        yield other


def index_file(gallery: Gallery) -> Path:
    """The file of the index; raises `OSError` if there is none."""
    return next(Path(gallery.environ["GALLERY_CACHE"]).glob("index-*/current/index.sqlite")).resolve(strict=True)


def walk(data: Path, state: str | None = None) -> list[Any]:
    """Every record on the volume, newest first, read from the folders."""
    store = Store(Settings.from_environment({"GALLERY_DATA": str(data)}))
    records = [store.get(image_id) for image_id in store.ids()]
    plain = [json.loads(msgspec.json.encode(PublicRecord(**record.public()))) for record in records]
    return [record for record in plain if state in (None, record["state"])]


def page(gallery: Gallery, query: str = "") -> Any:
    """One page as `/api/images` answers it, the records without links."""
    answer = gallery.call("GET", f"/api/images?{query}")
    assert answer.status == 200, answer.body
    found = answer.json
    for record in found["images"]:
        del record["links"]
    return found


def pages(gallery: Gallery, query: str = "", limit: int = 7) -> list[Any]:
    """Every record that a query finds, page by page."""
    records: list[Any] = []
    before = ""
    while before is not None:
        found = page(gallery, f"limit={limit}&{query}{before and f'&before={quote(before)}'}")
        records += found["images"]
        before = found["next"]
    return records


def is_whole(gallery: Gallery) -> bool:
    """Whether pages come from the index."""
    return bool(page(gallery, "limit=1")["complete"])


def send_form(gallery: Gallery, data: bytes, name: str = "a.png") -> Answer:
    """Upload by the plain form; the answer is that of the page that it redirects to."""
    edge = secrets.token_hex(12)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    return gallery.call("POST", "/upload", body, {"Content-Type": f"multipart/form-data; boundary={edge}"})
