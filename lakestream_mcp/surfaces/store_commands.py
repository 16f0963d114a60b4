"""`lakestream export` and `lakestream import`: the whole store as one file, and this app itself."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import Forbidden
from .cli import errors_as_exit_code

if TYPE_CHECKING:
    from ..workspace import Workspace


@click.command()
@click.option(
    "--all",
    "backup",
    type=click.Path(path_type=Path),
    help="Write every pipeline, revision, run, deployment and audit row to this new file.",
)
@click.option(
    "--app",
    type=click.Path(path_type=Path),
    help="Write this server as a Databricks App into this new folder.",
)
@click.option("--name", default="mcp-lakestream", show_default=True, help="The app's name.")
@click.option("--lakebase", default="", help="The app's Lakebase instance, or endpoint projects/….")
@click.option("--database", default="databricks_postgres", show_default=True, help="In Lakebase.")
@click.option("--address", default="", help="The app's address, https://…, once it is known.")
@click.option("--scope", multiple=True, help="What the app may do in a user's name; several times.")
@click.option(
    "--admin", multiple=True, help="Who gives roles in the app: an address; several times."
)
def export(
    backup: Path | None,
    app: Path | None,
    name: str,
    lakebase: str,
    database: str,
    address: str,
    scope: tuple[str, ...],
    admin: tuple[str, ...],
) -> None:
    """Back the whole store up into one file, or write the app that runs on Databricks."""
    if (backup is None) == (app is None):
        raise click.UsageError("give either --all FILE or --app DIR")
    with errors_as_exit_code():
        if backup is not None:
            _back_up(backup)
        elif app is not None:
            from ..deploy.app.export import export_app
            from ..deploy.app.plan import SCOPES, AppPlan

            plan = AppPlan(name, lakebase, database, address, scope or SCOPES, admin)
            files = export_app(plan, app)
            click.echo(f"{app}: {', '.join(files)}; README.md says what to do with it")


def _back_up(file: Path) -> None:
    ws = _workspace()
    try:
        started = time.monotonic()
        rows = ws.store.export(file)
        _record(ws, "export_store", file, started)
    finally:
        ws.close()
    click.echo(f"{file}: {_counted(rows)}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_(file: Path) -> None:
    """Bring a backup into the store that the settings name; it must hold nothing yet."""
    with errors_as_exit_code():
        from ..deploy.lakebase import passwords_of
        from ..storage.store import Store

        settings = _workspace().settings
        passwords = passwords_of(settings)
        rows = Store.restore(file, settings.database, password_provider=passwords)
        click.echo(f"imported {_counted(rows)}")


def _workspace() -> Workspace:
    """The store of the settings, for somebody who may have all of it. Raises Forbidden."""
    from ..settings import Settings
    from .host import Host

    ws = Host.local(Settings.from_env()).caller({})
    if not ws.identity.may("deployer"):
        raise Forbidden(
            "The whole store goes to deployers only.",
            got=ws.identity.role,
            expected="deployer",
            hint="LAKESTREAM_ROLE says what the person who starts the command may do.",
        )
    return ws


def _record(ws: Workspace, operation: str, file: Path, started: float) -> None:
    """The audit row of a command that is no operation; it names the file by its hash."""
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    with ws.store.transaction(write=True) as transaction:
        transaction.append_audit(
            actor=ws.identity.name,
            role=ws.identity.role,
            operation=operation,
            arguments_sha256=sha256,
            outcome="ok",
            duration_ms=round((time.monotonic() - started) * 1000),
        )


def _counted(rows: dict[str, int]) -> str:
    """The tables that have rows, with how many."""
    return ", ".join(f"{count} {name}" for name, count in sorted(rows.items()) if count)
