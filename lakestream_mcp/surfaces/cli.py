"""The command line: a command per operation, and those in `COMMANDS`.

Data goes to standard output, diagnostics to standard error. Exit codes: 0 done, 1 the product says
no, 2 the command line is wrong.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..errors import LakestreamError
from ..identity import Origin

if TYPE_CHECKING:
    from ..operations import Operation

# Commands that are no operations: name → module:attribute, imported when one is used.
COMMANDS: dict[str, str] = {
    "serve": "lakestream_mcp.surfaces.cli:serve",
    "explain": "lakestream_mcp.surfaces.cli:explain",
    "run": "lakestream_mcp.surfaces.run_commands:run",
    "status": "lakestream_mcp.surfaces.run_commands:status",
    "stop": "lakestream_mcp.surfaces.run_commands:stop",
    "logs": "lakestream_mcp.surfaces.run_commands:logs",
    "verify": "lakestream_mcp.surfaces.spark_commands:verify",
    "preview-on-spark": "lakestream_mcp.surfaces.spark_commands:preview_on_spark",
    "make-token": "lakestream_mcp.surfaces.token_command:make_token",
    "export": "lakestream_mcp.surfaces.store_commands:export",
    "import": "lakestream_mcp.surfaces.store_commands:import_",
    "install": "lakestream_mcp.surfaces.install.command:install",
    "conformance": "lakestream_mcp.surfaces.conformance_command:conformance",
}
CLICK_TYPES: dict[str, Any] = {"integer": click.INT, "number": click.FLOAT, "boolean": click.BOOL}


class Commands(click.Group):
    """Commands are made when they are asked for, so `serve` pays for nothing else."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Extra commands first, then operations in reading order."""
        from ..operations import operations

        return [*COMMANDS, *(op.command for op in operations())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name in COMMANDS:
            module, attribute = COMMANDS[cmd_name].split(":")
            command = getattr(importlib.import_module(module), attribute)
            assert isinstance(command, click.Command)
            return command
        from ..operations import operations

        by_name = {op.command: op for op in operations()}
        return _command(by_name[cmd_name]) if cmd_name in by_name else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lakestream")
def main() -> None:
    """Build, test, explain and generate streaming pipelines that find patterns of events."""


@click.command()
@click.option(
    "--transport", type=click.Choice(["stdio", "http"]), default="http", show_default=True
)
@click.option("--host", default=None, help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Default 8321.")
def serve(transport: str, host: str | None, port: int | None) -> None:
    """Serve MCP on stdio, or MCP, REST and the viewer over HTTP."""
    with errors_as_exit_code():
        from ..settings import Settings
        from .http import serve as serve_http
        from .http import serve_stdio

        settings = Settings.from_env()
        if transport == "stdio":
            serve_stdio(settings)
            return
        settings = settings._replace(
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
        )
        settings.check_bind()
        click.echo(
            f"Viewer {settings.url}/  MCP {settings.url}/mcp  Docs {settings.url}/docs", err=True
        )
        serve_http(settings)


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print what an error or finding code means and what to do."""
    with errors_as_exit_code():
        from .pages import page

        click.echo(page(code))


class errors_as_exit_code:  # noqa: N801 - reads as a statement
    """Print a LakestreamError on standard error and leave with code 1."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Turn the product's errors into text and exit code; others pass."""
        if not isinstance(error, LakestreamError):
            return
        shape = {"error": error.to_json()}
        click.echo(
            json.dumps(shape, ensure_ascii=False) if self.as_json else _lines(error), err=True
        )
        sys.exit(1)


def _lines(error: LakestreamError) -> str:
    shape = error.to_json()
    lines = [f"{click.style(error.code, fg='red', bold=True)}: {error.message}"]
    for part in ("where", "got", "expected", "hint", "fix"):
        if part in shape:
            value = shape[part]
            lines.append(
                f"  {part}: {value if isinstance(value, str) else json.dumps(value, default=str)}"
            )
    return "\n".join(lines)


def _command(op: Operation) -> click.Command:
    parameters = [_parameter(op, name, schema) for name, schema in op.schema["properties"].items()]
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="Print the answer as JSON.")
    return click.Command(
        op.command,
        params=[*parameters, as_json],
        callback=_callback(op),
        help=op.description,
        short_help=op.title,
    )


def _parameter(op: Operation, name: str, schema: dict[str, Any]) -> click.Parameter:
    required = name in op.schema.get("required", [])
    kind = CLICK_TYPES.get(schema.get("type", ""), click.STRING)
    if options := schema.get("enum"):
        kind = click.Choice(options)
    if name in op.path_parameters:
        return click.Argument([name], type=kind, required=True)
    flag = f"--{name.replace('_', '-')}"
    description = schema.get("description", "")
    if schema.get("type") == "boolean":
        return click.Option(
            [f"{flag}/--no-{name.replace('_', '-')}", name], default=None, help=description
        )
    if _is_json(schema):
        description = f"{description} (JSON, @file, or - for standard input)"
    return click.Option([flag, name], type=kind, required=required, help=description)


def _callback(op: Operation) -> Callable[..., None]:
    def run(as_json: bool, **given: Any) -> None:
        with errors_as_exit_code(as_json):
            arguments = {
                name: _value(value, op.schema["properties"][name], name)
                for name, value in given.items()
                if value is not None
            }
            answer = _call(op, arguments)
            data = answer.to_json() if as_json else None
            click.echo(json.dumps(data, ensure_ascii=False) if as_json else answer.text())

    return run


def _call(op: Operation, arguments: dict[str, Any]) -> Any:
    """Run the operation on the store itself; whoever embeds the commands brings a host."""
    from ..operations import call
    from ..settings import Settings
    from .host import Host

    given = click.get_current_context().obj
    host = given if isinstance(given, Host) else Host.local(Settings.from_env())
    try:
        return call(op, host.caller({}, _progress, Origin("cli", "lakestream")), arguments)
    finally:
        if host is not given:
            host.workspace.close()


def _progress(fraction: float, message: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if fraction >= 1 else ""
        click.echo(f"\r{fraction:4.0%} {message[:70]:<70}{end}", err=True, nl=False)


def _is_json(schema: dict[str, Any]) -> bool:
    return schema.get("type") in {"object", "array"} or "anyOf" in schema


def _value(value: Any, schema: dict[str, Any], name: str) -> Any:
    """Text of an object or list from a file (`@name`) or from standard input (`-`)."""
    if not isinstance(value, str) or not _is_json(schema):
        return value
    if value == "-":
        return sys.stdin.read()
    if value.startswith("@"):
        try:
            return Path(value[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.BadParameter(f"cannot read {value[1:]}: {error}", param_hint=name) from None
    return value
