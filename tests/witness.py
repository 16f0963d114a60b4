"""What tests really did: which node types ran where, and against what.

Shared helpers of the tests report here. What a test reports is kept when the test passes, as lines
of JSON below `.cache/witness/`; `scripts/coverage.py` makes `docs/node_coverage.md` of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lakestream_mcp.codegen import Generated
from lakestream_mcp.deploy.spark_process import Progress, SparkProcess
from lakestream_mcp.graph.model import PipelineDocument

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "witness" / ROOT.name  # worktrees may share a cache
Claim = tuple[str, str, str]
"""Node type, column of the table, and what it was run against or which field it was."""

WHOLE = ("run", "run_for")
IN_PLACE = {
    "feature-store-sink": "feature-table",
    "sql-warehouse-sink": "warehouse",
    "unity-catalog-table-sink": "unity",
}
"""What stands for a service that a local Spark has none of, by node type."""
READERS = {"read_kinesis", "read_pubsub"}
ON_DATABRICKS = {"event-hub-kinesis", "google-pubsub"}


class Code(NamedTuple):
    """A generated file: type and text by node, and what feeds each node."""

    types: dict[str, str]
    texts: dict[str, str]
    feeds: dict[str, set[str]]


class Service(NamedTuple):
    """Something that answers on this machine, and how code that asks it is known."""

    against: str
    address: str
    types: tuple[str, ...]


_codes: dict[str, Code] = {}
_services: list[Service] = []
_pending: set[Claim] = set()
_kept: set[Claim] = set()


def saw(node_type: str, column: str, detail: str = "") -> None:
    """The running test has done this."""
    _pending.add((node_type, column, detail))


def keep(test: str) -> None:
    """The running test has passed: write down what it has done."""
    fresh = sorted(_pending - _kept)
    _pending.clear()
    if fresh:
        _kept.update(fresh)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with (FOLDER / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"test": test, "claims": fresh}) + "\n")


def forget() -> None:
    """The running test has ended: what it has not kept counts for nothing."""
    _pending.clear()


@contextlib.contextmanager
def serving(against: str, address: str, *types: str) -> Iterator[None]:
    """While this service runs, a node whose code names its address is run against it.

    types: those that are told of the address by a parameter of the notebook.
    """
    service = Service(against, address, types)
    _services.append(service)
    try:
        yield
    finally:
        _services.remove(service)


def generated(made: Generated, document: PipelineDocument) -> None:
    """Remember what the generated files are made of, to know them when they run."""
    types = {node.id: node.type for node in document.nodes}
    feeds: dict[str, set[str]] = {}
    for edge in document.edges:
        feeds.setdefault(edge.target, set()).add(edge.source)
    for name, text in made.files.items():
        lines = text.split("\n")
        places = [place for place in made.line_map if place.file == name and place.node in types]
        texts = {place.node: "" for place in places}
        for place in places:
            texts[place.node] += "\n".join(lines[place.start - 1 : place.end])
        _codes[_digest(text)] = Code({node: types[node] for node in texts}, texts, feeds)


def on_host(document: PipelineDocument) -> None:
    """A whole document has been run in this process."""
    for node in document.nodes:
        saw(node.type, "host")


def declared(files: Iterable[str], dry: bool, rewrites: Iterable[str]) -> None:
    """The files of a declarative pipeline were taken by Spark, or really run."""
    absent = READERS & set(rewrites)
    for code in filter(None, (_codes.get(_digest(text)) for text in files)):
        for node, node_type in code.types.items():
            if node_type in ON_DATABRICKS and absent:
                saw(node_type, "sdp_dry", "columns")
            else:
                saw(node_type, "sdp_dry" if dry else "sdp_run", _against(code, node, {}))


class Spark(SparkProcess):
    """A Spark that tells which generated code it has run to its end, untouched."""

    def request(self, kind: str, on_progress: Progress | None = None, **arguments: Any) -> Any:
        answer = super().request(kind, on_progress, **arguments)
        code = _codes.get(_digest(arguments.get("notebook", "")))
        if code is not None and kind in WHOLE:
            for node, node_type in code.types.items():
                found = _against(code, node, arguments["parameters"])
                saw(node_type, "sss", found or IN_PLACE.get(node_type, ""))
        elif code is not None and kind == "replay":
            for node in _above(code, arguments["collect"]) - set(arguments["sources"]):
                saw(code.types[node], "sss", _against(code, node, arguments["parameters"]))
        return answer


def _against(code: Code, node: str, parameters: Mapping[str, str]) -> str:
    """The service that a node's code names."""
    for against, address, types in _services:
        told = code.types[node] in types and address in parameters.values()
        if told or (not types and address in code.texts[node]):
            return against
    return ""


def _above(code: Code, labels: Iterable[str]) -> set[str]:
    """The nodes that rows come from, with those before them; a label is a node, or one's port."""
    todo = [
        max((n for n in code.types if f"{label}_".startswith(f"{n}_")), key=len) for label in labels
    ]
    found: set[str] = set()
    while todo:
        node = todo.pop()
        if node not in found and node in code.types:
            found.add(node)
            todo += code.feeds.get(node, ())
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
