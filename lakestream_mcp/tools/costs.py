"""What a pipeline will cost on Databricks, and what it has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..arguments import Object, PipelineId
from ..errors import LakestreamError
from ..operations import Answer, operation
from .answers import compact
from .discovery import load as load_pipeline
from .hosts import checked

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..deploy.cost.assumptions import Assumptions
    from ..deploy.cost.estimate import Estimate
    from ..deploy.cost.load import Load
    from ..storage.rows import Stored
    from ..workspace import Workspace

SAMPLE = 5_000


class CostAnswer(Answer):
    """An estimate in three cases, with every assumption; and what was billed, where that is known.

    `low` takes the cheap end of every assumption at once, `high` the dear one.
    """

    pipeline_id: str
    revision: int
    estimate: dict[str, Any]
    actual: dict[str, Any] | None = None
    warnings: list[str]
    next: str
    link: str

    def text(self) -> str:
        """The three cases, what they rest on, and what would change them."""
        from ..deploy.cost.told import money, three

        e = self.estimate
        lines = [
            f"{self.pipeline_id}@{self.revision} on {e['target']}, {e['compute']}, {e['mode']}"
            + (f", edition {e['edition']}: {e['edition_reason']}" if e.get("edition") else ""),
            f"month: {money(e['money_per_month'])} for {three(e['dbu_per_month'])} DBU",
            f"hour: {money(e['money_per_hour'])} for {three(e['dbu_per_hour'])} DBU on "
            f"{three(e['cores'])} cores; {three(e['cpu_us_per_event'])} µs CPU per event",
            f"state {three(e['state_bytes'])} bytes, shuffle "
            f"{three(e['shuffle_bytes_per_second'])} bytes/s",
        ]
        lines += [
            f"{name} {three(a)} {a['unit']} ({a['source'][:80]})"
            for name, a in e["assumptions"].items()
        ]
        if self.actual:
            lines.append(f"billed: {compact(self.actual)}"[:800])
        lines += [f"note: {note}" for note in (*e["notes"], *self.warnings)]
        return "\n".join([*lines, f"Next: {self.next}", self.link])[:7_900]


@operation(
    title="Estimate cost",
    effect="read",
    role="deployer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/cost",
    examples=({"pipeline_id": "quakes", "load": {"events_per_second": 50, "keys": 2000}},),
)
def estimate_cost(
    ws: Workspace,
    pipeline_id: PipelineId,
    load: Annotated[
        Object,
        Field(
            description="events_per_second, keys, peak_factor, target sss|sdp, compute "
            "classic|serverless, mode continuous|triggered, runs_per_day, batch_seconds"
        ),
    ] = {},  # noqa: B006
    assume: Annotated[
        Object, Field(description='Instead of listed assumptions: {"utilization": 0.5}')
    ] = {},  # noqa: B006
) -> CostAnswer:
    """Estimate DBU and money per hour and month: low, base, high, each assumption with its source.

    Also what a deployment was billed, where that can be read. Next: deploy.
    """
    stored = load_pipeline(ws, pipeline_id)
    made, warnings = estimated(ws, stored, load, assume)
    return CostAnswer(
        pipeline_id=stored.pipeline_id,
        revision=stored.revision,
        estimate=made.model_dump(mode="json", exclude_none=True),
        actual=_actual(ws, stored, warnings),
        warnings=warnings,
        next='deploy(options={"load": …}) has it in its plan; benchmark_pattern measures a pattern',
        link=ws.link(stored.pipeline_id, stored.revision),
    )


def estimated(
    ws: Workspace, stored: Stored, load: dict[str, Any], assume: dict[str, Any] | None = None
) -> tuple[Estimate, list[str]]:
    """The one estimate, and what could not be found out for it: a plan of deployment has it too.

    What the settings of the pipeline say of how it is deployed need not be said again.
    """
    from ..codegen.deploying import Deploying
    from ..deploy.cost.estimate import estimate

    given, warnings = _load(ws, stored, Deploying.of(stored.document).load | load)
    assumptions = _assumptions(ws, warnings).replaced(assume or {}, "given")
    return estimate(stored.document, ws.catalog, given, assumptions), warnings


def _load(ws: Workspace, stored: Stored, given: dict[str, Any]) -> tuple[Load, list[str]]:
    """What the caller says, and what the simulator or the newest test show of the rest."""
    from ..deploy.cost.load import Load
    from ..deploy.cost.shares import filled, shares_of

    load, warnings = Load.of(given), []
    host = checked(ws, stored.document).host
    rates = [float(getattr(host.configs[n], "events_per_second", 0)) for n in host.sources]
    simulated = bool(rates) and all(rates)
    if load.events_per_second is None and simulated:
        told = load.sources | {"events_per_second": "the simulators' rates"}
        load = load.model_copy(update={"events_per_second": sum(rates), "sources": told})
    try:
        sources, told_by = _sample(ws, stored, host, simulated)
        if sources is not None:
            load = filled(load, shares_of(host, sources), told_by)
    except LakestreamError as error:
        warnings.append(f"shares of rows could not be measured: {error.message}")
    return load, warnings


def _sample(ws: Workspace, stored: Stored, host: Host, simulated: bool) -> tuple[Any, str]:
    """Rows to count with: the simulators', or those of the newest test."""
    from ..cep.testing import read_sources

    if simulated:
        events = {name: {"simulate": SAMPLE} for name in host.sources}
        return read_sources(host, events, ws.find_file)[0], f"{SAMPLE} simulated events"
    with ws.reading() as store:
        runs = store.list_runs(pipeline_id=stored.pipeline_id, kind="test", limit=1)
        report = store.get_run(runs[0].id).report if runs else None
    if report is None or "request" not in report:
        return None, ""
    events = _plain(report["request"]["events"])
    return read_sources(host, events, ws.find_file)[0], f"the events of {runs[0].id}"


def _plain(events: Any) -> Any:
    """A stored request's events without the hashes of its files."""
    if not isinstance(events, dict):
        return events
    if "file" in events:
        return {name: value for name, value in events.items() if name != "sha256"}
    return {name: _plain(part) for name, part in events.items()}


def _assumptions(ws: Workspace, warnings: list[str]) -> Assumptions:
    """Those of the product, of the data folder, and the workspace's own prices."""
    from ..deploy.cost.assumptions import Assumptions
    from ..deploy.cost.billing import live_prices

    known = Assumptions.load(ws.settings.data_dir)
    try:
        prices, source = live_prices(ws)
    except LakestreamError as error:
        if error.code not in ("DATABRICKS_NOT_CONNECTED", "DATABRICKS_SDK_MISSING"):
            warnings.append(f"list prices could not be read: {error.message}")
        return known
    with ws.reading() as store:
        today = f"{store.at:%Y-%m-%d}"
    return known.replaced(prices, source, today)


def _actual(ws: Workspace, stored: Stored, warnings: list[str]) -> dict[str, Any] | None:
    """What the newest deployment to the workspace was billed, beside its estimate."""
    from ..deploy.cost.billing import usage_of
    from ..deploy.history import ROWS_LOOKED_AT

    with ws.reading() as store:
        rows = store.list_deployments(pipeline_id=stored.pipeline_id, limit=ROWS_LOOKED_AT)
    deployment = next((row for row in rows if row.target == "workspace"), None)
    if deployment is None:
        return None
    try:
        return usage_of(ws, deployment)
    except LakestreamError as error:
        warnings.append(f"what was billed could not be read: {error.message}")
        return None
