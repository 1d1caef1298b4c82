"""Traces of pictures, for a collector that speaks OpenTelemetry's protocol over HTTP.

OpenTelemetry's own settings say where they go and which are kept. Unless a collector is named, its packages are not
imported, and every call here does nothing. From web to worker, a trace's context travels in the marker of the outbox.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from pipeline.errors import GalleryError
from pipeline.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanContext

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_STOP_SECONDS = 2.0
_QUIET_SECONDS = 60.0
_NOTHING = nullcontext()
_Facts = Mapping[str, str | int | None]
_Str = str | None
_NONE: _Facts = MappingProxyType({})
_log = structlog.get_logger()


class Tracer:
    """Takes down what happens to pictures. This one is off: it does nothing."""

    is_on = False

    def span(
        self, name: str, *, kind: str = "internal", parent: _Str = None, begin: _Str = None, attributes: _Facts = _NONE
    ) -> AbstractContextManager[object]:
        """A context that is taken down as a span, failed if it raises. Its parent is `parent`, a W3C traceparent, or
        else the span around it; it began now, or at `begin`, in RFC 3339."""
        return _NOTHING

    def root(
        self, name: str, *, kind: str = "internal", links: tuple[str | None, ...] = (), attributes: _Facts = _NONE
    ) -> AbstractContextManager[object]:
        """As `span`, but it begins a trace of its own, with links to the span around it and to these traceparents."""
        return _NOTHING

    def past(self, name: str, begin: str, end: str, *, parent: str, attributes: _Facts = _NONE) -> None:
        """Take down something that is over, between two moments in RFC 3339."""

    def note(self, attributes: _Facts) -> None:
        """Add attributes to the span around this call. What is None is left out."""

    def fail(self, error: BaseException | str) -> None:
        """Say that what the span around this call took down has failed, and why: an error, or the code of one. The
        first reason counts."""

    @property
    def traceparent(self) -> str | None:
        """The W3C traceparent of the span around this call."""
        return None

    @property
    def log_fields(self) -> dict[str, str]:
        """What the lines of the log say of the span around this call."""
        return {}

    def log_fields_of(self, traceparent: str | None) -> dict[str, str]:
        """The same of the span that a traceparent names."""
        return {}

    @property
    def exemplar(self) -> dict[str, str] | None:
        """What an observation in a histogram says of the span around this call, if that is kept."""
        return None

    def stop(self) -> None:
        """Send what has not been sent, for a few seconds at most."""


def make_tracer(process: str, endpoint: str) -> Tracer:
    """A tracer for `web`, `worker` or `cli`; off without an endpoint. Make it after forks: a thread sends the spans."""
    if not endpoint:
        return Tracer()
    try:
        return _Tracer(_provider(f"gallery-{process}"))
    except ImportError as error:
        _log.warning("no traces: the packages of the extra `tracing` are not installed", missing=error.name)
    except ValueError as error:
        _log.warning("no traces: a setting of OpenTelemetry cannot be used", error=str(error))
    return Tracer()


def valid_traceparent(text: str | None) -> str | None:
    """A W3C traceparent of version 00, as it is; None for all else."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def _provider(name: str) -> TracerProvider:
    """OpenTelemetry as its environment says, and its exporter, which drops what it cannot send."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Exporter(OTLPSpanExporter):
        """Logs once a minute what OpenTelemetry would log several times for each batch."""

        quiet_until = 0.0

        def export(self, spans: object) -> SpanExportResult:
            result = super().export(spans)  # type: ignore[arg-type]
            if result is not SpanExportResult.SUCCESS and time.monotonic() > self.quiet_until:
                self.quiet_until = time.monotonic() + _QUIET_SECONDS
                _log.warning("traces not sent: the collector does not take them")
            return result

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: name}))
    provider = TracerProvider(resource=resource.merge(Resource({SERVICE_VERSION: VERSION})), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Exporter()))
    return provider


class _Tracer(Tracer):
    """One that is on."""

    is_on = True

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import trace

        self._api = trace
        self._provider = provider
        self._tracer = provider.get_tracer("image-gallery", VERSION)

    def span(
        self, name: str, *, kind: str = "internal", parent: _Str = None, begin: _Str = None, attributes: _Facts = _NONE
    ) -> AbstractContextManager[object]:
        return self._around(name, kind, self._remote(parent) if parent else None, (), attributes, begin)

    def root(
        self, name: str, *, kind: str = "internal", links: tuple[str | None, ...] = (), attributes: _Facts = _NONE
    ) -> AbstractContextManager[object]:
        from opentelemetry.context import Context

        return self._around(name, kind, Context(), (self.traceparent, *links), attributes)

    @contextmanager
    def _around(
        self,
        name: str,
        kind: str,
        context: Context | None,
        links: tuple[str | None, ...],
        attributes: _Facts,
        begin: str | None = None,
    ) -> Iterator[None]:
        found = self._tracer.start_span(
            name,
            context,
            self._api.SpanKind[kind.upper()],
            _known(attributes),
            [self._api.Link(self._context_of(each)) for each in links if each],
            _nanoseconds(begin) if begin else None,
        )
        # OpenTelemetry would add the error and its traceback, which may name files
        with self._api.use_span(found, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException as error:
                self.fail(error)
                raise

    def past(self, name: str, begin: str, end: str, *, parent: str, attributes: _Facts = _NONE) -> None:
        first = _nanoseconds(begin)
        span = self._tracer.start_span(name, self._remote(parent), attributes=_known(attributes), start_time=first)
        span.end(max(first, _nanoseconds(end)))  # two machines' clocks

    def note(self, attributes: _Facts) -> None:
        self._span.set_attributes(_known(attributes))

    def fail(self, error: BaseException | str) -> None:
        status = getattr(self._span, "status", None)
        if status is None or not status.is_ok:
            return  # not kept, or the reason is known
        if isinstance(error, GalleryError):
            code, said = error.code, str(error)
        else:
            code = said = error if isinstance(error, str) else type(error).__name__  # its message may name files
        self._span.set_attribute("error.type", code)
        self._span.set_status(self._api.StatusCode.ERROR, said)

    @property
    def traceparent(self) -> str | None:
        found = self._span.get_span_context()
        text = f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
        return text if found.is_valid else None

    @property
    def log_fields(self) -> dict[str, str]:
        found = self._span.get_span_context()
        return {"trace_id": f"{found.trace_id:032x}"} if found.is_valid else {}

    def log_fields_of(self, traceparent: str | None) -> dict[str, str]:
        return {"trace_id": traceparent.split("-")[1]} if traceparent else {}

    @property
    def exemplar(self) -> dict[str, str] | None:
        return self.log_fields if self._span.get_span_context().trace_flags.sampled else None

    def stop(self) -> None:
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)  # by itself it takes half a minute
        ending.start()
        ending.join(_STOP_SECONDS)

    @property
    def _span(self) -> Span:
        return self._api.get_current_span()

    def _remote(self, traceparent: str) -> Context:
        return self._api.set_span_in_context(self._api.NonRecordingSpan(self._context_of(traceparent)))

    def _context_of(self, traceparent: str) -> SpanContext:
        _, trace_id, span_id, flags = traceparent.split("-")
        known = self._api.TraceFlags(int(flags, 16))
        return self._api.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=known)


def _known(attributes: _Facts) -> dict[str, str | int]:
    return {name: value for name, value in attributes.items() if value is not None}


def _nanoseconds(moment: str) -> int:
    return max(0, int(datetime.fromisoformat(moment).timestamp() * 1_000_000)) * 1000
