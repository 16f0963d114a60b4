"""A backtest on the local Spark: the generated code, with history in the place of its sources.

It runs to the end of the slice; then a last row per source, far in the future, lets the watermark
decide what is open. Matches go into a scratch table. The rows of the keys of those that are kept
are read once more, so that the tester can explain them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...cep.host import Host
from ...codegen import Generated
from ...errors import LakestreamError
from ...graph.model import Relation
from ..replay import before_closing, closing_rows, schema_text
from ..spark_env import SparkEnvironment
from ..spark_process import SparkProcess
from .keys import Pairs
from .scratch import Scratch, scratch
from .slices import Slice, format_of, quoted

FILES_PER_BATCH = 8
Tell = Callable[[float, str], None]


class Asked(NamedTuple):
    """What a backtest is to do.

    slices: by source. files: the place of each slice's history. patterns: the nodes whose matches
    are wanted. keys: of each, its key columns by source; none where rows cannot be found again.
    limit: how many matches are kept; rows: how many rows of the sources.
    """

    slices: Mapping[str, Slice]
    files: Mapping[str, Path]
    patterns: list[str]
    keys: Mapping[str, dict[str, Pairs]]
    limit: int
    rows: int


class Found(NamedTuple):
    """What came out: events read, matches by pattern, those kept as tables, and source rows.

    events: None where a source declares no watermark, so that Spark does not count its rows.
    """

    events: int | None
    counts: dict[str, int]
    matches: dict[str, Any]
    rows: dict[str, Any]


def backtest_on_spark(
    host: Host,
    generated: Generated,
    environment: SparkEnvironment,
    asked: Asked,
    folder: Path,
    tell: Tell,
) -> Found:
    """Run it. Raises EngineFailed, InvalidArgument; nothing is left below `folder`."""
    with scratch(folder) as place:
        sources = {
            name: _source(host.relations[name], generated, name, asked, place.folder)
            for name in asked.slices
        }
        tell(0.02, "starting Spark")
        with SparkProcess(environment) as spark:
            place.also_remove(spark.work)
            place.also_kill(spark.process_group)
            answer = _requested(spark, generated, sources, asked, place, tell)
        results = place.folder / "results"
        matches = {node: read_arrow(results / f"{node}.arrow") for node in asked.patterns}
        rows = {name: read_arrow(results / f"rows-{name}.arrow") for name in asked.slices}
    events = [answer["passed"].get(f"lakestream_{name}") for name in asked.slices]
    return Found(_total(events), answer["counts"], matches, rows)


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _requested(
    spark: SparkProcess,
    generated: Generated,
    sources: dict[str, Any],
    asked: Asked,
    place: Scratch,
    tell: Tell,
) -> Any:
    """The child's answer. Whoever cancels has it stop after the batch it is in."""
    work = place.folder
    (work / "results").mkdir()

    def told(event: dict[str, Any]) -> None:
        progress = event["progress"]
        tell(0.5, f"{event['query']}: batch {progress['batchId']}")

    try:
        return spark.request(
            "backtest",
            told,
            notebook=next(iter(generated.files.values())),
            parameters={
                "checkpoints": str(work / "checkpoints"),
                "tables": str(work / "tables"),
                "trigger": "available now",
            },
            sources=sources,
            collect={node: generated.frames[node] for node in asked.patterns},
            keys=asked.keys,
            scratch=str(work),
            limit=asked.limit,
            rows=asked.rows,
        )
    except LakestreamError:
        raise
    except BaseException:  # cancelled: the child is still at work
        spark.interrupt()
        raise


def _source(
    relation: Relation, generated: Generated, name: str, asked: Asked, work: Path
) -> dict[str, Any]:
    """How the child reads the history of a source, and the row that closes it."""
    import pyarrow.parquet as pq

    part, path = asked.slices[name], asked.files[name]
    kind = format_of(path, part.format, name)
    copy = work / "versions" / name if part.version is not None else None
    closing = work / "closing" / name
    (closing / "in").mkdir(parents=True)
    last = None
    if relation.event_time is not None:
        last = closing / "last.parquet"
        pq.write_table(closing_rows(relation), last)
    schema = schema_text(relation)
    frame = generated.frames[name]
    casts = [f"CAST({quoted(c.name)} AS {c.type}) AS {quoted(c.name)}" for c in relation.columns]
    read = (
        f"{frame} = {_reader(kind, schema, copy or path)}.selectExpr(*{casts!r})"
        f".where({part.condition(relation, name)!r})"
        f".unionByName(spark.readStream.schema({schema!r}).parquet({str(closing / 'in')!r}))"
    )
    return {
        "frame": frame,
        "read": read,
        "open": before_closing(relation),
        "closing": [str(last), str(closing / "in" / "last.parquet")] if last else None,
        "copy": [str(path), part.version, str(copy)] if copy else None,
    }


def _reader(kind: str, schema: str, path: Path) -> str:
    """A stream of the history, a few files in each micro-batch."""
    options: dict[str, str] = {"maxFilesPerTrigger": str(FILES_PER_BATCH)}
    if kind == "csv":
        options["header"] = "true"
    folder = path
    if path.is_file():
        # The file source reads folders: a pattern in its folder picks the one file.
        options["pathGlobFilter"] = re.sub(r"([\\*?\[\]{}])", r"\\\1", path.name)
        folder = path.parent
    typed = "" if kind == "delta" else f".schema({schema!r})"
    return f"spark.readStream.format({kind!r}).options(**{options!r}){typed}.load({str(folder)!r})"


def read_arrow(path: Path) -> Any:
    """A table that the child wrote; None where it wrote none."""
    import pyarrow as pa

    if not path.exists():
        return None
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
