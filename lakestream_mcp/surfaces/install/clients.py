"""The MCP clients: where each keeps its servers, and how it writes one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
from platformdirs.api import PlatformDirsABC

from ...errors import InvalidArgument, Unsupported


class Server(NamedTuple):
    """How a client reaches this server: by starting a command, or at an address."""

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    url: str = ""
    token_variable: str = ""


class Client(NamedTuple):
    """One client. `folder` is where the user's file lies: in the home folder, or with `app` in the
    folder of an application; `project_file` is the file that goes with a project."""

    title: str
    file: str
    app: str = ""
    project_file: str = ""
    key: str = "mcpServers"
    typed: bool = True
    takes_url: bool = True
    variable: str = "${env:%s}"

    def user_file(self, home: Path, dirs: type[PlatformDirsABC]) -> Path:
        """The user's own file, on the operating system of `dirs`."""
        if not self.app:
            return home / self.file
        folder = dirs(self.app, appauthor=False, roaming=True).user_config_path
        return folder / self.file

    def entry(self, server: Server) -> dict[str, Any]:
        """The server as this client writes it. Raises Unsupported."""
        if server.url:
            return self._remote(server)
        kind = {"type": "stdio"} if self.typed else {}
        command, *arguments = server.command
        env = {"env": dict(server.env)} if server.env else {}
        return {**kind, "command": command, "args": arguments, **env}

    def _remote(self, server: Server) -> dict[str, Any]:
        if not self.takes_url:
            raise Unsupported(
                f"{self.title} keeps remote servers in its settings, not in its file.",
                where={"argument": "url"},
                got=server.url,
                hint="Add the address under Settings > Connectors, or leave `--url` out.",
            )
        kind = {"type": "http"} if self.typed else {}
        proof = f"Bearer {self.variable % server.token_variable}"
        headers = {"headers": {"Authorization": proof}} if server.token_variable else {}
        return {**kind, "url": server.url, **headers}


CLIENTS: dict[str, Client] = {
    "claude-desktop": Client(
        "Claude Desktop", "claude_desktop_config.json", app="Claude", typed=False, takes_url=False
    ),
    "claude-code": Client(
        "Claude Code", ".claude.json", project_file=".mcp.json", variable="${%s}"
    ),
    "cursor": Client("Cursor", ".cursor/mcp.json", project_file=".cursor/mcp.json", typed=False),
    "vscode": Client(
        "VS Code", "User/mcp.json", app="Code", project_file=".vscode/mcp.json", key="servers"
    ),
}


def file_of(client: Client, project: Path | None) -> Path:
    """The file to change: the user's, or that of a project. Raises InvalidArgument."""
    if project is None:
        moved = os.environ.get("CLAUDE_CONFIG_DIR") if client.file == ".claude.json" else None
        home = Path(moved) if moved else Path.home()
        return client.user_file(home, platformdirs.PlatformDirs)
    if not client.project_file:
        raise InvalidArgument(
            f"{client.title} has no projects.", where={"argument": "project"}, got=str(project)
        )
    if not project.is_dir():
        raise InvalidArgument(
            "There is no such folder.", where={"argument": "project"}, got=str(project)
        )
    return project / client.project_file
