"""Every address of web asks for a role. Whoever adds one says here which."""

from __future__ import annotations

import http.client

import pytest

from pipeline.ids import new_id
from pipeline.settings import Settings
from pipeline.tokens import Role
from tests.conftest import Gallery, picture
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer
from web import create_app

ANYBODY = {
    "access.signin", "access.signin_form", "assets.file", "health.healthz", "health.readyz", "install.manifest",
    "install.offline", "install.service_worker", "static",
}  # fmt: skip
READERS = {
    "access.signout", "api.one", "api.page", "archive.download", "bulk.ids", "days.days", "events.events",
    "files.download", "files.original", "files.rendition", "gallery.image", "gallery.index", "metrics.show",
    "openapi.docs", "openapi.document", "status.status",
}  # fmt: skip
UPLOADERS = {"api.upload", "bulk.restore", "install.share", "trash.restore", "trash_page.restore", "upload.form"}
ADMINS = {
    "api.delete", "api.retry", "api.retry_failed", "bulk.delete", "bulk.retry", "gallery.delete", "gallery.retry",
    "gallery.retry_failed", "status_page.index", "status_page.retry", "trash.empty", "trash.page", "trash.purge",
    "trash_page.empty", "trash_page.grid", "trash_page.index", "trash_page.purge",
}  # fmt: skip
LEAST = {
    **dict.fromkeys(ANYBODY, Role.NONE),
    **dict.fromkeys(READERS, Role.READ),
    **dict.fromkeys(UPLOADERS, Role.UPLOAD),
    **dict.fromkeys(ADMINS, Role.ADMIN),
}
CALLERS = {Role.NONE: {}, Role.READ: bearer(READ), Role.UPLOAD: bearer(UPLOAD), Role.ADMIN: bearer(ADMIN)}
# these answer as the guard does who lets nobody in: 401 to a wrong token, and on to the sign-in page
LIKE_REFUSALS = {"access.signin_form", "access.signout"}


def addresses(settings: Settings) -> list[tuple[str, str, str]]:
    """Endpoint, method and path of every address."""
    app = create_app(settings)
    given = {"image_id": new_id(), "name": "grid", "filename": "icon.svg", "file": "view.webp"}
    adapter = app.url_map.bind("127.0.0.1")
    return [
        (rule.endpoint, method, adapter.build(rule.endpoint, {key: given[key] for key in rule.arguments}))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def is_let_in(gallery: Gallery, method: str, path: str, role: Role) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=30)
    try:
        connection.request(method, path, headers=CALLERS[role])
        answer = connection.getresponse()
        to_sign_in = answer.status == 303 and answer.headers["Location"].startswith("/signin")
        return answer.status not in (401, 403) and not to_sign_in
    finally:
        connection.close()


@pytest.mark.parametrize("public", ["", "1"], ids=["private", "public"])
def test_every_address_lets_in_its_roles_and_no_others(bare: Gallery, public: str) -> None:
    environ = {"GALLERY_TOKEN": TOKENS, "GALLERY_PUBLIC": public}
    found = addresses(Settings.from_environment({**bare.environ, **environ}))
    assert {endpoint for endpoint, _, _ in found} == set(LEAST)
    bare.start_web(**environ)
    # whose original it is, is looked up first
    image = bare.call("POST", "/api/images", picture(), bearer(UPLOAD)).json["id"]
    wrong = []
    for endpoint, method, path in found:
        least = LEAST[endpoint]
        if public and least is Role.READ and endpoint != "metrics.show":
            least = Role.UPLOAD if endpoint == "files.original" else Role.NONE
        if endpoint == "files.original":
            path = f"/images/{image}/original"
        for role in CALLERS:
            expected = role.covers(least)
            if endpoint not in LIKE_REFUSALS and is_let_in(bare, method, path, role) != expected:
                wrong.append(f"{role} {method} {path}: expected {expected}")
    assert not wrong, wrong
