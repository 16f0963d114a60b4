"""`lakestream make-token`: a token for a caller, and its hash in the file that the server reads."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from .cli import errors_as_exit_code


@click.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "author", "deployer"]),
    default="author",
    show_default=True,
    help="What the token allows at most, whatever is granted to its holder.",
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day it is accepted.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="LAKESTREAM_TOKENS",
    required=True,
    help="The file of tokens; made where there is none. Default: LAKESTREAM_TOKENS.",
)
def make_token(name: str, role: str, expires: datetime | None, file: Path) -> None:
    """Make a token for NAME, print it once, and add its hash to the file of tokens.

    The server reads the file again by itself. To revoke a token, remove its line.
    """
    with errors_as_exit_code():
        from ..identity import ROLES
        from .identity.tokens import made, read

        known = read(file) if file.exists() else []
        day = expires.date() if expires else None
        text, token = made(name, next(r for r in ROLES if r == role), day)
        lines = [t.model_dump(mode="json", exclude_none=True) for t in (*known, token)]
        _replace(file, json.dumps({"tokens": lines}, indent=1, ensure_ascii=False) + "\n")
        click.echo(text)
        click.echo(f"{name} ({role}) is in {file}. The token is not shown again.", err=True)


def _replace(file: Path, text: str) -> None:
    """Write the file as a whole or not at all, for its owner alone."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600, exist_ok=False)
    part.write_text(text, encoding="utf-8")
    part.replace(file)
