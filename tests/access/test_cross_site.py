"""Other sites' pages change nothing, take no name and embed nothing."""

from __future__ import annotations

import pytest

from tests.access.calls import Serve, put, raw


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "none", "Origin": "http://evil.example"},
    ],
)
def test_an_open_gallery_is_changed_by_no_other_site(serve: Serve, headers: dict[str, str]) -> None:
    gallery = serve()
    link = put(gallery).headers["Location"]
    for method, path in (
        ("POST", "/upload"),
        ("POST", "/api/images"),
        ("DELETE", link),
        ("POST", "/api/retry-failed"),
        ("POST", link.removeprefix("/api") + "/delete"),
        ("POST", "/signout"),
    ):
        assert raw(gallery, method, path, **headers).status == 403
    assert gallery.call("GET", link).status == 200


def test_our_own_pages_may_write(serve: Serve) -> None:
    gallery = serve()
    assert put(gallery, Origin=gallery.url, Sec_Fetch_Site="same-origin").status == 201
    assert put(gallery, Origin=f"http://127.0.0.1:{gallery.port}").status == 201


@pytest.mark.parametrize(
    "settings", [{}, {"GALLERY_OPEN": "1"}, {"GALLERY_OPEN": "1", "GALLERY_HOST": "0.0.0.0"}], ids=str
)
def test_no_site_takes_the_name_of_an_open_gallery(serve: Serve, settings: dict[str, str]) -> None:
    gallery = serve(**settings)
    link = put(gallery).headers["Location"]
    rebound = {"Host": f"evil.example:{gallery.port}", "Origin": f"http://evil.example:{gallery.port}"}
    for method, path in (("GET", "/api/images"), ("DELETE", link), ("POST", "/upload"), ("GET", "/metrics")):
        answer = raw(gallery, method, path, **rebound)
        assert answer.status == 403, path
    assert b"GALLERY_HOSTS" in raw(gallery, "GET", "/api/images", **rebound).body
    for host in ("0.0.0.0", "10.244.0.7", "gallery"):
        assert raw(gallery, "GET", "/api/images", Host=host).status == 403
        assert raw(gallery, "GET", "/healthz", Host=host).status == 200  # probes ask by address
        assert raw(gallery, "GET", "/readyz", Host=host).status == 200
    for host in ("localhost", "127.0.0.1:30080", "[::1]:8080"):
        assert raw(gallery, "GET", "/api/images", Host=host).status == 200
    assert gallery.call("GET", link).status == 200


def test_an_open_gallery_answers_to_the_names_it_is_given(serve: Serve) -> None:
    gallery = serve(GALLERY_HOSTS="gallery.example", GALLERY_OPEN="1")
    assert raw(gallery, "GET", "/api/images", Host="gallery.example").status == 200
    assert raw(gallery, "GET", "/api/images", Host="localhost").status == 403


def test_pages_and_files_carry_headers_that_keep_others_out(serve: Serve) -> None:
    gallery = serve()
    original = put(gallery).json["links"]["original"]
    for path in ("/", "/api/images", original, "/nowhere", "/api/nowhere"):
        headers = gallery.call("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
    assert "sandbox" in gallery.call("GET", original).headers["Content-Security-Policy"]
