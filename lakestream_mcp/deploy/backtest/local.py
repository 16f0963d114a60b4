"""A backtest on the local Spark: the generated code, with history in the place of its sources.

It runs to the end of the slice; then a last row per source, far in the future, lets the watermark
decide what is open. Matches go into a scratch table. The rows of the keys of those that are kept
are read once more, so that the tester can explain them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ...cep.host import Host
from ...cep.watermark import CLOSING_US
from ...codegen import Generated
from ...codegen.settings import AVAILABLE_NOW
from ...graph.model import Relation
from ..replay import closing_rows, schema_text
from ..spark_env import SparkEnvironment
from ..spark_files import read_arrow
from ..spark_process import SparkProcess
from .asked import Asked, Found, Rows, Tell
from .broker import kafka_read
from .reading import bounded, casts
from .scratch import Scratch, scratch
from .slices import format_of

FILES_PER_BATCH = 8


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
            place.also_kill(spark.pid)
            answer = _requested(spark, generated, sources, asked, place, tell)
        results = place.folder / "results"
        matches = {node: _rows(results / f"{node}.arrow") or [] for node in asked.patterns}
        rows = {name: _rows(results / f"rows-{name}.arrow") for name in asked.slices}
    return Found.of(answer, matches, rows)


def _rows(path: Path) -> Rows | None:
    table = read_arrow(path)
    return None if table is None else table.to_pylist()


def _requested(
    spark: SparkProcess,
    generated: Generated,
    sources: dict[str, Any],
    asked: Asked,
    place: Scratch,
    tell: Tell,
) -> Any:
    """The child's answer."""
    work = place.folder
    (work / "results").mkdir()

    def told(event: dict[str, Any]) -> None:
        progress = event["progress"]
        tell(0.5, f"{event['query']}: batch {progress['batchId']}")

    return spark.work_through(
        "backtest",
        told,
        notebook=next(iter(generated.files.values())),
        parameters={
            "checkpoints": str(work / "checkpoints"),
            "tables": str(work / "tables"),
            "trigger": AVAILABLE_NOW,
        },
        sources=sources,
        collect={node: generated.frames[node] for node in asked.patterns},
        keys=asked.keys,
        scratch=str(work),
        limit=asked.limit,
        rows=asked.rows,
    )


def _source(
    relation: Relation, generated: Generated, name: str, asked: Asked, work: Path
) -> dict[str, Any]:
    """How the child reads the history of a source, and the row that closes it."""
    import pyarrow.parquet as pq

    part = asked.slices[name]
    closing = work / "closing" / name
    (closing / "in").mkdir(parents=True)
    last = None
    if relation.event_time is not None:
        last = closing / "last.parquet"
        pq.write_table(closing_rows(relation), last)
    copy = work / "versions" / name if part.version is not None else None
    frame, schema = generated.frames[name], schema_text(relation)
    ends = f"spark.readStream.schema({schema!r}).parquet({str(closing / 'in')!r})"
    return {
        "frame": frame,
        "read": f"{_history(relation, generated, name, asked, copy)}\n"
        + bounded(frame, part.condition(relation, name), ends),
        "closing_us": CLOSING_US,
        "closing": [str(last), str(closing / "in" / "last.parquet")] if last else None,
        "copy": [str(asked.files[name]), part.version, str(copy)] if copy else None,
    }


def _history(
    relation: Relation, generated: Generated, name: str, asked: Asked, copy: Path | None
) -> str:
    """The statements that make the source's frame of all of its history."""
    part, frame = asked.slices[name], generated.frames[name]
    if part.offsets is not None:
        notebook = next(iter(generated.files.values()))
        return kafka_read(notebook, name, part.offsets)
    path = asked.files[name]
    kind = format_of(path, part.format, name)
    reader = _reader(kind, schema_text(relation), copy or path)
    return f"{frame} = {reader}.selectExpr(*{casts(relation)!r})"


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
