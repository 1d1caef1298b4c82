"""Finding objects in an overlay."""

from __future__ import annotations

from typing import Any

OURS = ("web", "worker", "dashboard")
Object = dict[str, Any]


def of(objects: list[Object], kind: str, name: str | None = None) -> list[Object]:
    """The objects of a kind, of one name or of all."""
    return [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]


def one(objects: list[Object], kind: str, name: str) -> Object:
    """The object of this kind and name; generated names may end in a hash."""
    (found,) = [o for o in of(objects, kind) if o["metadata"]["name"].startswith(name)]
    return found


def pod(deployment: Object) -> Object:
    """The pod that a Deployment makes."""
    spec: Object = deployment["spec"]["template"]["spec"]
    return spec


def container(objects: list[Object], name: str) -> Object:
    """The one container of a Deployment."""
    (found,) = pod(one(objects, "Deployment", name))["containers"]
    assert found["name"] == name
    return dict(found)
