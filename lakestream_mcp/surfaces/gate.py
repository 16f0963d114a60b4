"""What every HTTP request passes: an id, and a proof of who sends it.

MCP, REST, events, the canvas, docs and metrics are behind it alike; what is open is named in
`OPEN`. Host and Origin were checked before.
"""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from ..errors import Forbidden, LakestreamError, RateLimited, Unauthenticated
from ..identity import Identity, IdentitySource
from .failures import failure
from .sign_in import to_sign_in, with_cookie

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .host import Host

OPEN = re.compile(r"/health|/hooks/.+|/login|/logout|/\.well-known/oauth-protected-resource(/mcp)?")
"""A probe that tells nothing; hooks, which hold their own proof; where to get or give a token."""
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
AT_ONCE = 8
_TURNS: RunVar[CapacityLimiter] = RunVar("turns at the gate")
PROOFS = ("authorization", "x-forwarded-email", "x-forwarded-access-token")
log = logging.getLogger("lakestream")


class Gate:
    """ASGI middleware that lets in whom the host's source of identities knows."""

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its identity, or answer with the refusal."""
        if scope["type"] == "websocket":  # nothing here speaks it, so nothing asks who calls
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        headers = with_cookie(request.headers, request.cookies)
        request_id = _request_id(headers)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        if not OPEN.fullmatch(scope["path"]):
            try:
                state["identity"] = await identified(self._host, headers, scope)
            except LakestreamError as error:
                error.request_id = request_id
                security = self._host.workspace.settings.security
                answer = to_sign_in(request, security) if error.code == "UNAUTHENTICATED" else None
                answer = answer or refusal(error, self._host.identities, headers)
                await answer(scope, receive, numbered)
                return
        await self._app(scope, receive, numbered)


async def identified(host: Host, headers: Headers, scope: Scope) -> Identity:
    """Who sends a request with these headers. Raises Unauthenticated, Forbidden, RateLimited."""
    source = host.identities
    try:
        if twice := next((name for name in PROOFS if len(headers.getlist(name)) > 1), None):
            raise Unauthenticated(f"The header {twice} is there twice.")
        identity = (
            await anyio.to_thread.run_sync(source.identify, headers, limiter=_turns())
            if source.proves
            else source.identify(headers)
        )
    except Unauthenticated as error:
        count_refusal(host, error, scope)
        raise
    if identity.most == "none":
        raise Forbidden(
            "The credential gives no role here.",
            code="INSUFFICIENT_SCOPE",
            expected="one of the scopes lakestream:viewer, lakestream:author, lakestream:deployer",
        )
    return identity


def count_refusal(host: Host, error: LakestreamError, scope: Scope) -> None:
    """Count a request that proved nothing, and log it. Raises RateLimited where there are many.

    Credentials are looked at first, so whoever has a right one is never kept out by others.
    """
    services, client = host.workspace.services, scope.get("client")
    address = client[0] if client else "unknown"
    try:
        services.limits.take("failures", address)
    except RateLimited as limited:
        services.metrics.refused(limited.code)
        raise
    services.metrics.refused(error.code)
    told = {"request_id": scope["state"]["request_id"], "address": address, "path": scope["path"]}
    log.warning("refused: %s", error.message, extra={"told": told})


def refusal(error: LakestreamError, source: IdentitySource, headers: Headers) -> Response:
    """The answer to a request that was not let in, with the challenge of RFC 6750.

    A request without credentials is told how to prove who sends it; one with wrong ones also why.
    """
    response = failure(error)
    problem = {"UNAUTHENTICATED": "invalid_token", "INSUFFICIENT_SCOPE": "insufficient_scope"}
    if error.code in problem:
        given = any(headers.get(name) for name in PROOFS)
        why = f', error="{problem[error.code]}"' if given else ""
        response.headers["WWW-Authenticate"] = source.challenge + why
    return response


def _turns() -> CapacityLimiter:
    """Threads for proofs alone: operations that take long must not keep callers at the gate."""
    try:
        return _TURNS.get()
    except LookupError:
        _TURNS.set(limiter := CapacityLimiter(AT_ONCE))
        return limiter


def _request_id(headers: Headers) -> str:
    """The caller's own id where it is one, so that it can be followed through; else a new one."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
