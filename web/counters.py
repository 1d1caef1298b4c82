"""The metrics of web. No label can grow without bound: routes, codes, formats and statuses are all fixed."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("gallery_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "gallery_http_request_duration_seconds",
    "From a request's arrival to the beginning of its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UPLOADS = Counter("gallery_uploads", "Files sent, by what became of them.", ["result", "format"])
UPLOAD_BYTES = Counter("gallery_upload_bytes", "Bytes of accepted files.")
LISTENERS = Gauge("gallery_event_listeners", "Connections that listen for events.", multiprocess_mode="livesum")
WRONG_TOKENS = Counter("gallery_wrong_tokens", "Tokens offered that are none of ours.")
REFUSED_CONNECTIONS = Counter("gallery_connections_refused", "Connections that were closed unheard.", ["reason"])


def refused(code: str) -> None:
    """Count a file that was not accepted, by the code of the error."""
    UPLOADS.labels(code, "none").inc()
