"""Errors as HTTP answers: the one shape, and the status and headers of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from ..errors import (
    DatabricksFailed,
    DeploymentFailed,
    EngineFailed,
    Forbidden,
    InvalidArgument,
    InvalidChange,
    InvalidEvents,
    InvalidPipeline,
    InvalidSql,
    LakestreamError,
    LimitExceeded,
    ModelFailed,
    NotFound,
    RateLimited,
    RevisionConflict,
    StoreFailed,
    Unauthenticated,
    Unsupported,
)

if TYPE_CHECKING:
    from starlette.requests import Request

STATUS: tuple[tuple[type[LakestreamError], int], ...] = (
    (NotFound, 404),
    (RevisionConflict, 409),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (RateLimited, 429),
    (LimitExceeded, 413),
    (InvalidPipeline, 422),
    (Unsupported, 422),
    (InvalidArgument, 400),
    (InvalidChange, 400),
    (InvalidEvents, 400),
    (InvalidSql, 400),
    (EngineFailed, 503),
    (StoreFailed, 503),
    (ModelFailed, 503),
    (DatabricksFailed, 502),
    (DeploymentFailed, 502),
)
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff"}


def failure(error: LakestreamError, request: Request | None = None) -> JSONResponse:
    """An error as an answer, with the headers that its status asks for."""
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
    headers = dict(SAFE_HEADERS)
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.where["retry_after_s"])
    if request is not None and error.request_id is None:
        error.request_id = request.scope.get("state", {}).get("request_id")
    return JSONResponse({"error": error.to_json()}, status, headers=headers)
