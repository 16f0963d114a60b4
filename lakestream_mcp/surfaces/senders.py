"""Who sent an MCP message, as every handler of the MCP surface asks."""

from __future__ import annotations

from fastmcp.server.dependencies import get_context, get_http_request

from ..errors import Unauthenticated
from ..identity import Origin
from ..workspace import Progress, Workspace
from .host import CLIENT_MAX, Host


def sender(host: Host, progress: Progress | None = None) -> Workspace:
    """The workspace as the sender sees it: by the HTTP request that the message came in, else as
    whoever runs this process. Raises Unauthenticated."""
    try:
        request = get_http_request()
    except RuntimeError:
        if host.http:
            raise Unauthenticated("The message came in no request.") from None
        return host.caller({}, progress, Origin("mcp", _client()))
    return host.guest(request, "mcp", progress, _client())


def _client() -> str:
    """The client's name and version, where the protocol told them."""
    params = get_context().session.client_params
    return f"{params.client_info.name} {params.client_info.version}"[:CLIENT_MAX] if params else ""
