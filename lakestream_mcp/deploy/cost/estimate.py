"""An estimate: work per second, the cores it takes, their DBUs and their price.

Three cases: `low` has the cheap end of every assumption at once, `high` the dear one.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel

from ...codegen.settings import AVAILABLE_NOW
from ...errors import InvalidArgument, nearest
from ...graph.model import PipelineDocument
from .assumptions import CASES, Assumption, Assumptions, Case, Range
from .flows import Flows, Work, work_of
from .load import Load

EDITIONS = (
    ("data-quality-expectations", "advanced", "expectations need the edition advanced"),
    ("cdc-stream", "pro", "changes of a database need the edition pro"),
)


class NodeWork(BaseModel):
    """One node: rows per second in the mean hour, and processor microseconds per row."""

    node: str
    type: str
    rows_per_second: float
    us_per_row: Range
    state_bytes: Range | None = None


class Estimate(BaseModel):
    """What a pipeline is expected to cost, and everything that was taken for granted."""

    currency: Literal["USD"] = "USD"
    target: str
    compute: str
    mode: str
    edition: str | None = None
    edition_reason: str | None = None
    cpu_us_per_event: Range
    cores: Range
    dbu_per_hour: Range
    money_per_hour: Range
    dbu_per_month: Range
    money_per_month: Range
    state_bytes: Range
    shuffle_bytes_per_second: Range
    nodes: list[NodeWork]
    assumptions: dict[str, Assumption]
    notes: list[str]


def estimate(
    document: PipelineDocument, catalog: Any, load: Load, assumptions: Assumptions
) -> Estimate:
    """The estimate of a valid pipeline. Raises InvalidArgument where the load says too little."""
    given = Assumptions(assumptions.known)
    flows = Flows.of(document, catalog)
    _check_load(load, flows)
    target = load.target or flows.target
    mode = load.mode or _mode(document)
    edition, reason = _edition(document, target, load)
    works = {case: work_of(flows, load, given, mode, case) for case in CASES}
    cores = {case: _cores(works[case], load, given, mode, case) for case in CASES}
    hours = {case: _hours(works[case], cores[case], load, given, mode, case) for case in CASES}
    per_month = {case: given.use("hours_per_month").at(case) for case in CASES}
    dbu = {case: cores[case] * hours[case] * _dbu(load, given, case) for case in CASES}
    money = {case: _money(dbu, cores, hours, target, edition, load, given, case) for case in CASES}
    return Estimate(
        target=target,
        compute=load.compute,
        mode=mode,
        edition=edition,
        edition_reason=reason,
        cpu_us_per_event=_range({c: w.us_per_event for c, w in works.items()}),
        cores=_range(cores),
        dbu_per_hour=_range(dbu),
        money_per_hour=_range(money),
        dbu_per_month=_range({c: dbu[c] * per_month[c] for c in CASES}),
        money_per_month=_range({c: money[c] * per_month[c] for c in CASES}),
        state_bytes=_range({c: w.state_bytes for c, w in works.items()}),
        shuffle_bytes_per_second=_range({c: w.shuffle_bytes for c, w in works.items()}),
        nodes=_nodes(flows, works),
        assumptions=given.used,
        notes=_notes(load, works, mode),
    )


def _check_load(load: Load, flows: Flows) -> None:
    """Raise InvalidArgument for what is missing, and for shares of a node that is not there."""
    if missing := load.missing(flows.has_state):
        raise InvalidArgument(
            f"An estimate needs to know {' and '.join(f'`{name}`' for name in missing)}.",
            code="MISSING_LOAD",
            where={"argument": "load", "missing": missing},
            expected={"events_per_second": 100, "keys": 10_000},
            hint="of the mean hour; a stream-simulator would say it itself",
        )
    for field in ("reach", "wanted", "rows"):
        for name in getattr(load, field):
            if name not in flows.types:
                near = nearest(name, flows.types)
                raise InvalidArgument(
                    f"`load.{field}` names `{name[:64]}`, which is no node of this pipeline.",
                    where={"argument": "load", "field": field},
                    got=name[:64],
                    expected=flows.order,
                    hint=f"Did you mean `{near}`?" if near else None,
                )


def _mode(document: PipelineDocument) -> Literal["continuous", "triggered"]:
    trigger = document.settings.get("trigger", AVAILABLE_NOW)
    return "triggered" if trigger == AVAILABLE_NOW else "continuous"


def _edition(document: PipelineDocument, target: str, load: Load) -> tuple[str | None, str | None]:
    """The edition of declarative pipelines that the nodes need; serverless has all of them."""
    if target == "sss" or load.compute == "serverless":
        return None, None
    types = {node.type for node in document.nodes}
    for kind, edition, reason in EDITIONS:
        if kind in types:
            return edition, reason
    return "core", "no node needs more"


def _cores(work: Work, load: Load, given: Assumptions, mode: str, case: Case) -> float:
    """Cores while it runs: classic clusters are sized for the peak, serverless ones follow."""
    speed, share = given.use("core_speed").at(case), given.use("utilization").at(case)
    serverless = load.compute == "serverless"
    least = given.use("min_cores_serverless" if serverless else "min_cores").at(case)
    needed = work.cpu_per_second / speed / share
    if mode == "continuous" and not serverless:
        needed *= _peak(load, given, case)
        return float(max(least, math.ceil(needed / 4) * 4))
    return float(max(least, needed if serverless else math.ceil(needed / 4) * 4))


def _peak(load: Load, given: Assumptions, case: Case) -> float:
    if load.peak_factor is None:
        return given.use("peak_factor").at(case)
    note = given.note("peak_factor", Range.of(load.peak_factor), "peak/mean", "given")
    return note.at(case)


def _hours(
    work: Work, cores: float, load: Load, given: Assumptions, mode: str, case: Case
) -> float:
    """The part of each hour in which cores are paid for; runs that overlap leave no pause."""
    if mode == "continuous":
        return 1.0
    serverless = load.compute == "serverless"
    start = given.use("start_minutes_serverless" if serverless else "start_minutes").at(case)
    speed, share = given.use("core_speed").at(case), given.use("utilization").at(case)
    busy = work.cpu_per_second / speed / share / cores
    return min(1.0, busy + work.runs_per_hour * start / 60)


def _dbu(load: Load, given: Assumptions, case: Case) -> float:
    """DBUs per core and hour."""
    serverless = load.compute == "serverless"
    return given.use("dbu_per_core_hour_serverless" if serverless else "dbu_per_core_hour").at(case)


def _money(
    dbu: dict[Case, float],
    cores: dict[Case, float],
    hours: dict[Case, float],
    target: str,
    edition: str | None,
    load: Load,
    given: Assumptions,
    case: Case,
) -> float:
    """DBUs at their price; classic compute pays its machines too."""
    price = given.use(price_name(target, load.compute, edition)).at(case)
    if load.compute == "serverless":
        return dbu[case] * price
    machines = given.use("vm_price_per_core_hour").at(case)
    return dbu[case] * price + cores[case] * hours[case] * machines


def price_name(target: str, compute: str, edition: str | None) -> str:
    """Which price applies; of a pipeline that is cut, the dearer side's."""
    if compute == "serverless":
        return "dbu_price.jobs_serverless" if target == "sss" else "dbu_price.pipelines_serverless"
    return "dbu_price.jobs" if target == "sss" else f"dbu_price.pipelines_{edition}"


def _nodes(flows: Flows, works: dict[Case, Work]) -> list[NodeWork]:
    found = []
    for node in flows.order:
        parts = {case: work.nodes[node] for case, work in works.items()}
        kept = {case: part.state_bytes for case, part in parts.items()}
        found.append(
            NodeWork(
                node=node,
                type=flows.types[node].type,
                rows_per_second=_round(parts["base"].rows_per_second),
                us_per_row=_range({case: part.us_per_row for case, part in parts.items()}),
                state_bytes=_range(kept) if any(kept.values()) else None,
            )
        )
    return found


def _notes(load: Load, works: dict[Case, Work], mode: str) -> list[str]:
    notes = []
    fixed = works["base"].fixed_share
    if fixed > 0.5:
        notes.append(
            f"{fixed:.0%} of the work is the fixed cost of micro-batches: "
            + ("fewer runs per day" if mode == "triggered" else "a longer trigger")
            + " would save most of it"
        )
    if not load.reach:
        notes.append("every node is taken to see every event: test the pipeline for real shares")
    return notes


def _range(values: dict[Case, float]) -> Range:
    """The three cases; cheap and dear assumptions may cross, the cases do not."""
    low, base, high = sorted(_round(values[case]) for case in CASES)
    return Range(low=low, base=base, high=high)


def _round(value: float) -> float:
    """Four digits: more would promise too much."""
    return float(f"{value:.4g}")
