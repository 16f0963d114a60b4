"""A process whose models are a local server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.settings import LanguageSettings, Settings
from lakestream_mcp.surfaces.host import Host

from ..surfaces.callers import Json, McpCaller
from .model_server import ModelServer

PROTOCOLS = {
    "anthropic": ("anthropic", ""),
    "databricks-claude": ("databricks", "sonnet"),
    "databricks-chat": ("databricks", "our-llama"),
}
KEY = "sk-of-the-test"
TOKEN = "dapi-of-the-test"
COLUMNS = "customer string, amount double, at timestamp"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """The server, as the environment names it."""
    with ModelServer() as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("DATABRICKS_HOST", server.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        yield server


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no model."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


Opener = Callable[..., Host]


@pytest.fixture
def opened(tmp_path: Path, engine: LocalEngine) -> Iterator[Opener]:
    """Opens processes with settings for models."""
    hosts: list[Host] = []

    def open_host(**settings: Any) -> Host:
        language = LanguageSettings(**{"timeout_s": 20} | settings)
        host = Host.local(Settings(data_dir=tmp_path, language=language, databricks_retry_s=2))
        host.workspace.services.once("engine", lambda: engine)
        hosts.append(host)
        return host

    yield open_host
    for host in hosts:
        host.workspace.store.close()


class Asker:
    """A caller of nl_generate with one back-end."""

    def __init__(self, host: Host, backend: str) -> None:
        self.host = host
        self.backend = backend

    def ask(self, text: str = "alert on big orders", **arguments: Any) -> Json:
        given = {"text": text, "backend": self.backend, "schema": COLUMNS} | arguments
        return McpCaller(self.host).call("nl_generate", given)

    def calls(self) -> list[Any]:
        """What was written down of questions to models."""
        with self.host.workspace.store.transaction() as store:
            return store.list_language_calls()


@pytest.fixture(scope="session")
def engine() -> Iterator[LocalEngine]:
    """One engine for all processes of these tests: it takes seconds to start."""
    engine = LocalEngine()
    yield engine
    engine.close()


Asking = Callable[..., Asker]


@pytest.fixture(params=PROTOCOLS)
def asking(request: pytest.FixtureRequest, models: ModelServer, opened: Opener) -> Asking:
    """Opens a process with settings for models, one per protocol."""
    backend, endpoint = PROTOCOLS[request.param]
    return lambda **settings: Asker(opened(endpoint=endpoint, **settings), backend)


@pytest.fixture
def asker(asking: Asking) -> Asker:
    """One per protocol."""
    return asking()
