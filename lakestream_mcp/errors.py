"""Every error the product raises, on one screen.

LakestreamError                 one JSON shape: code, message, where, got, expected, hint, fix
├── NotFound                    no such pipeline, node, run, revision, file
├── InvalidArgument             an argument that cannot be used as given
├── InvalidChange               a change that cannot be applied to the graph
├── RevisionConflict            `expect_revision` is not the head any more
├── InvalidPipeline             the operation needs a pipeline without error findings
├── InvalidSql                  SQL that does not parse, is not allowed, or does not resolve
├── InvalidEvents               events that cannot be read or typed
├── Unsupported                 a declared gap: refused with the reason, never approximated
├── LimitExceeded               a documented limit was reached
├── Unauthenticated             the request does not prove who sends it
├── Forbidden                   the caller's role does not include the operation
├── RateLimited                 too many calls in a short time; `retry_after_s` says when to go on
├── DatabricksFailed            Databricks refused a call, could not be reached, or is not connected
├── DeploymentFailed            a deployment failed: undone, or partial with what is left
├── ModelFailed                 a language model did not answer, or not in a form that can be used
├── StoreFailed                 the database is busy, unreachable or damaged; nothing was saved
└── EngineFailed                a child process (Sail, Spark) failed; the message says what to do
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class LakestreamError(Exception):
    """An answer that says what is wrong and what to do.

    `where` names the place (`pipeline`, `node`, `field`, `change`, `row` …), `fix` is a list of
    changes that `edit_pipeline` accepts, when the remedy is an edit. `request_id` is set by the
    runner: under it the call is found in the server's log and in the audit log.
    """

    code = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        where: dict[str, Any] | None = None,
        got: Any = None,
        expected: Any = None,
        hint: str | None = None,
        fix: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.where = where or {}
        self.got = got
        self.expected = expected
        self.hint = hint
        self.fix = fix
        self.request_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The one shape every surface shows; empty parts are left out."""
        parts = {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "got": self.got,
            "expected": self.expected,
            "hint": self.hint,
            "fix": self.fix,
            "request_id": self.request_id,
        }
        return {k: v for k, v in parts.items() if v not in (None, {}, [])}


class NotFound(LakestreamError):
    code = "NOT_FOUND"


class InvalidArgument(LakestreamError):
    code = "INVALID_ARGUMENT"


class InvalidChange(LakestreamError):
    code = "INVALID_CHANGE"


class RevisionConflict(LakestreamError):
    code = "REVISION_CONFLICT"


class InvalidPipeline(LakestreamError):
    code = "INVALID_PIPELINE"


class InvalidSql(LakestreamError):
    code = "INVALID_SQL"


class InvalidEvents(LakestreamError):
    code = "INVALID_EVENTS"


class Unsupported(LakestreamError):
    code = "UNSUPPORTED"


class LimitExceeded(LakestreamError):
    code = "LIMIT_EXCEEDED"


class Unauthenticated(LakestreamError):
    code = "UNAUTHENTICATED"


class Forbidden(LakestreamError):
    code = "FORBIDDEN"


class RateLimited(LakestreamError):
    code = "RATE_LIMITED"


class DatabricksFailed(LakestreamError):
    """`retryable`: whether the same call may be made again; else look first what has been done."""

    code = "DATABRICKS_FAILED"

    def __init__(self, message: str, *, retryable: bool = False, **parts: Any) -> None:
        super().__init__(message, **parts)
        self.retryable = retryable


class DeploymentFailed(LakestreamError):
    code = "DEPLOYMENT_UNDONE"


class ModelFailed(LakestreamError):
    code = "MODEL_FAILED"


class StoreFailed(LakestreamError):
    """`retryable`: nothing was saved, and the same call may well succeed at once."""

    code = "STORE_FAILED"

    def __init__(self, message: str, *, retryable: bool = False, **parts: Any) -> None:
        super().__init__(message, **parts)
        self.retryable = retryable


class EngineFailed(LakestreamError):
    code = "ENGINE_FAILED"


SHORTEST_BEGINNING = 3


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name most like the given one, or None when nothing is close."""
    by_lower = {name.lower(): name for name in known}
    plain = given.lower()
    found = difflib.get_close_matches(plain, by_lower, n=1, cutoff=0.6)
    if not found:
        # `temperature` for `temp`, `end` for `end_condition`: where no other name is alike.
        alike = [name for name in by_lower if min(len(name), len(plain)) >= SHORTEST_BEGINNING]
        found = [n for n in alike if n.startswith(plain) or plain.startswith(n)]
    return by_lower[found[0]] if len(found) == 1 else None
