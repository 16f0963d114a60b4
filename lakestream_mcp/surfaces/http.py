"""One ASGI application: MCP at `/mcp`, REST under `/api`, the viewer at `/`."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from starlette.middleware import Middleware

from .gate import Gate
from .host import Host
from .logs import configure
from .mcp import server
from .rest import routes
from .tracing import traced

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from ..settings import Settings


def application(host: Host, settings: Settings) -> Starlette:
    """The application: on every route Host and Origin are checked first, then who calls.

    Stateless, because hosts that drop the session header, restarts and replicas all work then.
    """
    host = host._replace(http=True)
    app = server(host)
    app._additional_http_routes.extend(routes(host))
    return app.http_app(
        path="/mcp",
        stateless_http=True,
        json_response=False,
        middleware=[Middleware(Gate, host=host)],
        host_origin_protection=True,
        allowed_hosts=[*settings.allowed_hosts] or None,
        allowed_origins=[f"https://{name}" for name in settings.allowed_hosts] or None,
    )


def serve(settings: Settings) -> None:
    """Listen until interrupted. Raises InvalidArgument for an address that is not allowed."""
    import uvicorn

    settings.check_bind()
    configure(settings.security.log)
    host = Host.serving(settings)
    # What stops services sends this signal, and uvicorn sends it on when all requests are answered:
    # by default it ends a process at once, with its spans unsent and its store open.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with traced(os.environ):
            uvicorn.run(
                application(host, settings),
                host=settings.host,
                port=settings.port,
                log_level="warning",
                log_config=None,
                timeout_graceful_shutdown=2,
            )
    finally:
        host.workspace.close()


def serve_stdio(settings: Settings) -> None:
    """Speak MCP over standard input and output until they close."""
    configure(settings.security.log)
    host = Host.local(settings)
    try:
        with traced(os.environ):
            server(host).run(transport="stdio", show_banner=False)
    finally:
        host.workspace.close()
