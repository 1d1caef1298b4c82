"""What each role may do, and what everybody may."""

from __future__ import annotations

from tests.access.calls import Serve, put, raw, sign_in
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer


def test_each_role_may_do_its_own_and_no_more(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    assert put(gallery).status == 401
    assert put(gallery, **bearer(READ)).status == 403
    sent = put(gallery, **bearer(UPLOAD))
    assert sent.status == 201
    link = sent.headers["Location"]
    refused = gallery.call("DELETE", link, headers=bearer(UPLOAD))
    assert (refused.status, refused.json["code"]) == (403, "not-allowed")
    assert gallery.call("POST", "/api/retry-failed", headers=bearer(UPLOAD)).status == 403
    anonymous = gallery.call("GET", link)
    assert (anonymous.status, anonymous.json["code"]) == (401, "sign-in-needed")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    for secret in (READ, UPLOAD, ADMIN):
        assert gallery.call("GET", link, headers=bearer(secret)).status == 200
    assert gallery.call("GET", link, headers=bearer("x" * 24)).status == 401
    assert gallery.call("DELETE", link, headers=bearer(ADMIN)).status == 204
    assert gallery.call("GET", "/healthz").status == 200


def test_originals_and_renditions_are_as_private_as_the_rest(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    original = put(gallery, **bearer(UPLOAD)).json["links"]["original"]
    assert gallery.call("GET", original).status == 401
    mine = gallery.call("GET", original, headers=bearer(READ))
    assert mine.status == 200
    assert "private" in mine.headers["Cache-Control"]
    assert "public" not in mine.headers["Cache-Control"]


def test_a_public_gallery_can_be_read_by_all_and_changed_by_few(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    link = put(gallery, **bearer(UPLOAD)).headers["Location"]
    assert gallery.call("GET", link).status == 200
    assert gallery.call("GET", "/").status == 200
    assert put(gallery).status == 401
    assert gallery.call("DELETE", link).status == 401


def test_admins_get_a_link_to_the_dashboard(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1", GALLERY_DASHBOARD_URL="https://queue.example/")
    mine = sign_in(gallery, ADMIN).headers["Set-Cookie"].split(";")[0]
    assert b'href="https://queue.example/"' in raw(gallery, "GET", "/", Cookie=mine).body
    assert b"queue.example" not in gallery.call("GET", "/").body
