"""Testing a pipeline on history that one process cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import Object, PipelineId
from ..errors import InvalidArgument
from ..operations import operation
from .discovery import load
from .generation import generated
from .hosts import Checked, checked
from .testing import Revision, TestAnswer, answer_of, keep

if TYPE_CHECKING:
    from pathlib import Path

    from ..cep.host import Host
    from ..deploy.backtest.asked import Asked, Found
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
            "sources one by source id. In the workspace `table` instead of `path`. Of a broker "
            '{"offsets": {"from": time or {topic: {partition: offset}}, "to": likewise}}'
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


def on_history(
    ws: Workspace,
    pipeline_id: str,
    given: Any,
    node: str,
    revision: int,
    limit: int,
    *,
    alone: bool,
) -> TestAnswer:
    """The same as a test's events: `history`, with `where` and `keep_matches` among its fields.

    alone: nothing else was asked of the test. Raises Forbidden, InvalidArgument.
    """
    ws.require("deployer", "a backtest")
    history = dict(given) if isinstance(given, dict) else {}
    where, kept = history.pop("where", "local"), history.pop("keep_matches", 200)
    fits = where in ("local", "workspace") and isinstance(kept, int) and 1 <= kept <= 1000
    if not (history and fits and alone):
        raise InvalidArgument(
            "A backtest is asked for by its history, and by nothing else of a test.",
            where={"argument": "events", "field": "backtest"},
            got=given,
            expected={"path": "history", "from": "2026-01-01", "to": "2026-02-01"},
            hint='also {"table": …, "where": "workspace"}, `version`, `offsets`, `keep_matches`; '
            "of a test's other arguments node, revision and limit",
        )
    return backtest(ws, pipeline_id, history, node, revision, where, kept, limit)


def _report(
    ws: Workspace, stored: Stored, history: dict[str, Any], node: str, where: str, kept: int
) -> dict[str, Any]:
    from ..deploy.backtest.asked import Asked
    from ..deploy.backtest.broker import topics_of
    from ..deploy.backtest.keys import keys_of
    from ..deploy.backtest.report import backtest_report
    from ..deploy.backtest.slices import slices_of

    ready = checked(ws, stored.document)
    patterns = _patterns(ready.host, node)
    slices = slices_of(history, ready.host.sources)
    for name, part in slices.items():
        if part.offsets is not None:
            part.offsets.check(topics_of(ready.host.configs[name], name), name)
    keys = keys_of(ready.host, patterns)
    run = _locally if where == "local" else _in_workspace
    found = run(ws, stored, ready, Asked(slices, {}, patterns, keys, kept, ROWS_KEPT))
    ws.progress(0.95, "explaining")
    report = backtest_report(ready.host, found, ready.validation, node or None, ws.find_file)
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


def _in_workspace(ws: Workspace, stored: Stored, ready: Checked, asked: Asked) -> Found:
    """As a one-time job, as the caller."""
    from ..codegen.bundle.resources import cluster_spec
    from ..codegen.deploying import Deploying
    from ..codegen.settings import CodeSettings
    from ..deploy.backtest.workspace import Place, backtest_in_workspace
    from ..deploy.databricks_client import client_for
    from ..deploy.warehouse import warehouse_of

    client = client_for(ws)
    settings = CodeSettings.of(stored.document, stored.pipeline_id)
    cluster = Deploying.of(stored.document).cluster
    place = Place(
        stored.pipeline_id,
        settings.catalog,
        settings.schema,
        settings.checkpoints,
        warehouse_of(client),
        cluster_spec(cluster) if cluster else None,
    )
    asked = asked._replace(place=(settings.catalog, settings.schema))
    made = generated(ws, stored)
    return backtest_in_workspace(ready.host, made, client, place, asked, ws.progress)


def _locally(ws: Workspace, stored: Stored, ready: Checked, asked: Asked) -> Found:
    from ..deploy import spark_env
    from ..deploy.backtest.local import backtest_on_spark

    given = {name: part for name, part in asked.slices.items() if part.offsets is None}
    asked = asked._replace(files={name: _place(ws, name, part) for name, part in given.items()})
    made = generated(ws, stored)
    environment = spark_env.find(ws.settings.spark_python)
    folder = ws.settings.data_dir / "scratch"
    return backtest_on_spark(ready.host, made, environment, asked, folder, ws.progress)


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
