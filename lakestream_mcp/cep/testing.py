"""`test_pattern`: run a pipeline on given events and report what matched, and what did not.

The report is plain JSON; it is stored with the run, and `explain` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidArgument, InvalidEvents, nearest
from ..graph.model import ChangeData, PipelineDocument
from ..graph.validate import Validation, refuse_errors
from .event_files import read_rows
from .events import table_of, with_arrivals
from .host import GraphRun, Host, Options, PatternRun
from .order_check import order_check
from .processor.report import processor_order, processor_report, processor_warnings
from .replay import FAR
from .report import report_of
from .sink_messages import sink_messages
from .stateful_run import stateful_order, stateful_report, stateful_warnings


class TestRequest(NamedTuple):
    """What to test with.

    events: rows of the only source, or by source id; each a list of rows or {"file": path} or
    {"simulate": n}. node: report only this pattern. columns: changes that declare columns which the
    events show, and sources lack.
    """

    events: Any
    options: Options = Options()
    node: str | None = None
    check_order: bool = False
    seed: int = 0
    columns: list[ChangeData] | None = None


def test_pipeline(
    document: PipelineDocument,
    validation: Validation,
    request: TestRequest,
    *,
    catalog: Any,
    engine: Any,
    resolver: Any,
    find_file: Callable[[str], Path],
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Run the whole graph on the events and report. Raises InvalidPipeline, InvalidEvents …

    find_file: turns a path an author names into one that may be read, or raises.
    """
    refuse_errors(validation, request.columns)
    host = Host(document, validation, catalog, engine, resolver, progress)
    sources, warnings = read_sources(host, request.events, find_file)
    run = host.run(sources, request.options)
    shown = shown_nodes(run, request.node)
    report = report_of(host, run, sources, shown.patterns)
    processor_report(report, shown.processors)
    stateful_report(report, run)
    hashes = {n: catalog.get(host.type_of(n)).authored_hash(host.configs[n]) for n in host.order}
    report["code_hash"] |= {node: sha256 for node, sha256 in hashes.items() if sha256}
    if messages := sink_messages(host, run):
        report["messages"] = messages
    report["warnings"] = [
        *warnings,
        *_time_warnings(shown.patterns, report, request.options),
        *processor_warnings(shown.processors, request.options),
        *stateful_warnings(run, request.options),
        *run.notes,
    ]
    if request.check_order:
        progress(0.9, "replaying shuffled")
        options, seed = request.options, request.seed
        report["order"] = {n: order_check(host, run, n, options, seed) for n in shown.patterns}
        report["order"] |= {
            n: processor_order(host, run, n, options, seed) for n in shown.processors
        }
        report["order"] |= {n: stateful_order(host, run, n, options) for n in run.stateful}
    return report


def shown_nodes(run: GraphRun, node: str | None) -> GraphRun:
    """The stateful nodes to report: all, or the one asked for."""
    if node is None:
        return run
    if node not in (known := [*run.patterns, *run.processors]):
        raise InvalidArgument(
            f"`{node}` is no pattern of this pipeline.",
            where={"argument": "node"},
            got=node,
            expected=known,
            hint=nearest(node, known),
        )
    return run._replace(
        patterns={n: p for n, p in run.patterns.items() if n == node},
        processors={n: p for n, p in run.processors.items() if n == node},
    )


def read_sources(
    host: Host, events: Any, find_file: Callable[[str], Path]
) -> tuple[dict[str, Any], list[str]]:
    """Every source's events as an Arrow table with arrival numbers, and warnings."""
    by_source = _by_source(events, host.sources)
    tables: dict[str, Any] = {}
    warnings: list[str] = []
    for source in host.sources:
        tables[source], ignored = _read(host, source, by_source[source], find_file)
        warnings += ignored
    times = {source: host.relations[source].event_time for source in host.sources}
    for source, table in with_arrivals(tables, times).items():
        tables[source], notes = host.let_through(source, table)
        warnings += notes
    return tables, warnings


def _by_source(events: Any, sources: list[str]) -> dict[str, Any]:
    whole = isinstance(events, list) or (
        isinstance(events, dict) and set(events) & {"file", "simulate"}
    )
    if whole and not set(events if isinstance(events, dict) else ()) & set(sources):
        if len(sources) == 1:
            return {sources[0]: events}
        raise InvalidEvents(
            "The pipeline has several sources; say which events belong to which.",
            expected=dict.fromkeys(sources, "[rows]"),
        )
    if not isinstance(events, dict):
        raise InvalidEvents(
            "Events are a list of rows, a file, or one of them per source.",
            got=type(events).__name__,
            expected='[{...}], {"file": "events.jsonl"}, {"simulate": 100} or {"source_id": ...}',
        )
    for name in events:
        if name not in sources:
            raise InvalidEvents(
                f"`{name}` is no source of this pipeline.",
                got=name,
                expected=sources,
                hint=nearest(name, sources),
            )
    return {source: events.get(source, []) for source in sources}


def _read(
    host: Host, source: str, given: Any, find_file: Callable[[str], Path]
) -> tuple[Any, list[str]]:
    relation = host.relations[source]
    if isinstance(given, dict) and "simulate" in given:
        return _simulated(host, source, given["simulate"]), []
    if isinstance(given, dict) and "file" in given:
        rows = read_rows(find_file(_path(given["file"], source)))
        table, warnings = table_of(_rows(host, source, rows), relation, source)
        if not table.num_rows:
            raise InvalidEvents(
                f"{given['file']} holds no events.", code="EMPTY_FILE", where={"source": source}
            )
        return table, warnings
    if not isinstance(given, list):
        raise InvalidEvents(
            f"Events of `{source}` are not a list of rows.",
            where={"source": source},
            got=type(given).__name__,
            expected='[{...}], {"file": "events.jsonl"} or {"simulate": 100}',
        )
    return table_of(_rows(host, source, given), relation, source)


def _rows(host: Host, source: str, events: Iterable[Any]) -> Iterator[Any]:
    """Events as rows of the source's columns; what is no object is left to be refused."""
    kind, config = host.catalog.get(host.type_of(source)), host.configs[source]
    return (kind.as_row(config, e) if isinstance(e, dict) else e for e in events)


def _path(given: Any, source: str) -> str:
    if isinstance(given, str):
        return given
    raise InvalidEvents(
        "`file` is the path of one file.",
        where={"source": source},
        got=type(given).__name__,
        expected='{"file": "events.jsonl"}',
    )


def _simulated(host: Host, source: str, count: Any) -> Any:
    kind = host.catalog.get(host.type_of(source))
    if not hasattr(kind, "simulate"):
        raise InvalidEvents(
            f"`{source}` is no stream-simulator; give its events as rows or as a file.",
            where={"source": source},
        )
    if not isinstance(count, int) or not 0 < count <= 100_000:
        raise InvalidEvents("Say how many events to simulate.", got=count, expected="1 to 100000")
    table: Any = kind.simulate(host.configs[source], count, host.engine)
    return table


def _time_warnings(
    shown: dict[str, PatternRun], report: dict[str, Any], options: Options
) -> list[str]:
    warnings = []
    for node, pattern in shown.items():
        if pattern.held_back_by:
            names = ", ".join(pattern.held_back_by)
            warnings.append(f"{node}: no rows from {names}, so the watermark does not advance")
        if pattern.plan.arrival:
            warnings.append(f"{node}: `ordering: arrival` depends on how the stream is batched")
        if len(pattern.late_rows):
            rows = "each row" if options.batch_rows == 1 else f"{options.batch_rows} rows"
            warnings.append(
                f"{node}: {len(pattern.late_rows)} late rows were dropped with {rows} in a batch; "
                "a larger watermark delay keeps them, unless they lie before 1970"
            )
        if options.advance_to != FAR and pattern.outcome.waiting:
            warnings.append(f"{node}: {pattern.outcome.waiting} rows still wait for the watermark")
    if report["counts"]["over_limit"]:
        warnings.append(f"{report['counts']['over_limit']} partial matches were dropped at the cap")
    return warnings
