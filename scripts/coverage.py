"""Write docs/node_coverage.md of what tests have witnessed, as `tests/witness.py` has recorded it.

With `--check` the committed page must leave no cell empty, and say nothing that no test has
witnessed. `--forget` begins anew.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakestream_mcp.graph.node_type import NodeType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "node_coverage.md"
RECORDS = ROOT / ".cache" / "witness" / ROOT.name
COLUMNS = {
    "fields": "every field reaches code or is refused",
    "readme": "README executed",
    "host": "host run",
    "sss": "SSS run on Spark",
    "sdp_dry": "SDP dry-run",
    "sdp_run": "SDP run",
}
NOTES = {
    "columns": "Only Databricks has `read_kinesis` and `read_pubsub`: views with the columns that "
    "are documented stand for them, so this is dry only. Event Hubs are read by `read_kafka`, "
    "which `kafka-topic` runs.",
    "endpoints": "Stand-in: an HTTP server that answers as serving endpoints do, and fails on "
    "purpose.",
    "event-hubs": "Stand-in: a real Kafka broker with TLS and a SASL login, under the name and "
    "port of the namespace's Kafka endpoint.",
    "feature-table": "In place of a feature table: Delta on local Spark, which has no keys.",
    "http": "A real HTTP server on this machine that also answers 429, 500 or not at all, in place "
    "of the service.",
    "kafka": "A real Apache Kafka broker.",
    "kinesis": "Stand-in: a data source that takes the documented options of Databricks' `kinesis` "
    "and no others, and gives its documented columns.",
    "mqtt": "Stand-in: a broker of MQTT 3.1.1 with login and persistent sessions.",
    "postgresql": "A real PostgreSQL, in place of Lakebase.",
    "pubsub": "Stand-in: a data source that takes the documented options of Databricks' `pubsub` "
    "and no others, and gives its documented columns.",
    "smtp": "A real SMTP server on this machine that also refuses and hangs up.",
    "unity": "In place of Unity Catalog: Delta folders on local Spark.",
    "warehouse": "In place of a SQL warehouse: Delta on local Spark; statements for a warehouse "
    "are sent by Databricks' SDK to an HTTP server.",
}
"""What was run against, where that is neither Spark itself, Delta nor files."""
TARGET_OF = {"sss": "sss", "sdp_dry": "sdp", "sdp_run": "sdp"}
SAID = "yes"
INTRO = """\
# What each node type was tested for

`scripts/coverage.py` writes this page of what tests did and passed, as `tests/witness.py` has
recorded it, and `make test` checks it. `yes` is generated code that ran to its end, on Spark 4.2
with Delta and files, or against what its note names. SSS is Structured Streaming; SDP is
declarative pipelines, on open-source Spark after named rewrites (`tests/sdp/open_source.py`). A
host run is the tester in this process: sources give the rows of a test, sinks keep theirs or show
their messages, and no service is called. In the first column stand as many fields as the type has:
each was seen to change the code of each target or to be refused, but for a few that serve the
tester or the server alone, or say what a target does anyway (`tests/codegen/cases.py`,
`tests/sdp/test_fields.py`). "not for this type" is what the catalogue says.
"""
Claims = Mapping[tuple[str, str], set[str]]


def claims(folder: Path = RECORDS) -> Claims:
    """What tests have witnessed: details by node type and column."""
    found: dict[tuple[str, str], set[str]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            for node_type, column, detail in json.loads(line)["claims"]:
                found.setdefault((node_type, column), set()).add(detail)
    return found


def cell(node: NodeType, column: str, found: Claims) -> str:
    """What a cell says; empty where nothing was witnessed."""
    target = TARGET_OF.get(column)
    if target is not None and target not in node.targets:
        return "not for this type"
    seen = found.get((node.type, column), set())
    if column == "fields":
        wanted = {f"{t} {name}" for t in node.targets for name in node.Config.model_fields}
        return f"{len(node.Config.model_fields)}" if wanted <= seen else ""
    if column == "sdp_run" and not seen and "columns" in found.get((node.type, "sdp_dry"), ()):
        return "no: Databricks only[^columns]"
    marks = "".join(f"[^{note}]" for note in sorted(seen - {""}))
    return f"{SAID}{marks}" if seen else ""


def page(found: Claims) -> str:
    """The whole page."""
    rows = [f"| | {' | '.join(COLUMNS.values())} |", f"|---{'|---' * len(COLUMNS)}|"]
    for category, nodes in by_category().items():
        rows.append(f"| **{category}s** |{' |' * len(COLUMNS)}")
        for node in nodes:
            cells = [cell(node, column, found) for column in COLUMNS]
            rows.append(f"| `{node.type}` | {' | '.join(cells)} |")
    table = "\n".join(rows)
    used = [note for note in NOTES if f"[^{note}]" in table]
    notes = "\n".join(f"[^{note}]: {NOTES[note]}" for note in used)
    return f"{INTRO}\n{table}\n\n{notes}\n"


def by_category() -> dict[str, list[NodeType]]:
    """All node types, in the catalogue's order."""
    from lakestream_mcp.catalog import Catalog

    grouped: dict[str, list[NodeType]] = {}
    for node in Catalog.load():
        grouped.setdefault(node.category, []).append(node)
    return grouped


def cells(text: str) -> dict[tuple[str, str], str]:
    """What a page says, by node type and column."""
    said = {}
    for line in text.splitlines():
        if match := re.match(r"\| `([\w-]+)` \|(.*)\|$", line):
            parts = [part.strip() for part in match[2].split("|")]
            said |= {(match[1], column): part for column, part in zip(COLUMNS, parts)}
    return said


def problems(text: str) -> list[str]:
    """What is wrong with a page by itself: types that are missing, cells that are empty or untrue
    to the catalogue, notes that are not there."""
    said, found = cells(text), []
    known = {node.type: node for nodes in by_category().values() for node in nodes}
    for name in sorted({name for name, _ in said} - known.keys()):
        found.append(f"`{name}` is no node type")
    for name, node in known.items():
        for column, title in COLUMNS.items():
            told = said.get((name, column), "")
            target = TARGET_OF.get(column)
            refused = target is not None and target not in node.targets
            if not told:
                found.append(f"`{name}` has nothing under “{title}”")
            elif refused != (told == "not for this type"):
                found.append(f"`{name}` under “{title}”: its targets are {sorted(node.targets)}")
            elif column == "fields" and told != str(len(node.Config.model_fields)):
                found.append(f"`{name}` has {len(node.Config.model_fields)} fields, not {told}")
    absent = {n for n in re.findall(r"\[\^([\w-]+)\](?!:)", text) if f"\n[^{n}]: " not in text}
    return [*found, *(f"the note {name} is missing" for name in sorted(absent))]


def unwitnessed(text: str, found: Claims) -> list[str]:
    """Cells, and notes of cells, that no test has witnessed."""
    now, missing = cells(page(found)), []
    for (name, column), told in cells(text).items():
        seen = now.get((name, column), "")
        if _base(told) != _base(seen) or not _notes(told) <= _notes(seen):
            missing.append(f"`{name}` under “{COLUMNS[column]}”: {told}; tests say: {seen or '-'}")
    return missing


def _base(told: str) -> str:
    return told.partition("[^")[0]


def _notes(told: str) -> set[str]:
    return set(re.findall(r"\[\^([\w-]+)\]", told))


def report(lines: Iterable[str]) -> int:
    """Say what is wrong; the exit code."""
    lines = list(lines)
    for line in lines:
        print(f"{PAGE.relative_to(ROOT)}: {line}", file=sys.stderr)
    return int(bool(lines))


def main(option: str) -> int:
    """Write the page, check it, or forget what was witnessed so far."""
    if option == "--forget":
        shutil.rmtree(RECORDS, ignore_errors=True)
        return 0
    found = claims()
    if option != "--check":
        PAGE.write_text(page(found), encoding="utf-8")
        return report(problems(page(found)))
    text = PAGE.read_text(encoding="utf-8")
    return report([*problems(text), *unwitnessed(text, found)])


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:])))
