"""The command: shows what would change in a client's file, and with `--write` changes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from ...errors import InvalidArgument
from ...security import LOOPBACK
from ..cli import errors_as_exit_code
from ..host import PACKAGE
from .clients import CLIENTS, Server, file_of
from .config_file import Change, with_server

KEPT = ("LAKESTREAM_DATA_DIR", "LAKESTREAM_CACHE", "LAKESTREAM_SPARK_PYTHON")
"""Settings of this shell that go along, so that the client sees the same pipelines. Those that may
hold a secret do not."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
DATABRICKS = """\
On Databricks the server runs as an app, and clients find it there:
1. lakestream export --app DIR writes the app; its README.md says how to deploy it. The app's name
   begins with `mcp-`: only such apps are offered as MCP servers.
2. Give those who shall use it CAN USE on the app.
3. Assistant (Genie Code): Settings > MCP Servers > Add > Custom MCP servers, choose the app.
4. AI Playground: pick a model that can use tools, then Tools > Add tool > MCP Servers.
5. Other clients: lakestream install CLIENT --url https://<the app's address>/mcp
   --token-env DATABRICKS_TOKEN
"""


@click.command()
@click.argument("client", type=click.Choice([*CLIENTS, "databricks"]))
@click.option("--write", is_flag=True, help="Change the file; else what would change is shown.")
@click.option("--uninstall", is_flag=True, help="Take the server out again.")
@click.option("--url", default="", help="Reach a running server at this address; ends in /mcp.")
@click.option("--token-env", default="", help="Variable of the client's that holds its token.")
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    help="For this project folder alone, not for the user.",
)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder whose files pipelines and tests may read; may be given several times.",
)
@click.option("--name", default="lakestream", show_default=True, help="What the client calls it.")
def install(
    client: str,
    write: bool,
    uninstall: bool,
    url: str,
    token_env: str,
    project: Path | None,
    data: tuple[Path, ...],
    name: str,
) -> None:
    """Add this server to an MCP client: shows the change to its file first."""
    if client == "databricks":
        click.echo(DATABRICKS, nl=False)
        return
    with errors_as_exit_code():
        _check(url, token_env, name)
        chosen = CLIENTS[client]
        server = Server(url=url, token_variable=token_env) if url else _local(data)
        entry = None if uninstall else chosen.entry(server)
        change = with_server(file_of(chosen, project), chosen.key, name, entry)
        _report(change, chosen.title, write)


def _report(change: Change, title: str, write: bool) -> None:
    if not change.is_needed:
        click.echo(f"{change.file}: nothing to change")
        return
    click.echo(change.diff())
    if write:
        change.write()
        click.echo(f"Written. Restart {title}, or reload its MCP servers.", err=True)
    else:
        click.echo("Nothing is written yet: add --write.", err=True)


def _local(data: tuple[Path, ...]) -> Server:
    """This very installation as a command that works from any folder."""
    env = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
    if data:
        env["LAKESTREAM_DATA_ROOTS"] = os.pathsep.join(str(p.resolve()) for p in data)
    # The path of a virtual environment's Python must not be resolved: it is what finds packages.
    python = str(Path(sys.executable).absolute())
    if not _finds_package(python):
        env["PYTHONPATH"] = str(PACKAGE.parent)
    return Server((python, "-m", "lakestream_mcp", "serve", "--transport", "stdio"), env)


def _finds_package(python: str) -> bool:
    """Whether that Python has this package by itself, and not by this shell's settings."""
    asked = "import lakestream_mcp; print(lakestream_mcp.__file__)"
    found = subprocess.run(
        [python, "-I", "-c", asked], capture_output=True, text=True, check=False, timeout=60
    )
    return found.stdout.strip() == str(PACKAGE / "__init__.py")


def _check(url: str, token_env: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise _wrong("name", name, "letters, digits, - and _")
    if token_env and not VARIABLE.fullmatch(token_env):
        raise _wrong("token_env", token_env, "the name of a variable, not a token")
    if token_env and not url:
        raise _wrong("token_env", token_env, "with --url only")
    if not url:
        return
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (plain or parts.scheme == "https") or not parts.hostname or parts.username:
        raise _wrong("url", url[:120], "https://…/mcp, or http:// on this machine")


def _wrong(argument: str, got: str, expected: str) -> InvalidArgument:
    return InvalidArgument(
        f"`{argument}` cannot be used.", where={"argument": argument}, got=got, expected=expected
    )
