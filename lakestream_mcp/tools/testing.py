"""Running a pipeline on given events, in this process, without Spark."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import GivenEvents, Json, Object, PipelineId
from ..errors import InvalidArgument
from ..graph.duration import delay_ms
from ..operations import Answer, operation
from .answers import compact
from .columns_shown import columns_shown
from .discovery import existing, load
from .experiments import Examples, compared
from .test_text import flow_lines, following, match_line

if TYPE_CHECKING:
    from ..cep.host import Options
    from ..cep.testing import TestRequest
    from ..storage.rows import Run, RunKind, Stored
    from ..templates.model import Template
    from ..workspace import Workspace

LISTS = ("matches", "late", "waiting", "ended")
Events = Annotated[
    GivenEvents,
    Json,
    Field(
        description='Rows [{…}], {"file": "path"}, {"simulate": 100}, {"template": "id"}; for one '
        'pattern {"examples": "all"} (or "match", "no match"); on Spark {"backtest": {"path": …}}; '
        'with several sources {"source_id": one of these}'
    ),
]
Revision = Annotated[int, Field(ge=0, description="0: newest")]
CheckOrder = Annotated[bool, Field(description="Replay shuffled and cut: is the answer the same?")]
WatermarkDelay = Annotated[
    str, Field(max_length=40, description="Instead of the declared one, e.g. 10 minutes")
]
AdvanceTo = Annotated[
    str,
    Field(
        max_length=40,
        description="Watermark at the end: `all` decides every deadline, `none` leaves it, or an "
        "ISO time",
    ),
]
BatchRows = Annotated[
    int, Field(ge=1, le=1_000_000, description="Rows per micro-batch; decides which rows are late")
]
Schedule = Annotated[
    Literal["backlog", "live", "restart"],
    Field(description="When Spark runs batches; only an author's own code can notice"),
]


class TestAnswer(Answer):
    """What a test found. Lists are cut to `limit`; the run keeps the whole report."""

    __test__ = False

    run_id: str
    pipeline_id: str
    revision: int
    result: str
    counts: dict[str, int]
    matches: list[dict[str, Any]]
    rows: dict[str, list[dict[str, Any]]] = Field(
        default_factory=dict,
        description="What windows, joins of streams and authors' own processors put out",
    )
    messages: dict[str, list[Any]] | None = Field(
        None, description="What alert sinks would send, by node; a test sends nothing"
    )
    nodes: dict[str, Any]
    late: list[Any]
    waiting: list[Any]
    ended: list[Any]
    warnings: list[str]
    order: dict[str, Any] | None = None
    what_if: dict[str, Any] | None = None
    examples: list[dict[str, Any]] | None = None
    watermark: dict[str, Any]
    code_hash: dict[str, str]
    next: str
    link: str

    def text(self) -> str:
        """Counts, the matches as JSON lines, warnings."""
        counts = ", ".join(f"{n} {name}" for name, n in self.counts.items())
        lines = [f"{self.pipeline_id}@{self.revision} {self.run_id}: {counts}"]
        lines += [match_line(match) for match in self.matches]
        hidden = self.counts.get("matches", 0) - len(self.matches)
        if hidden > 0:
            lines.append(f"… {hidden} more matches in the run")
        lines += [f"{node}: {compact(row)}" for node, rows in self.rows.items() for row in rows]
        for node, said in (self.messages or {}).items():
            lines += [f"{node} would send: {compact(message)}" for message in said[:3]]
        failed = {n: c["failed"] for n, c in self.nodes.items() if c.get("failed")}
        lines += [f"{node}: rows that fail: {compact(by_name)}" for node, by_name in failed.items()]
        if not self.matches:
            lines += flow_lines(self.nodes)
            lines += [f"ended without a match: {compact(e)}" for e in self.ended[:5]]
        lines += [f"waiting at the last event: {compact(w)}" for w in self.waiting[:3]]
        lines += [f"warning: {w}" for w in self.warnings]
        if self.order:
            lines.append(f"order: {compact(self.order)}")
        lines += [f"example: {compact(e)}" for e in self.examples or []]
        if self.what_if:
            lines.append(f"what if: {compact(self.what_if)}")
        return "\n".join([*lines, f"Next: {self.next}", self.link])


@operation(
    title="Test a pipeline on events",
    effect="run",
    method="POST",
    path="/api/pipelines/{pipeline_id}/runs",
    examples=({"pipeline_id": "quakes", "events": {"file": "examples/earthquakes.jsonl"}},),
)
def test_pattern(
    ws: Workspace,
    pipeline_id: PipelineId,
    events: Events,
    node: Annotated[str, Field(max_length=64, description="Report this pattern only")] = "",
    revision: Revision = 0,
    check_order: CheckOrder = False,
    watermark_delay: WatermarkDelay = "",
    advance_to: AdvanceTo = "all",
    batch_rows: BatchRows = 1,
    schedule: Schedule = "backlog",
    seed: Annotated[int, Field(ge=0)] = 0,
    what_if: Annotated[
        Object,
        Field(
            description='Compare with another configuration of the pattern: {"within": "2 hours"}'
        ),
    ] = {},  # noqa: B006
    limit: Annotated[int, Field(ge=0, le=1000)] = 10,
) -> TestAnswer:
    """Run the whole pipeline on events and report matches with their events, late and waiting rows.

    Generated code runs the same matcher. The run is kept: see explain_match.
    """
    from ..cep.testing import TestRequest
    from .backtests import on_history
    from .templates import planted_in

    if isinstance(events, dict) and set(events) == {"backtest"}:
        alone = not (check_order or what_if or watermark_delay or advance_to != "all")
        return on_history(ws, pipeline_id, events["backtest"], node, revision, limit, alone=alone)
    stored = load(ws, pipeline_id, revision)
    if node:
        existing(stored, node)
    options = test_options(watermark_delay, advance_to, batch_rows)._replace(schedule=schedule)
    examples = Examples.asked(ws, stored, events, node)
    planted = planted_in(ws, events)
    rows = examples.rows if examples else planted.events() if planted else events
    request = TestRequest(rows, options, node or None, check_order, seed)
    report = _tested(ws, stored, request)
    report |= _told(examples, planted, report)
    if what_if:
        report["what_if"] = compared(ws, stored, request, what_if, limit)
    return answer_of(ws, keep(ws, stored, node, report), report, limit)


def _told(
    examples: Examples | None, planted: Template | None, report: dict[str, Any]
) -> dict[str, Any]:
    """What came of examples, or of a template's stories; nothing where none were asked for."""
    from ..templates.outcome import told

    if examples:
        return {"examples": examples.told(report["matches"])}
    if planted:
        return {"examples": told(planted, report["matches"], report["code_hash"])}
    return {}


def _tested(ws: Workspace, stored: Stored, request: TestRequest) -> dict[str, Any]:
    """The report of a test, with what is needed to run it again."""
    from ..cep.testing import test_pipeline
    from ..explain.reopen import kept_request

    validation = ws.validate(stored.document)
    if not validation.ok:
        shown = columns_shown(ws, stored.document, validation, request.events)
        request = request._replace(columns=shown)
    report = test_pipeline(
        stored.document,
        validation,
        request,
        catalog=ws.catalog,
        engine=ws.engine,
        resolver=ws.resolver,
        find_file=ws.find_file,
        progress=ws.progress,
    )
    return report | {"request": kept_request(request, ws.find_file)}


def test_options(watermark_delay: str, advance_to: str, batch_rows: int) -> Options:
    """How a test treats time, from its arguments. Raises InvalidArgument."""
    from ..cep.host import Options
    from ..cep.replay import FAR

    delay = None
    if watermark_delay:
        try:
            delay = delay_ms(watermark_delay)
        except ValueError as error:
            raise InvalidArgument(
                f"`watermark_delay`: {error}",
                where={"argument": "watermark_delay"},
                got=watermark_delay,
                expected="a duration such as `10 minutes`",
            ) from None
    known = {"all": FAR, "none": None}
    end = known[advance_to] if advance_to in known else _microseconds(advance_to)
    return Options(batch_rows=batch_rows, delay_ms=delay, advance_to=end)


def _microseconds(text: str) -> int:
    from ..cep.events import TIME_FORMS, moment

    try:
        return round(moment(text).timestamp() * 1_000_000)
    except ValueError:
        raise InvalidArgument(
            "`advance_to` is no time.",
            where={"argument": "advance_to"},
            got=text,
            expected=f"`all`, `none`, or {TIME_FORMS}",
        ) from None


def keep(
    ws: Workspace, stored: Stored, node: str, report: dict[str, Any], kind: RunKind = "test"
) -> Run:
    """Store the run with its report, in the operation's one transaction."""
    hashes, counts = report["code_hash"], report["counts"]
    result = "matched" if counts["matches"] or counts.get("rows") else "no_match"
    with ws.writing(stored.pipeline_id) as store:
        run = store.add_run(
            stored.pipeline_id,
            stored.revision,
            kind,
            actor=ws.identity.name,
            result=result,
            counts=counts,
            report=report,
            node=node or (next(iter(hashes)) if len(hashes) == 1 else None),
            duration_ms=ws.call.duration_ms,
            code_sha256=hashlib.sha256(compact(hashes).encode()).hexdigest(),
        )
        ws.call.revision = stored.revision
    ws.notify("run", stored.pipeline_id, {"run_id": run.id, "result": result})
    return run


def answer_of(ws: Workspace, run: Run, report: dict[str, Any], limit: int) -> TestAnswer:
    """What is shown of a stored run; its lists are cut to `limit`."""
    parts = {name: report[name][:limit] for name in LISTS}
    first = report["matches"][0]["match_id"] if report["matches"] else None
    return TestAnswer(
        run_id=run.id,
        pipeline_id=run.pipeline_id,
        revision=run.revision,
        result=run.result,
        counts=report["counts"],
        **parts,
        rows={node: rows[:limit] for node, rows in report.get("rows", {}).items()},
        messages={n: said[:limit] for n, said in report.get("messages", {}).items()} or None,
        nodes=report["nodes"],
        warnings=report["warnings"],
        order=report.get("order"),
        what_if=report.get("what_if"),
        examples=report.get("examples"),
        watermark=report["watermark"],
        code_hash=report["code_hash"],
        next=following(run, report),
        link=ws.link(run.pipeline_id, run.revision, panel="test", run=run.id, match=first),
    )
