"""One process for all tests of this folder: its engine starts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakestream_mcp.identity import LocalUser, Role
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .callers import Caller, CliCaller, McpCaller, RestCaller

DATA = Path(__file__).parents[1] / "data" / "surfaces"
SURFACES: dict[str, Callable[[Host], Caller]] = {
    "mcp": McpCaller,
    "rest": RestCaller,
    "cli": CliCaller,
}


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A process with a database of its own, which may read the test data."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("store"), data_roots=(DATA,))
    host = Host.local(settings)
    yield host
    host.workspace.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Host]:
    """A process that nothing has been stored in."""
    host = Host.local(Settings(data_dir=tmp_path, data_roots=(DATA,)))
    yield host
    host.workspace.close()


@pytest.fixture
def with_role(host: Host) -> Callable[[Role], Host]:
    """The same process, served to somebody with another role."""

    def serve(role: Role) -> Host:
        user = LocalUser(role)
        return Host(host.workspace.with_caller(user.identity), user)

    return serve
