"""The one way to Databricks: a client for the caller, and its failures as typed errors.

    w = client_for(ws)
    with calling("creating the pipeline", pipeline=name):
        made = w.pipelines.create(name=name, …)

The client acts as the caller where the caller's token is known (on a Databricks App), else as
whatever the SDK finds in its environment or profile. Time-outs and retries are the SDK's own; two
of its habits are changed: a POST whose answer was lost is not sent again, since it may have created
something, and what only reads is asked again where its answer was cut.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from .. import __version__
from ..errors import DatabricksFailed, LakestreamError
from ..identity import Identity
from ..settings import Settings, need_databricks_sdk
from .databricks_failures import WAYS, failure, never_sent, plain

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

PRODUCT = "lakestream-mcp"
Alive = Callable[[], None]
RUNS_AS_APP = "DATABRICKS_APP_NAME"


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


def client_for(ws: Caller, alive: Alive | None = None) -> WorkspaceClient:
    """A client that acts for the caller. Raises DatabricksFailed where there is no way to connect.

    `alive` is asked before anything is read: it raises when nobody waits for it any more.

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
    client = _client(ws.settings, token)
    if alive is not None:
        _ask_before_reading(client, alive)
    return client


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
        raise not_connected(f"No Databricks workspace is connected: {plain(error)}.") from error
    if not config.host:
        raise not_connected("No Databricks workspace is connected: no host is known.")
    client = WorkspaceClient(config=config)
    _send_once(client)
    return client


def _send_once(client: WorkspaceClient) -> None:
    """Make the client's POSTs final when their answer is lost; all else is tried again."""
    from requests import RequestException
    from requests.exceptions import ChunkedEncodingError

    transport: Any = client.api_client._api_client
    retryable = transport._is_retryable

    def unless_posted(error: BaseException) -> str | None:
        verb = getattr(getattr(error, "request", None), "method", "")
        if isinstance(error, RequestException) and verb == "POST" and not never_sent(error):
            return None
        if isinstance(error, ChunkedEncodingError) and verb == "GET":
            return "the answer was cut"
        reason: str | None = retryable(error)
        return reason

    transport._is_retryable = unless_posted


def _ask_before_reading(client: WorkspaceClient, alive: Alive) -> None:
    """Let `alive` end the work before a GET, first tries and later ones; what writes is done."""
    transport: Any = client.api_client._api_client
    perform = transport._perform

    def asked(method: str, *arguments: Any, **named: Any) -> Any:
        if method == "GET":
            alive()
        return perform(method, *arguments, **named)

    transport._perform = asked


@contextmanager
def calling(what: str, **where: Any) -> Iterator[None]:
    """Turn every failure of the SDK inside into a DatabricksFailed that says what was being done.

    `what` continues a sentence (`creating the pipeline`); `where` names the place in the answer.
    Wrap the SDK's calls alone: it raises ValueError too, and any error of Python where it reads
    an answer that is not the workspace's; so may other code.
    """
    need_databricks_sdk()
    from databricks.sdk.core import DatabricksError
    from databricks.sdk.errors import OperationFailed
    from requests import RequestException

    try:
        yield
    except LakestreamError:
        raise
    except (
        *(DatabricksError, RequestException, OperationFailed, TimeoutError),
        *(ValueError, AttributeError, TypeError, KeyError),
    ) as error:
        raise failure(error, what, where) from error
