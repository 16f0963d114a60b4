"""Spans of calls, sent by OTLP to a collector where OpenTelemetry's own variables name one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
SERVICE = "lakestream"
END_S = 3.0
"""So long is sent at the end."""

log = logging.getLogger("lakestream")


@contextmanager
def traced(environ: Mapping[str, str]) -> Iterator[None]:
    """While the server runs its spans are sent; what waits is sent when it ends.

    A collector that is away, or a package that is missing, keeps no server from serving.
    """
    provider = _provider(environ) if _wanted(environ) else None
    try:
        yield
    finally:
        if provider is not None:
            # It tries again for longer than those who stop services wait before they kill.
            sending = threading.Thread(target=provider.shutdown, daemon=True)
            sending.start()
            sending.join(END_S)


def _wanted(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    named = any(environ.get(name) for name in ENDPOINTS)
    return named and "otlp" in environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")


def _provider(environ: Mapping[str, str]) -> TracerProvider | None:
    """The sender, unless spans are recorded already by who started this process."""
    protocol = next((environ[name] for name in PROTOCOLS if environ.get(name)), SPOKEN)
    if protocol != SPOKEN:
        log.warning("no spans are sent: of OTLP only %s is spoken, not %s", SPOKEN, protocol)
        return None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no spans are sent: pip install 'lakestream-mcp[otlp]' where the server runs")
        return None
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return None
    about = Resource.create()
    if str(about.attributes[SERVICE_NAME]).startswith("unknown_service"):
        about = about.merge(Resource({SERVICE_NAME: SERVICE}))
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider
