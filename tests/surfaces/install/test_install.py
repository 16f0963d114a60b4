"""`lakestream install`: into the client's own file, with everything else in it left as it was."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest
from click.testing import CliRunner, Result
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.surfaces.cli import main
from lakestream_mcp.surfaces.install.clients import CLIENTS
from lakestream_mcp.surfaces.install.config_file import Change, with_server

NAMES = sorted(CLIENTS)
ENTRY = {"command": "/bin/python", "args": ["-m", "x"]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it."""
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def install(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["install", *arguments])


def written(home: Path) -> Path:
    (file,) = [p for p in home.rglob("*") if p.is_file()]
    return file


@pytest.mark.parametrize(
    ("client", "unix", "mac", "windows"),
    [
        (
            "claude-desktop",
            ".config/Claude/claude_desktop_config.json",
            "Library/Application Support/Claude/claude_desktop_config.json",
            "Roaming/Claude/claude_desktop_config.json",
        ),
        ("claude-code", ".claude.json", ".claude.json", ".claude.json"),
        ("cursor", ".cursor/mcp.json", ".cursor/mcp.json", ".cursor/mcp.json"),
        (
            "vscode",
            ".config/Code/User/mcp.json",
            "Library/Application Support/Code/User/mcp.json",
            "Roaming/Code/User/mcp.json",
        ),
    ],
)
def test_where_each_client_keeps_its_servers(
    home: Path, monkeypatch: pytest.MonkeyPatch, client: str, unix: str, mac: str, windows: str
) -> None:
    monkeypatch.setenv("APPDATA", str(home / "Roaming"))
    by_variables = platformdirs.windows.get_win_folder_from_env_vars
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", by_variables)
    systems = {
        platformdirs.unix.Unix: unix,
        platformdirs.macos.MacOS: mac,
        platformdirs.windows.Windows: windows,
    }
    for system, expected in systems.items():
        assert CLIENTS[client].user_file(home, system) == home / expected


@pytest.mark.parametrize("client", NAMES)
def test_nothing_is_written_before_it_was_shown(home: Path, client: str) -> None:
    shown = install(client)
    assert shown.exit_code == 0
    assert '+    "lakestream": {' in shown.output
    assert not list(home.rglob("*"))


@pytest.mark.parametrize("client", NAMES)
def test_the_command_that_is_written_serves_tools(home: Path, client: str) -> None:
    data = home / "my data"
    data.mkdir()
    assert install(client, "--write", "--data", str(data)).exit_code == 0
    content = json.loads(written(home).read_text())
    entry = content[CLIENTS[client].key]["lakestream"]
    assert entry["env"]["LAKESTREAM_DATA_ROOTS"] == str(data)
    assert Path(entry["command"]).is_absolute()
    if client != "cursor":
        return  # one start is enough: the command is the same

    async def tools() -> set[str]:
        # A client starts servers anywhere, with little of its own environment.
        env = {"HOME": str(home), "PATH": os.defpath, **entry["env"]}
        transport = StdioTransport(entry["command"], entry["args"], env=env, cwd="/")
        async with Client(transport) as connected:
            return {tool.name for tool in await connected.list_tools()}

    assert {"create_pipeline", "test_pattern"} <= asyncio.run(tools())


@pytest.mark.parametrize("client", sorted(set(NAMES) - {"claude-desktop"}))
def test_an_address_with_a_token_by_reference(home: Path, client: str) -> None:
    url = "https://mcp-lake-1.aws.databricksapps.com/mcp"
    assert install(client, "--write", "--url", url, "--token-env", "TOKEN").exit_code == 0
    entry = json.loads(written(home).read_text())[CLIENTS[client].key]["lakestream"]
    assert entry["url"] == url
    assert entry["headers"]["Authorization"] in ("Bearer ${TOKEN}", "Bearer ${env:TOKEN}")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["claude-desktop", "--url", "https://x.example/mcp"], "UNSUPPORTED"),
        (["cursor", "--url", "http://elsewhere.example/mcp"], "INVALID_ARGUMENT"),
        (["cursor", "--url", "file:///etc/passwd"], "INVALID_ARGUMENT"),
        (["cursor", "--url", "https://me:secret@x.example/mcp"], "INVALID_ARGUMENT"),
        (["cursor", "--url", "https://x.example/mcp", "--token-env", "dapi-1"], "INVALID_ARGUMENT"),
        (["cursor", "--token-env", "TOKEN"], "INVALID_ARGUMENT"),
        (["cursor", "--name", "../x"], "INVALID_ARGUMENT"),
        (["claude-desktop", "--project", "."], "INVALID_ARGUMENT"),
        (["cursor", "--project", "no such folder"], "INVALID_ARGUMENT"),
    ],
)
def test_what_is_refused(home: Path, arguments: list[str], code: str) -> None:
    refused = install(*arguments, "--write")
    assert refused.exit_code == 1
    assert code in refused.output
    assert not list(home.rglob("*"))


def test_for_one_project(home: Path) -> None:
    project = home / "project"
    project.mkdir()
    assert install("vscode", "--write", "--project", str(project)).exit_code == 0
    assert written(home) == project / ".vscode" / "mcp.json"


def test_databricks_is_told_in_steps(home: Path) -> None:
    told = install("databricks")
    assert told.exit_code == 0
    assert "mcp-" in told.output
    assert not list(home.rglob("*"))


def test_in_and_out_again(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    before = (
        '{\n\t"theme": "dark",\n\t"mcpServers": {\n\t\t"other": {\n\t\t\t"url": "x"\n\t\t}\n\t}\n}'
    )
    file.write_text(before)
    file.chmod(0o640)
    first = install("cursor", "--write")
    assert "nothing to change" not in first.output
    assert '"x"' not in first.output, "another server's line may hold a secret"
    assert "nothing to change" in install("cursor", "--write").output
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert install("cursor", "--uninstall").exit_code == 0
    assert "lakestream" in file.read_text()
    assert install("cursor", "--uninstall", "--write").exit_code == 0
    assert file.read_text() == before
    assert "nothing to change" in install("cursor", "--uninstall", "--write").output


def test_a_file_of_one_line_stays_one_and_is_not_shown(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    file.write_text('{"mcpServers": {"other": {"env": {"KEY": "hunter2"}}}}')
    shown = install("cursor", "--write")
    assert shown.exit_code == 0
    assert "hunter2" not in shown.output
    assert "hunter2" in file.read_text()
    assert "\n" not in file.read_text()


def test_a_file_that_is_a_link_stays_one(home: Path) -> None:
    kept = home / "dotfiles.json"
    kept.write_text("{}")
    (home / ".claude.json").symlink_to(kept)
    assert install("claude-code", "--write").exit_code == 0
    assert (home / ".claude.json").is_symlink()
    assert "lakestream" in json.loads(kept.read_text())["mcpServers"]


@pytest.mark.parametrize(
    "text",
    [
        '{\n  // my servers\n  "mcpServers": {}\n}',
        '{"mcpServers": {},}',
        '{"mcpServers": {"a": {}, "a": {"command": "x"}}}',
        '{"mcpServers": []}',
        "[]",
        '{"mcpServers": {}, "big": 1e999}',
        "{" * 100_000,
        "\ud800",
    ],
)
def test_a_file_that_would_lose_something_is_left_alone(home: Path, text: str) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    data = text.encode("utf-8", "surrogatepass")
    file.write_bytes(data)
    refused = install("cursor", "--write")
    assert (refused.exit_code, "CLIENT_CONFIG_REFUSED" in refused.output) == (1, True)
    assert file.read_bytes() == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(
    others=st.dictionaries(st.text(), JSON, max_size=4),
    servers=st.dictionaries(st.text(), JSON, max_size=3),
    indent=st.sampled_from([2, 4, "\t", None]),
    style=st.sampled_from(["", "\n", "\r\n", "\ufeff"]),
)
def test_everything_else_stays(
    tmp_path_factory: pytest.TempPathFactory,
    others: dict[str, Any],
    servers: dict[str, Any],
    indent: Any,
    style: str,
) -> None:
    file = tmp_path_factory.mktemp("client") / "mcp.json"
    content = {**others, "mcpServers": servers}
    text = json.dumps(content, indent=indent)
    if style == "\r\n":
        text = text.replace("\n", "\r\n")
    file.write_bytes((style + text if style == "\ufeff" else text + style).encode())
    change(file, ENTRY).write()
    assert loaded(file) == {**content, "mcpServers": {**servers, "lakestream": ENTRY}}
    assert list(loaded(file)) == list(content), "the order of keys is the user's"
    change(file, None).write()
    assert loaded(file) == {**content, "mcpServers": without(servers)}


def change(file: Path, entry: dict[str, Any] | None) -> Change:
    return with_server(file, "mcpServers", "lakestream", entry)


def loaded(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_bytes().decode("utf-8-sig"))
    return content


def without(servers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in servers.items() if name != "lakestream"}
