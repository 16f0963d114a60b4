"""The one way to Databricks: a client for the caller, and its failures as typed errors.

    w = client_for(ws)
    with calling("creating the pipeline", pipeline=name):
        made = w.pipelines.create(name=name, …)

The client acts as the caller where the caller's token is known (on a Databricks App), else as
whatever the SDK finds in its environment or profile. Time-outs and retries are the SDK's own; only
one of its habits is changed: a POST whose answer was lost is not sent again, since it may have
created something.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .. import __version__
from ..errors import DatabricksFailed, LakestreamError
from ..identity import Identity
from ..settings import Settings, need_databricks_sdk

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

PRODUCT = "lakestream-mcp"
WAYS = (
    "Set DATABRICKS_HOST with DATABRICKS_TOKEN (or DATABRICKS_CLIENT_ID and "
    "DATABRICKS_CLIENT_SECRET) where the server runs, or name a profile of ~/.databrickscfg in "
    "LAKESTREAM_DATABRICKS_PROFILE. All else works without a workspace."
)
LOST = (
    "It may have been done, or still be running: do not send it again, look first "
    "(get_deployment, discover_schema)."
)
RUNS_AS_APP = "DATABRICKS_APP_NAME"


class Kind(NamedTuple):
    """A kind of failure: what follows from it, and the classes of the SDK, or of requests."""

    code: str
    retryable: bool
    hint: str
    classes: tuple[str, ...] = ()


KINDS = (
    Kind(
        "UNAUTHENTICATED",
        False,
        f"The token or secret is wrong or has expired. {WAYS}",
        ("Unauthenticated",),
    ),
    Kind(
        "FORBIDDEN",
        False,
        "Ask the owner of that object, or an admin, for the privilege named.",
        ("PermissionDenied",),
    ),
    Kind(
        "NOT_FOUND",
        False,
        "It does not exist, or you may not see it: discover_schema lists what you may see.",
        ("NotFound",),
    ),
    Kind(
        "ALREADY_EXISTS",
        False,
        "Something of that name is there and was left alone.",
        ("AlreadyExists", "ResourceAlreadyExists"),
    ),
    Kind(
        "CONFLICT",
        True,
        "Somebody changed it meanwhile: read it again, then repeat the call.",
        ("ResourceConflict",),
    ),
    Kind(
        "RATE_LIMITED",
        True,
        "The workspace is busy; the call was not carried out. Repeat it in a minute.",
        ("TooManyRequests",),
    ),
    Kind(
        "INVALID",
        False,
        "The workspace refused what was sent, and nothing was changed.",
        ("BadRequest",),
    ),
    Kind(
        "UNREACHABLE",
        True,
        "Nothing was sent. Check the host and the network.",
        ("ConnectTimeout",),
    ),
    Kind("TIMEOUT", False, LOST, ("Timeout", "DeadlineExceeded", "TimeoutError")),
    Kind("UNREACHABLE", False, f"Check the host and the network. {LOST}", ("ConnectionError",)),
    Kind(
        "UNAVAILABLE",
        True,
        "The workspace is not available just now. Repeat the call in a minute.",
        ("TemporarilyUnavailable",),
    ),
)
UNKNOWN = Kind("FAILED", False, LOST)


class Caller(Protocol):
    """What is needed of a workspace: who calls, and what the process was told."""

    @property
    def settings(self) -> Settings:
        """What the process was told by its environment."""
        ...

    @property
    def identity(self) -> Identity:
        """Who calls."""
        ...


def client_for(ws: Caller) -> WorkspaceClient:
    """A client that acts for the caller. Raises DatabricksFailed where there is no way to connect.

    On an App only the caller's own token will do: the app's service principal may do more, or less,
    than the caller.
    """
    token = getattr(ws.identity, "token", None)
    if not token and os.environ.get(RUNS_AS_APP):
        raise not_connected(
            "Your Databricks token did not come with this request, and the app does not act in "
            "your place.",
            "Turn on user authorization for the app, with the scopes in its app.yaml.",
        )
    return _client(ws.settings, token)


def host_of(client: WorkspaceClient) -> str:
    """The workspace's address, as it names a place."""
    return str(client.config.host).rstrip("/")


def app_client(settings: Settings) -> WorkspaceClient:
    """A client that acts as the process itself: for the app's own store, never for a caller."""
    return _client(settings, None)


def not_connected(why: str, hint: str = WAYS) -> DatabricksFailed:
    """The refusal of everything that needs a workspace."""
    return DatabricksFailed(why, code="DATABRICKS_NOT_CONNECTED", hint=hint)


def _client(settings: Settings, token: str | None) -> WorkspaceClient:
    need_databricks_sdk()
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    given: dict[str, Any] = {"token": token, "auth_type": "pat"} if token else {}
    if settings.databricks_profile:
        given["profile"] = settings.databricks_profile
    try:
        config = Config(
            **given,
            http_timeout_seconds=settings.databricks_timeout_s,
            retry_timeout_seconds=settings.databricks_retry_s,
            product=PRODUCT,
            product_version=__version__,
        )
    except ValueError as error:
        raise not_connected(f"No Databricks workspace is connected: {_plain(error)}.") from error
    if not config.host:
        raise not_connected("No Databricks workspace is connected: no host is known.")
    client = WorkspaceClient(config=config)
    _send_once(client)
    return client


def _send_once(client: WorkspaceClient) -> None:
    """Make the client's POSTs final when their answer is lost; all else is tried again as ever."""
    from requests import RequestException

    transport: Any = client.api_client._api_client
    retryable = transport._is_retryable

    def unless_posted(error: BaseException) -> str | None:
        if isinstance(error, RequestException) and getattr(error.request, "method", "") == "POST":
            return None
        reason: str | None = retryable(error)
        return reason

    transport._is_retryable = unless_posted


@contextmanager
def calling(what: str, **where: Any) -> Iterator[None]:
    """Turn every failure of the SDK inside into a DatabricksFailed that says what was being done.

    `what` continues a sentence (`creating the pipeline`); `where` names the place in the answer.
    Wrap the SDK's calls alone: the SDK raises ValueError too, and so may other code.
    """
    need_databricks_sdk()
    from databricks.sdk.core import DatabricksError
    from databricks.sdk.errors import OperationFailed
    from requests import RequestException

    try:
        yield
    except LakestreamError:
        raise
    except (DatabricksError, RequestException, OperationFailed, TimeoutError, ValueError) as error:
        raise failure(error, what, where) from error


def failure(error: Exception, what: str, where: dict[str, Any]) -> DatabricksFailed:
    """One failure of the SDK as a typed error."""
    cause = _cause(error)
    kind = _kind(cause)
    return DatabricksFailed(
        f"Databricks: {what} failed: {_plain(cause)}.",
        code=f"DATABRICKS_{kind.code}",
        where=where,
        got=getattr(cause, "error_code", None),
        hint=kind.hint,
        retryable=kind.retryable,
    )


def _cause(error: Exception) -> Exception:
    """The last answer that the SDK gave up on, instead of its own time-out of retries."""
    cause = error.__cause__
    return cause if isinstance(error, TimeoutError) and isinstance(cause, Exception) else error


def _kind(error: Exception) -> Kind:
    """What is known of a failure by its class; the first kind that it is one of."""
    import requests
    from databricks.sdk import errors as sdk

    def is_one(name: str) -> bool:
        known = getattr(sdk, name, None) or getattr(requests, name, None) or TimeoutError
        return isinstance(error, known)

    return next((kind for kind in KINDS if any(map(is_one, kind.classes))), UNKNOWN)


def _plain(error: Exception) -> str:
    """What the service said, without the SDK's account of its own configuration."""
    text = str(error).split(". Config: ")[0].split(". Env: ")[0]
    text = " ".join(text.split()).rstrip(".")
    return text[:500] or type(error).__name__
