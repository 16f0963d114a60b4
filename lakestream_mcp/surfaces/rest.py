"""The REST surface: a route per operation, the viewer's page, docs and health."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from .. import __version__
from ..errors import (
    InvalidArgument,
    LakestreamError,
    LimitExceeded,
    NotFound,
)
from ..metrics import MEDIA_TYPE
from ..operations import Operation, call, operations
from .bodies import body_of
from .events import stream
from .failures import SAFE_HEADERS, failure
from .hooks import hook_route
from .host import PACKAGE, Host
from .sign_in import sign_in_routes

BODY_BYTES_MAX = 32 * 1024 * 1024
STATIC = PACKAGE / "surfaces" / "static"
HTML_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}
JSON = "application/json"
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(host: Host) -> list[Route]:
    """Every HTTP route beside `/mcp`; literal paths before those with parameters."""
    derived = [Route(op.path, _endpoint(host, op), methods=[op.method]) for op in operations()]
    return [
        *sorted(derived, key=lambda route: route.path.count("{")),
        Route("/api/pipelines/{pipeline_id}/events", _events(host), methods=["GET"]),
        hook_route(host),
        Route("/openapi.json", _openapi, methods=["GET"]),
        Route("/docs", _docs, methods=["GET"]),
        Route("/health", _health(host), methods=["GET"]),
        *sign_in_routes(host, HTML_HEADERS | SAFE_HEADERS),
        Route("/metrics", _metrics(host), methods=["GET"]),
        Route("/.well-known/oauth-protected-resource", _resource_metadata(host)),
        Route("/.well-known/oauth-protected-resource/mcp", _resource_metadata(host)),
        Route("/static/{file:path}", _static, methods=["GET"]),
        Route("/api/{rest:path}", _no_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/p/{rest:path}", _page, methods=["GET"]),
        Route("/", _page, methods=["GET"]),
    ]


def _endpoint(host: Host, op: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            arguments = await _arguments(request, op)
            ws = host.guest(request, "rest")
            answer = await anyio.to_thread.run_sync(call, op, ws, arguments)
        except LakestreamError as error:
            return failure(error, request)
        if answer.media_type != JSON:
            return Response(answer.text(), media_type=answer.media_type, headers=SAFE_HEADERS)
        return JSONResponse(answer.to_json(), headers=SAFE_HEADERS)

    return endpoint


async def _arguments(request: Request, op: Operation) -> dict[str, Any]:
    """Path, query and body as one set of arguments; the path has the last word."""
    query = {name: _query_value(request, op, name) for name in request.query_params}
    body = {} if op.method in {"GET", "DELETE"} else await _body(request)
    for name, value in request.path_params.items():
        if name in body and body[name] != value:
            raise InvalidArgument(
                f"`{name}` in the body is not the one in the path.",
                where={"argument": name},
                got=str(body[name])[:80],
                expected=value,
            )
    return {**query, **body, **request.path_params}


def _query_value(request: Request, op: Operation, name: str) -> Any:
    """Text as what it stands for, so that errors show the same value on every surface."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        return values
    kind = op.schema["properties"].get(name, {}).get("type")
    is_number = kind == "integer" and values[0].removeprefix("-").isdecimal()
    return int(values[0]) if is_number and len(values[0]) < 20 else values[0]


async def _body(request: Request) -> dict[str, Any]:
    raw = await body_of(request, BODY_BYTES_MAX)
    if raw is None:
        raise LimitExceeded(
            "The body is too large.",
            where={"argument": "body"},
            expected=f"at most {BODY_BYTES_MAX} bytes",
            hint="Put rows into a file below a data root and pass its path.",
        )
    if not raw:
        return {}
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        raise InvalidArgument(
            "The body must be JSON.",
            where={"argument": "body"},
            got=kind[:80] or "no content type",
            expected="application/json",
            hint="Send the header `Content-Type: application/json`.",
        )
    return _object(raw)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"The body does not parse as JSON: {str(error)[:120]}.", where={"argument": "body"}
        ) from None
    if not isinstance(body, dict):
        raise InvalidArgument(
            "The body must be one JSON object.",
            where={"argument": "body"},
            got=type(body).__name__,
            expected="object",
        )
    return body


def _events(host: Host) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            ws = host.guest(request, "rest")
            return await stream(
                ws, request.path_params["pipeline_id"], request.headers.get("last-event-id")
            )
        except LakestreamError as error:
            return failure(error, request)

    return endpoint


def _health(host: Host) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        try:
            await anyio.to_thread.run_sync(lambda: host.workspace.store.latest_change_seq())
        except Exception as error:  # noqa: BLE001 - the point is to say that something is wrong
            detail = {"status": "failing", "store": type(error).__name__}
            return JSONResponse(detail, 503)
        return JSONResponse({"status": "ok", "version": __version__})

    return endpoint


def _metrics(host: Host) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        metrics = host.guest(request, "rest").services.metrics
        return Response(metrics.text(), media_type=MEDIA_TYPE, headers=SAFE_HEADERS)

    return endpoint


def _resource_metadata(host: Host) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        from .identity.issuer import metadata

        settings = host.workspace.settings
        if settings.security.jwt is None:
            return await _no_route(request)
        return JSONResponse(metadata(settings.security.jwt, settings.url), headers=SAFE_HEADERS)

    return endpoint


async def _openapi(_: Request) -> Response:
    from .openapi import document

    return JSONResponse(document(), headers=SAFE_HEADERS)


async def _docs(_: Request) -> Response:
    from .openapi import page

    return HTMLResponse(page(), headers=HTML_HEADERS | SAFE_HEADERS)


async def _no_route(request: Request) -> Response:
    expected = [f"{op.method} {op.path}" for op in operations()]
    path = f"{request.method} {request.url.path}"[:120]
    return failure(
        NotFound("There is no such route.", got=path, expected=expected, hint="See /docs.")
    )


async def _static(request: Request) -> Response:
    """A built file of the viewer; nothing outside its folder."""
    path = (STATIC / request.path_params["file"]).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        return failure(NotFound("There is no such file.", got=request.url.path[:120]))
    return FileResponse(path, headers=SAFE_HEADERS)


async def _page(_: Request) -> Response:
    """The viewer: one page for all addresses; it reads the rest from its own URL."""
    index = STATIC / "index.html"
    if not index.is_file():
        return failure(
            NotFound("The viewer is not built.", hint="Run `make viewer`; /docs works without it.")
        )
    return FileResponse(index, headers=HTML_HEADERS | SAFE_HEADERS)
