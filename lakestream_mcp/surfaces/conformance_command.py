"""`lakestream conformance`: cases of other engines against the tester or generated code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .cli import errors_as_exit_code


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["host", "spark"]),
    default="host",
    show_default=True,
    help="The tester in this process, or generated code on a local Spark.",
)
@click.option(
    "--json", "out", type=click.Path(path_type=Path), help="Also write the report to this file."
)
def conformance(file: Path, engine: Any, out: Path | None) -> None:
    """Run a file of cases in the neutral form; print pass, wrong, refused, crash per feature."""
    with errors_as_exit_code():
        from ..conformance.case_file import report_text
        from ..conformance.run import run_file
        from ..settings import Settings

        settings = Settings.from_env()
        made = run_file(file, engine, settings.spark_python, lambda s: click.echo(s, err=True))
        if out is not None:
            out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        click.echo(report_text(made))
