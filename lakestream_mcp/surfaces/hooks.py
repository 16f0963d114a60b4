"""`POST /hooks/<pipeline>/<node>`: events that others send to a webhook source."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..calls import Call
from ..errors import (
    EngineFailed,
    Forbidden,
    InvalidPipeline,
    LakestreamError,
    LimitExceeded,
    NotFound,
    RateLimited,
    StoreFailed,
    Unauthenticated,
)
from ..identity import Identity, Origin
from .bodies import body_of
from .gate import count_refusal, identified, refusal
from .host import Host

if TYPE_CHECKING:
    from ..graph.model import Relation
    from ..nodes.sources.rest_webhook_source.node import RestWebhookConfig
    from ..workspace import Workspace

PATH = "/hooks/{pipeline_id}/{node_id}"
TYPE = "rest-webhook-source"
STATUS: dict[type[LakestreamError], int] = {
    NotFound: 404,
    Forbidden: 403,
    LimitExceeded: 413,
    InvalidPipeline: 409,
    EngineFailed: 503,
    StoreFailed: 503,
}
CODES = {
    "HOOK_UNAUTHORIZED": 401,
    "INVALID_JSON": 400,
    "INVALID_PAYLOAD": 422,
    "IDEMPOTENCY_KEY_REUSED": 409,
    "FILE_REFUSED": 503,
}
Handler = Callable[[Request], Awaitable[Response]]


def hook_route(host: Host) -> Route:
    """The route of all webhook sources."""
    return Route(PATH, _handler(host), methods=["POST"])


def _handler(host: Host) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            names = request.path_params["pipeline_id"], request.path_params["node_id"]
            config, relation = await anyio.to_thread.run_sync(_hook, host, *names)
            ws = await _sender(host, config, request)
            body = await _body(request, config.max_request_bytes)
            key = request.headers.get(config.idempotency_header)
            take = partial(_taken, host, names[1], config, relation, body, key)
            landed = await anyio.to_thread.run_sync(_audited, ws, names, body, take)
        except LakestreamError as error:
            error.request_id = request.scope["state"]["request_id"]
            if isinstance(error, Unauthenticated | RateLimited):
                return refusal(error, host.identities, request.headers)
            return _refused(error)
        return JSONResponse(landed, 200 if landed["repeated"] else 202)

    return handle


def _hook(host: Host, pipeline_id: str, node_id: str) -> tuple[RestWebhookConfig, Relation]:
    """The newest configuration of a hook. Raises NotFound, InvalidPipeline."""
    from ..graph.config import parse
    from ..tools.discovery import load

    ws = host.workspace.with_caller(Identity("hook", "viewer", admin=True))
    # Who has not proved anything learns no names.
    missing = NotFound("There is no such hook.", got=f"/hooks/{pipeline_id}/{node_id}"[:120])
    try:
        node = load(ws, pipeline_id, 0).document.node(node_id)
        kind = None if node is None else ws.catalog.get(node.type)
    except NotFound:
        raise missing from None
    if node is None or kind is None or kind.type != TYPE:
        raise missing
    parsed = parse(kind, node.config)
    problems = [*parsed.problems, *([] if parsed.problems else kind.check(parsed.config, []))]
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        raise InvalidPipeline(
            f"The hook's node is not ready: {wrong[0].message}",
            where={"node": node_id, "field": wrong[0].field},
        )
    config: Any = parsed.config
    return config, kind.relation(config, [], ws.resolver)


async def _sender(host: Host, config: RestWebhookConfig, request: Request) -> Workspace:
    """The workspace as whoever holds the hook's secret may use it. Raises Forbidden.

    A hook without a secret is open to callers of the server who may run its pipeline.
    """
    from ..nodes.sources.rest_webhook_source.callers import check_caller

    pipeline_id = request.path_params["pipeline_id"]
    origin = Origin(
        "hook", request.headers.get("user-agent", ""), request.scope["state"]["request_id"]
    )
    if config.auth == "none":
        identity = await identified(host, request.headers, request.scope)
    else:
        try:
            check_caller(config, request.headers, os.environ)
        except Forbidden as error:
            count_refusal(host, error, request.scope)
            raise
        name = f"hook:{pipeline_id}/{request.path_params['node_id']}"
        identity = Identity(name, "author", admin=True)  # the secret is what binds them
    return host.workspace.with_caller(identity, origin=origin)


def _audited(
    ws: Workspace, names: tuple[str, str], body: bytes, take: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Take the events in and leave an audit row, whatever becomes of it."""
    call = Call("hook", hashlib.sha256(body).hexdigest(), request_id=ws.origin.request_id)
    call.pipeline_id = names[0]
    ws = ws.for_call(call)
    try:
        ws.require("author", "A hook without a secret")
        taken = take()
    except LakestreamError as error:
        ws.audit(error.code)
        raise
    ws.audit("ok")
    return taken


async def _body(request: Request, limit: int) -> bytes:
    raw = await body_of(request, limit)
    if raw is None:
        raise LimitExceeded("The body is too large.", expected=f"at most {limit} bytes")
    return raw


def _taken(
    host: Host,
    node_id: str,
    config: RestWebhookConfig,
    relation: Relation,
    body: bytes,
    key: str | None,
) -> dict[str, Any]:
    """Check the events and write them: when this returns, they survive a crash."""
    from ..nodes.sources.rest_webhook_source.landing import land, landing_of
    from ..nodes.sources.rest_webhook_source.payload import lines_of

    data, count = lines_of(body, relation, node_id)
    roots = host.workspace.settings.data_roots
    landed = land(landing_of(config.landing_path, roots, os.environ), data, key)
    return {"accepted": count, "file": landed.file, "repeated": landed.repeated}


def _refused(error: LakestreamError) -> JSONResponse:
    by_kind = (status for kind, status in STATUS.items() if isinstance(error, kind))
    status = CODES.get(error.code) or next(by_kind, 400)
    headers = {"WWW-Authenticate": str(error.expected)} if status == 401 else {}
    if isinstance(error, Forbidden) and status == 503:
        error.got = None  # a caller does not learn the server's folders
        error.expected = None
    return JSONResponse({"error": error.to_json()}, status, headers=headers)
