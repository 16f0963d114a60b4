"""The protocol's own suite against the real server, and its inspector's lint of the tool list."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from ..surfaces.served import served

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules" / "@modelcontextprotocol"
SUITE = PACKAGES / "conformance" / "dist" / "index.js"
INSPECTOR = PACKAGES / "inspector" / "clients" / "launcher" / "build" / "index.js"
SCENARIOS = (
    "caching",
    "completion-complete",
    "dns-rebinding-protection",
    "http-header-validation",
    "input-required-result-unsupported-methods",
    "logging-set-level",
    "ping",
    "prompts-list",
    "resources-list",
    "sep-2164-resource-not-found",
    "server-initialize",
    "server-session-lifecycle",
    "tools-list",
)
"""Those that ask for nothing by a name of their own."""
FIXTURE_CHECKS = 2
"""Checks of `server-stateless` that call a tool of the suite's own server."""
SUMMARY = re.compile(r"Passed: (\d+)/(\d+), (\d+) failed, (\d+) warnings")
pytestmark = pytest.mark.browser  # needs Node and its packages


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over HTTP."""
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("protocol")))
    with served(host) as url:
        yield f"{url}/mcp"
    host.workspace.close()


def node(program: Path, *arguments: str) -> str:
    """What a program of the packages says; it must end well."""
    own = Path(sys.executable).parent
    path = os.pathsep.join([str(own), os.environ.get("PATH", "")])
    found = shutil.which("node", path=path)
    assert found, "`make test` installs Node"
    result = subprocess.run(
        [found, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PATH": path},
    )
    return f"{result.stdout}\n{result.stderr}\nexit {result.returncode}"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conformance(address: str, scenario: str) -> None:
    said = node(SUITE, "server", "--url", address, "--scenario", scenario)
    passed, of, failed, warnings = map(int, SUMMARY.findall(said)[-1])
    assert (failed, warnings) == (0, 0), said
    assert passed == of, said


def test_stateless_conformance(address: str) -> None:
    """All but the checks that need the suite's own tool."""
    said = node(SUITE, "server", "--url", address, "--scenario", "server-stateless")
    passed, of, failed, _ = map(int, SUMMARY.findall(said)[-1])
    assert failed <= FIXTURE_CHECKS, said
    assert said.count("test_missing_capability") or not failed, said
    assert passed >= of - FIXTURE_CHECKS > 20, said


def test_every_client_can_read_the_tool_schemas(address: str) -> None:
    said = node(INSPECTOR, "--cli", address, "--method", "tools/list", "--strict")
    assert said.endswith("exit 0"), said[-3000:]
    assert "Warning" not in said, said[-3000:]
