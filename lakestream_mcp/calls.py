"""One running call, and what is told of it: audit log, server's log, metrics, trace."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .dialogue import ClientAsked
from .errors import LakestreamError, RateLimited
from .graph.plain import is_secret
from .identity import Role

if TYPE_CHECKING:
    from .operations import Operation
    from .workspace import Workspace

log = logging.getLogger("lakestream")

WORKING = "working"
"""What is told of work that goes on and has nothing else to say."""


class Notice(NamedTuple):
    """Something happened to a pipeline: `revision`, `run` or `deleted`."""

    kind: str
    pipeline_id: str
    data: dict[str, Any]


class Call:
    """One running operation: what its audit row will say, and what to tell once it is stored.

    `role` is what it needs on every pipeline it writes to.
    """

    def __init__(
        self, operation: str, arguments_sha256: str, role: Role = "none", request_id: str = ""
    ) -> None:
        self.operation = operation
        self.arguments_sha256 = arguments_sha256
        self.role = role
        self.request_id = request_id or secrets.token_hex(8)
        self.started = time.perf_counter()
        self.pipeline_id: str | None = None
        self.revision: int | None = None
        self.audited = False
        self.outcome = "ok"
        self.notices: list[Notice] = []

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the call began."""
        return round((time.perf_counter() - self.started) * 1000)


@contextlib.contextmanager
def watched(op: Operation, ws: Workspace) -> Iterator[None]:
    """Log, count and trace one call. Its error gets the id under which all three know it."""
    outcome = "INTERRUPTED"
    try:
        with _span(op, ws):
            yield
        outcome = ws.call.outcome
    except LakestreamError as error:
        outcome, error.request_id = error.code, ws.call.request_id
        raise
    except ClientAsked:
        outcome = "CLIENT_ASKED"
        raise
    finally:
        call = ws.call
        ws.services.metrics.call(op.name, ws.origin.surface, outcome, call.duration_ms / 1000)
        told = {
            "request_id": call.request_id,
            "operation": op.name,
            "outcome": outcome,
            "duration_ms": call.duration_ms,
            "actor": ws.identity.name,
            "surface": ws.origin.surface,
            "client": ws.origin.client,
            "pipeline": call.pipeline_id,
            "revision": call.revision,
        }
        log.info("%s: %s", op.name, outcome, extra={"told": told})


def audit_success(op: Operation, ws: Workspace) -> None:
    """A row for what changed, ran, or showed what deployers alone may see; reads are logged."""
    if op.effect != "read" or op.role == "deployer":
        ws.audit(ws.call.outcome)


def audit_failure(op: Operation, ws: Workspace, error: LakestreamError) -> None:
    """A row for a failed call; a store that cannot take it must not hide the first error."""
    wanted = op.effect != "read" or op.role == "deployer" or error.code == "FORBIDDEN"
    if not wanted or isinstance(error, RateLimited):
        return
    try:
        ws.audit(error.code)
    except LakestreamError as second:
        log.error("no audit row for %s: %s", ws.call.operation, second.message)


def unexpected(op: Operation, ws: Workspace, error: Exception) -> LakestreamError:
    """An error for what nobody foresaw: details go to the log, a reference to the caller."""
    reference = ws.call.request_id
    log.error("%s failed unexpectedly (%s)", op.name, reference, exc_info=error)
    return LakestreamError(
        f"`{op.name}` failed unexpectedly: {type(error).__name__}. Nothing was changed.",
        where={"operation": op.name, "reference": reference},
        hint=f"The server's log has the details under {reference}.",
    )


def digest(arguments: Mapping[str, Any]) -> str:
    """The hash of the arguments; what is named like a secret leaves no trace in it."""
    try:
        text = json.dumps(_without_secrets(arguments), sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        text = "unreadable"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: "***" if is_secret(str(k)) else _without_secrets(v) for k, v in value.items()}
    return [_without_secrets(v) for v in value] if isinstance(value, (list, tuple)) else value


@contextlib.contextmanager
def _span(op: Operation, ws: Workspace) -> Iterator[None]:
    """A span by OpenTelemetry's API, which does nothing unless somebody installed an SDK.

    Whoever did has imported the API already; the command line does not pay for it.
    """
    if "opentelemetry.trace" not in sys.modules:
        yield
        return
    from opentelemetry.trace import Status, StatusCode, get_tracer

    about = {"lakestream.operation": op.name, "lakestream.request_id": ws.call.request_id}
    about |= {"enduser.id": ws.identity.name, "lakestream.surface": ws.origin.surface}
    # An error's code is told and not its words, which hold what the caller sent.
    with get_tracer("lakestream").start_as_current_span(
        f"lakestream {op.name}",
        attributes=about,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except Exception as error:
            code = error.code if isinstance(error, LakestreamError) else type(error).__name__
            span.set_status(Status(StatusCode.ERROR, code))
            raise
        finally:
            if ws.call.pipeline_id:
                span.set_attribute("lakestream.pipeline", ws.call.pipeline_id)
