"""Signing in with a browser, which can send no token by itself: a page, and a cookie.

The cookie holds the token that was given, for this server's own pages alone: HttpOnly, so no script
reads it, and SameSite=Strict, so no other site makes use of it. It ends with the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from ..errors import InvalidArgument, LakestreamError
from .bodies import body_of
from .failures import SAFE_HEADERS, failure
from .host import PACKAGE

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..security import Security
    from .host import Host

COOKIE = "lakestream"
PATH = "/login"
TOKEN_MAX = 4000  # a browser keeps no larger cookie
PAGE = PACKAGE / "surfaces" / "sign_in.html"


def takes_tokens(security: Security) -> bool:
    """Whether callers prove themselves by tokens: on an App, its proxy signs people in."""
    return not {"tokens", "jwt"}.isdisjoint(security.identity)


def with_cookie(headers: Headers, cookies: Mapping[str, str]) -> Headers:
    """The headers as if the token in the cookie had been sent as one."""
    if "authorization" in headers or not cookies.get(COOKIE):
        return headers
    named = MutableHeaders(raw=list(headers.raw))
    named["authorization"] = f"Bearer {cookies[COOKIE]}"
    return named


def to_sign_in(request: Request, security: Security) -> Response | None:
    """Where a browser that opens a page without a proof is sent; None for all others."""
    is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not (is_page and takes_tokens(security)):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{PATH}?next={quote(request.url.path + query, safe='')}", 303)


def sign_in_routes(host: Host, page_headers: Mapping[str, str]) -> list[Route]:
    """The page, giving the token, and taking it back; none where nobody has a token."""
    if not takes_tokens(host.workspace.settings.security):
        return []

    async def page(_: Request) -> Response:
        return FileResponse(PAGE, headers=dict(page_headers))

    async def enter(request: Request) -> Response:
        from .gate import identified

        try:
            token = await _token(request)
            headers = Headers({"authorization": f"Bearer {token}"})
            await identified(host, headers, request.scope)
        except LakestreamError as error:
            return failure(error, request)
        answer = Response(status_code=204, headers=SAFE_HEADERS)
        secure = host.workspace.settings.url.startswith("https:")
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
        return answer

    async def leave(_: Request) -> Response:
        answer = Response(status_code=204, headers=SAFE_HEADERS)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return [
        Route(PATH, page, methods=["GET"]),
        Route(PATH, enter, methods=["POST"]),
        Route("/logout", leave, methods=["POST"]),
    ]


async def _token(request: Request) -> str:
    """The token in the body: text, since a form of another page can send no such type here."""
    raw = await body_of(request, TOKEN_MAX)
    is_text = request.headers.get("content-type", "").startswith("application/jwt")
    token = (raw or b"").decode("ascii", "replace").strip()
    if raw is None or not is_text or not token.isascii() or not token.isprintable():
        raise InvalidArgument(
            "This is no token.",
            where={"argument": "body"},
            expected=f"a token of at most {TOKEN_MAX} characters, as application/jwt",
        )
    return token
