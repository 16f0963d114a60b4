"""Testing a pipeline on history that one process cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import Object, PipelineId
from ..errors import InvalidArgument, Unsupported
from ..operations import operation
from .discovery import load
from .testing import Revision, TestAnswer, answer_of, keep

if TYPE_CHECKING:
    from pathlib import Path

    from ..cep.host import Host
    from ..deploy.backtest.local import Found
    from ..deploy.backtest.slices import Slice
    from ..storage.rows import Stored
    from ..workspace import Workspace

ROWS_KEPT = 20_000


@operation(
    title="Backtest a pipeline",
    effect="run",
    role="deployer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/backtests",
    mcp=False,
    examples=({"pipeline_id": "quakes", "history": {"path": "history", "to": "2026-02-01"}},),
)
def backtest(
    ws: Workspace,
    pipeline_id: PipelineId,
    history: Annotated[
        Object,
        Field(
            description='{"path": folder, "from": time, "to": time, "version": n}; with several '
            "sources one by source id. In the workspace `table` instead of `path`"
        ),
    ],
    node: Annotated[str, Field(max_length=64, description="This pattern only")] = "",
    revision: Revision = 0,
    where: Annotated[
        Literal["local", "workspace"], Field(description="On Spark here, or as a one-time job")
    ] = "local",
    keep_matches: Annotated[int, Field(ge=1, le=1000, description="Matches kept")] = 200,
    limit: Annotated[int, Field(ge=0, le=1000, description="Matches shown")] = 10,
) -> TestAnswer:
    """Run the generated code over a bounded part of history, to its end, and keep the matches.

    The rows have the columns of the source they stand for. Matches go into a scratch table that is
    dropped afterwards. The answer is a run like a test's: see explain_match.
    """
    stored = load(ws, pipeline_id, revision)
    report = _report(ws, stored, history, node, where, keep_matches)
    run = keep(ws, stored, node, report, "backtest")
    return answer_of(ws, run, report, limit)


def _report(
    ws: Workspace, stored: Stored, history: dict[str, Any], node: str, where: str, kept: int
) -> dict[str, Any]:
    from ..cep.host import Host
    from ..cep.testing import refuse_errors
    from ..deploy.backtest.report import backtest_report
    from ..deploy.backtest.slices import slices_of

    validation = ws.validate(stored.document)
    refuse_errors(validation)
    host = Host(stored.document, validation, ws.catalog, ws.engine, ws.resolver, lambda *_: None)
    patterns = _patterns(host, node)
    slices = slices_of(history, _sources(host))
    run = _locally if where == "local" else _in_workspace
    found = run(ws, stored, host, slices, patterns, kept)
    ws.progress(0.95, "explaining")
    report = backtest_report(host, found, validation, node or None, ws.find_file)
    told = {
        name: part.model_dump(by_alias=True, exclude_defaults=True) for name, part in slices.items()
    }
    return report | {"backtest": {"where": where, "history": told}}


def _patterns(host: Host, node: str) -> list[str]:
    """The patterns whose matches are wanted. Raises InvalidArgument."""
    from ..cep.pattern_type import PatternType

    known = [n for n in host.order if isinstance(host.catalog.get(host.type_of(n)), PatternType)]
    if not known or (node and node not in known):
        raise InvalidArgument(
            f"`{node}` is no pattern of this pipeline."
            if known
            else "The pipeline has no pattern, so history has no matches.",
            where={"argument": "node"},
            got=node or None,
            expected=known,
        )
    return [node] if node else known


def _sources(host: Host) -> list[str]:
    from ..graph.node_type import SourceType

    return [n for n in host.order if isinstance(host.catalog.get(host.type_of(n)), SourceType)]


def _in_workspace(*_: Any) -> Found:
    """Refused: a job whose server dies would leave its scratch table in the catalog."""
    raise Unsupported(
        "A backtest as a job in the workspace is not offered.",
        where={"argument": "where"},
        got="workspace",
        expected="local",
        hint="copy the slice below a data root, as Parquet or Delta, and run it here",
    )


def _locally(
    ws: Workspace,
    stored: Stored,
    host: Host,
    slices: dict[str, Slice],
    patterns: list[str],
    kept: int,
) -> Found:
    from ..codegen import generate
    from ..deploy import spark_env
    from ..deploy.backtest.keys import keys_of
    from ..deploy.backtest.local import Asked, backtest_on_spark

    files = {name: _place(ws, name, part) for name, part in slices.items()}
    keys = keys_of(host, patterns)
    asked = Asked(slices, files, patterns, keys, kept, ROWS_KEPT)
    validation = ws.validate(stored.document)
    names = stored.pipeline_id, stored.revision
    made = generate(stored.document, validation, ws.catalog, *names, ws.resolver, "sss")
    environment = spark_env.find(ws.settings.spark_python)
    folder = ws.settings.data_dir / "scratch"
    return backtest_on_spark(host, made, environment, asked, folder, ws.progress)


def _place(ws: Workspace, source: str, part: Slice) -> Path:
    """Where the history of a source is, below a data root. Raises NotFound, Forbidden."""
    from ..deploy.backtest.places import place_below

    if not part.path:
        raise InvalidArgument(
            f"Say where the history of `{source}` is.",
            where={"argument": "history", "source": source},
            expected={"path": "a folder or file below the data roots"},
            hint='`table` is for a backtest with where="workspace"' if part.table else None,
        )
    return place_below(part.path, ws.settings.data_roots, source)
