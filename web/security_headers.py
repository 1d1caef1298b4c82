"""Headers of every response: pages load only our own resources, and other sites cannot frame or read them."""

from __future__ import annotations

from flask import Flask, Response, g, request

from pipeline.settings import Settings

_CSP = (
    "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR = 365 * 24 * 3600


def register(app: Flask, settings: Settings) -> None:
    """Add the headers that a handler has not set itself."""

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        if settings.tokens and request.endpoint not in ("static", "assets.file"):
            _keep_private(response, public=settings.public and g.get("caller") is None)
        return response


def _keep_private(response: Response, *, public: bool) -> None:
    """Keep shared caches from giving one caller's response to another."""
    response.vary.update(("Cookie", "Authorization"))
    if not public and not response.cache_control.no_store:
        response.cache_control.public = False
        response.cache_control.private = True
