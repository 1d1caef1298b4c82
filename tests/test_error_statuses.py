"""Every named error has its HTTP status, and no other has one."""

from __future__ import annotations

import importlib
import pkgutil

import web
from pipeline.errors import GalleryError
from web.errors import STATUS


def test_every_named_error_has_a_status() -> None:
    for module in pkgutil.walk_packages(web.__path__, "web."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert set(STATUS) == codes(GalleryError)


def codes(kind: type[GalleryError]) -> set[str]:
    return {kind.code}.union(*map(codes, kind.__subclasses__()))
