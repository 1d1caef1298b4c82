"""Naming the images of a release by digest, for Kubernetes and for Compose."""

from __future__ import annotations

import re
from pathlib import Path

from release.changelog import ReleaseError

OVERLAY = Path("k8s/overlays/production/kustomization.yaml")
COMPOSE = Path("images.env")
_REFERENCE = re.compile(r"[a-z0-9][\w./:-]*@sha256:[0-9a-f]{64}")


def pin(root: Path, web: str, worker: str, redis: str) -> None:
    """Write three references, `REPOSITORY/NAME@sha256:…`, where the deployments read them."""
    for reference in (web, worker, redis):
        if not _REFERENCE.fullmatch(reference):
            raise ReleaseError(f"{reference} names no image by digest: NAME@sha256: and 64 digits")
    overlay = root / OVERLAY
    text = overlay.read_text()
    for name, reference in (("image-gallery-web", web), ("image-gallery-worker", worker)):
        where, _, digest = reference.partition("@")
        entry = rf"(- name: {name}\n    newName: )\S+(\n    digest: )\S+"
        text, found = re.subn(entry, rf"\g<1>{where}\g<2>{digest}", text)
        if found != 1:
            raise ReleaseError(f"{OVERLAY} names {name} {found} times, with newName and digest, and not once")
    overlay.write_text(text)
    (root / COMPOSE).write_text(
        "# The images of the latest release, for Compose.\n"
        f"WEB_IMAGE={web}\nWORKER_IMAGE={worker}\nREDIS_IMAGE={redis}\n"
    )
