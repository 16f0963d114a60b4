"""How fast a pattern is, measured on streams made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import Json, PipelineId, RunId
from ..errors import InvalidArgument
from ..operations import Answer, operation
from .answers import compact
from .discovery import existing, load
from .generation import generated
from .hosts import checked

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..deploy.benchmark.run import Asked
    from ..storage.rows import Run, Stored, StoredRun
    from ..workspace import Workspace

Rate = Annotated[float, Field(ge=0.1, le=1_000_000)]
RATES = (100, 1_000, 10_000)


class BenchmarkAnswer(Answer):
    """Figures by rate, the saturation point, and ratios to an earlier benchmark."""

    run_id: str
    pipeline_id: str
    revision: int
    engine: str
    node: str
    steps: list[dict[str, Any]]
    saturation: dict[str, Any] | None = None
    reference_us: float
    compared: dict[str, Any] | None = None
    notes: list[str]
    next: str
    link: str

    def text(self) -> str:
        """A line per rate."""
        lines = [f"{self.pipeline_id}@{self.revision} {self.run_id}: {self.node} on {self.engine}"]
        lines += [_line(step) for step in self.steps[:12]]
        if self.saturation:
            above = self.saturation.get("saturated")
            said = f"{self.saturation['sustained']:,.0f} events/s sustained"
            lines.append(said + (f", {above:,.0f} too many" if above else ", and more"))
        if self.compared:
            lines.append(f"against the earlier run: {compact(self.compared)}"[:1500])
        lines += [f"note: {note}" for note in self.notes[:6]]
        return "\n".join([*lines, f"Next: {self.next}", self.link])


@operation(
    title="Benchmark a pattern",
    effect="run",
    role="deployer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/benchmarks",
    examples=({"pipeline_id": "quakes", "node": "silence", "rates": [1000], "keys": 100},),
)
def benchmark_pattern(
    ws: Workspace,
    pipeline_id: PipelineId,
    node: Annotated[str, Field(max_length=64)] = "",
    rates: Annotated[list[Rate], Json, Field(min_length=1, max_length=10)] = list(RATES),  # noqa: B006
    keys: Annotated[int, Field(ge=1, le=1_000_000)] = 1000,
    skew: Annotated[float, Field(ge=0, le=3, description="Zipf exponent")] = 0,
    share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    seconds: Annotated[float, Field(ge=1, le=600)] = 10,
    engine: Literal["host", "spark"] = "host",
    compare: Annotated[str, Field(max_length=64, description="Run id")] = "",
) -> BenchmarkAnswer:
    """Measure latency, CPU, state and highest rate of a pattern on synthetic streams.

    `share` of the events are wanted by the pattern. Kept as a run; next: estimate_cost.
    """
    from ..deploy.benchmark.compare import comparison, refuse_other_stream
    from ..deploy.benchmark.run import Asked
    from ..deploy.benchmark.stream import Shape

    stored = load(ws, pipeline_id)
    found = existing(stored, node or _only_pattern(ws, stored))
    node = found.id
    asked = Asked(sorted(set(rates)), seconds, Shape(keys, skew, share))
    earlier = _benchmark(ws, compare) if compare else None
    if earlier:
        refuse_other_stream(asked, engine, found.type, earlier.report)
    report = _measured(ws, stored, node, asked, engine)
    compared = comparison(report, earlier.report) if earlier else None
    if compared:
        report["compared"] = {"run": compare} | compared
    run = _keep(ws, stored, node, report)
    return _answer(ws, run, report)


def _only_pattern(ws: Workspace, stored: Stored) -> str:
    """The pattern that is meant where none is named. Raises InvalidArgument."""
    from ..explain.what_if import one_pattern

    nodes = stored.document.nodes
    return one_pattern([n.id for n in nodes if ws.catalog.get(n.type).category == "pattern"], "")


def _measured(
    ws: Workspace, stored: Stored, node: str, asked: Asked, engine: str
) -> dict[str, Any]:
    from ..deploy.benchmark.run import benchmark_on_host

    if engine == "spark":
        return _on_spark(ws, stored, node, asked)
    host = checked(ws, stored.document).host
    _refuse_other(host, node)
    return benchmark_on_host(host, node, asked, ws.progress)


def _on_spark(ws: Workspace, stored: Stored, node: str, asked: Asked) -> dict[str, Any]:
    """The same through generated code on the local Spark."""
    from ..deploy import spark_env
    from ..deploy.benchmark.on_spark import benchmark_on_spark, opened, with_short_delays
    from ..deploy.spark_process import SparkProcess

    stored = stored._replace(document=with_short_delays(stored.document))
    host = checked(ws, stored.document).host
    _refuse_other(host, node)
    made = generated(ws, stored)
    environment = spark_env.find(ws.settings.spark_python)
    ws.progress(0.02, "starting Spark")
    with SparkProcess(environment) as spark:
        session = opened(spark, made, host, node, asked)
        return benchmark_on_spark(session, asked, ws.progress)


def _refuse_other(host: Host, node: str) -> None:
    from ..cep.pattern_type import StatefulType

    known = [n for n in host.order if isinstance(host.catalog.get(host.type_of(n)), StatefulType)]
    if node not in known:
        raise InvalidArgument(
            f"`{node}` is no pattern of this pipeline.",
            where={"argument": "node"},
            got=node,
            expected=known,
        )


def _keep(ws: Workspace, stored: Stored, node: str, report: dict[str, Any]) -> Run:
    steps = report["steps"]
    counts = {
        "events": sum(step["events"] for step in steps),
        "matches": sum(step["matches"] for step in steps),
    }
    with ws.writing(stored.pipeline_id) as store:
        run = store.add_run(
            stored.pipeline_id,
            stored.revision,
            "benchmark",
            actor=ws.identity.name,
            result="measured",
            counts=counts,
            report=report,
            node=node,
            duration_ms=ws.call.duration_ms,
        )
        ws.call.revision = stored.revision
    ws.notify("run", stored.pipeline_id, {"run_id": run.id, "result": "measured"})
    return run


def _answer(ws: Workspace, run: Run, report: dict[str, Any]) -> BenchmarkAnswer:
    return BenchmarkAnswer(
        run_id=run.id,
        pipeline_id=run.pipeline_id,
        revision=run.revision,
        engine=report["engine"],
        node=report["node"],
        steps=report["steps"],
        saturation=report.get("saturation"),
        reference_us=report["reference_us"],
        compared=report.get("compared"),
        notes=report["notes"],
        next=f'estimate_cost, or after a change benchmark_pattern(compare="{run.id}")',
        link=ws.link(run.pipeline_id, run.revision, run=run.id),
    )


def _benchmark(ws: Workspace, run_id: str) -> StoredRun:
    """A stored benchmark. Raises NotFound, InvalidArgument."""
    with ws.reading() as store:
        found = store.get_run(run_id)
    if found.run.kind != "benchmark":
        raise InvalidArgument(
            f"{run_id} is no benchmark.",
            where={"run": run_id},
            got=found.run.kind,
            expected="benchmark",
            hint='list_runs(kind="benchmark")',
        )
    return found


def _line(step: dict[str, Any]) -> str:
    shown = step.get("latency_ms")
    latency = "no match in time"
    if shown:
        latency = f"latency {shown['p50']:.0f}/{shown['p95']:.0f}/{shown['p99']:.0f} ms"
    state = step["state"]
    return (
        f"{step['rate']:g}/s: {step['events']} events, {step['matches']} matches, {latency} "
        f"(p50/95/99), {100 * step['busy']:.1f} % busy, {step['cpu_us_per_event']:g} µs CPU/event, "
        f"{state.get('keys') or 'unknown'} keys in {state['bytes']:,} bytes"
        + (", SATURATED" if step["saturated"] else "")
    )


class PlotAnswer(Answer):
    """A picture of a benchmark."""

    run_id: str
    svg: str

    def text(self) -> str:
        """The picture itself."""
        return self.svg


@operation(
    title="Draw a benchmark",
    effect="read",
    method="GET",
    path="/api/runs/{run_id}/plot",
    mcp=False,
    examples=({"run_id": "run_0mi5x1a2c"},),
)
def plot_benchmark(ws: Workspace, run_id: RunId) -> PlotAnswer:
    """Draw a stored benchmark as SVG: latency percentiles and load by rate."""
    from ..deploy.benchmark.plot import plot

    found = _benchmark(ws, run_id)
    report = found.report
    title = f"{found.run.pipeline_id}: {report['node']} ({report['type']}) on {report['engine']}"
    return PlotAnswer(run_id=run_id, svg=plot(report, title))
