"""A renamed source column: what breaks is listed, the fix is whole, and results stay the same."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import Column, Finding, PipelineDocument
from lakestream_mcp.graph.validate import Validation, validate
from lakestream_mcp.relational.column_types import parse_columns
from lakestream_mcp.relational.impact import impact
from lakestream_mcp.relational.renames import Given, paired
from tests.codegen.bench import Bench, Made
from tests.codegen.cases import BASES, CHANGES, COLUMNS, document
from tests.explain.agent import Agent, agent_in

Json = dict[str, Any]
CATALOG = Catalog.load()
NAMES = [part.split()[0] for part in COLUMNS.split(", ")]
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
FED = [name for name in BASES if CATALOG.get(name).category != "source"]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("renames")) as made:
        yield made


def rows(draw: random.Random, count: int = 60) -> list[Json]:
    """Events with the columns of the cases."""
    found = []
    for number in range(count):
        at = START + dt.timedelta(seconds=number * draw.choice((1, 20, 90)))
        found.append(
            {
                "id": number,
                "key": draw.choice("ab"),
                "kind": draw.choice("AABC"),
                "amount": round(draw.uniform(0, 9), 1),
                "note": draw.choice(("x", "y", None)),
                "at": at,
                "other": at + dt.timedelta(seconds=draw.randrange(3)),
            }
        )
    return found


def renaming(parsed: PipelineDocument, name: str, new: str) -> list[Json]:
    """The edit of every source that has the column."""
    return [
        {"op": "update_node", "id": node.id, "config": {"columns": under(node, name, new)}}
        for node in parsed.nodes
        if "columns" in node.config and node.type == "auto-loader"
    ]


def under(node: Any, name: str, new: str) -> list[Json]:
    columns = parse_columns(node.config["columns"])
    return [{"name": new if c.name == name else c.name, "type": c.type} for c in columns]


STANDING: dict[str, Json] = {
    "stream-static-join": {"static_rows": [{"name": "a"}, {"name": "x"}]},
    "lookup-enrichment": {"static_rows": [{"name": "a"}, {"name": "x"}]},
    "ml-model-endpoint": {"sample_predictions": [{"prediction": 3}]},
}
"""What stands in a local test for what is elsewhere."""
SERIES = {"style": {"code": "def share(amount, kind):\n    return amount\n"}}


class Edited:
    """A document before and after an edit, and what is said of it."""

    def __init__(self, bench: Bench, parsed: PipelineDocument, changes: list[Json]) -> None:
        self.bench = bench
        self.before = parsed
        self.after = apply(parsed, changes, bench.catalog).document

    def valid(self, document: PipelineDocument) -> Validation:
        return validate(document, self.bench.catalog, self.bench.resolver, self.bench.cache)

    def finding(self) -> Finding | None:
        before, after = ((d, self.valid(d)) for d in (self.before, self.after))
        given = Given(self.bench.catalog, self.bench.resolver, self.bench.cache)
        return impact(before, after, given)

    def mended(self) -> PipelineDocument:
        found = self.finding()
        if found is None:
            return self.after
        assert found.fix, found
        return apply(self.after, found.fix, self.bench.catalog).document


def results(bench: Bench, parsed: PipelineDocument, feeds: dict[str, list[Json]]) -> Any:
    """Rows that come out of the node under test, values only: names may differ."""
    validation = validate(parsed, bench.catalog, bench.resolver, bench.cache)
    assert validation.ok, validation.errors
    made = Made(parsed, validation, None)  # type: ignore[arg-type]
    tables = bench.tables(made, feeds)
    table = bench.on_host(made, tables).tables["it"]
    shown = table.select([c.name for c in validation.relations["it"].columns])
    return [values(row) for row in shown.to_pylist()]


def values(value: Any) -> Any:
    if isinstance(value, dict):
        return [values(each) for name, each in value.items() if name != "match_id"]
    return [values(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("node_type", FED)
def test_a_renamed_pipeline_is_valid_and_finds_the_same(bench: Bench, node_type: str) -> None:
    draw = random.Random(node_type)
    fields = draw.sample(sorted(CHANGES[node_type]), min(3, len(CHANGES[node_type])))
    base = BASES[node_type] | STANDING.get(node_type, {})
    configs = [base, *(base | CHANGES[node_type][f] | SERIES.get(f, {}) for f in fields)]
    given = rows(draw)
    for config in configs:
        parsed = PipelineDocument.model_validate(document(node_type, config))
        feeds = {n.id: given for n in parsed.nodes if n.type == "auto-loader"}
        if not validate(parsed, bench.catalog, bench.resolver, bench.cache).ok:
            continue
        runs = node_type not in ("custom",)
        before = results(bench, parsed, feeds) if runs else None
        for name in draw.sample(NAMES, 3):
            new = draw.choice(("fresh", "with space", "Select"))
            edited = Edited(bench, parsed, renaming(parsed, name, new))
            mended = edited.mended()
            assert edited.valid(mended).ok, (name, config, edited.valid(mended).errors)
            if runs:
                renamed = [{new if n == name else n: v for n, v in row.items()} for row in given]
                after = results(bench, mended, dict.fromkeys(feeds, renamed))
                assert after == before, (name, config)


def feed(columns: str) -> Json:
    timed = {"path": "in", "columns": columns, "event_time": "at", "watermark_delay": "1 minute"}
    return {"id": "pay", "type": "auto-loader", "name": "Pay", "config": timed}


PAY = "card string, amount double, kind string, at timestamp"
SEQUENCE: Json = {
    "key": ["card"],
    "steps": [
        {"name": "small", "where": "kind = 'pay' AND amount < 5"},
        {"name": "amount", "where": "AMOUNT > 10 * small.amount"},
    ],
    "within": "10 minutes",
    "measures": {"total": "SUM(small.amount)", "n": "COUNT(amount)", "last": "LAST(amount.amount)"},
}


def pipeline(agent: Agent, pipeline_id: str, nodes: list[Json], edges: list[str]) -> str:
    changes: list[Json] = [{"op": "add_node", "node": node} for node in nodes]
    for edge in edges:
        source, target = edge.split(">")
        changes.append({"op": "connect", "source": source, "target": target})
    agent.call("create_pipeline", name=pipeline_id, id=pipeline_id)
    said = agent.call("edit_pipeline", pipeline_id=pipeline_id, changes=changes)
    assert said["counts"]["errors"] == 0, said["findings"]
    return pipeline_id


def test_what_breaks_is_listed_and_the_fix_mends_it(agent: Agent) -> None:
    nodes = [
        feed(PAY),
        {"id": "paid", "type": "filter", "config": {"condition": "amount > 0 -- any"}},
        {"id": "it", "type": "sequence", "config": SEQUENCE},
        {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
    ]
    made = pipeline(agent, "mend", nodes, ["pay>paid", "paid>it", "it>out"])
    change = {"op": "update_node", "id": "pay"}
    change["config"] = {"columns": PAY.replace("amount", "price")}  # type: ignore[assignment]
    for dry_run in (True, False):
        said = agent.call("edit_pipeline", pipeline_id=made, changes=[change], dry_run=dry_run)
        told = said["findings"][0]
        assert (told["code"], told["node"]) == ("COLUMNS_CHANGED", "pay")
        assert told["message"] == "`price` instead of `amount` in `pay`: this breaks 2 nodes"
        assert told["got"] == {
            "paid": ["condition"],
            "it": [
                "steps.0.where",
                "steps.1.where",
                "measures.total",
                "measures.last",
            ],
        }
    said = agent.call("edit_pipeline", pipeline_id=made, changes=told["fix"])
    assert said["counts"]["errors"] == 0
    config = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"][
        "config"
    ]
    assert [step["where"] for step in config["steps"]] == [
        "kind = 'pay' AND price < 5",
        "price > 10 * small.price",
    ]
    assert config["measures"] == {
        "total": "SUM(small.price)",
        "n": "COUNT(amount)",
        "last": "LAST(amount.price)",
    }


def test_a_node_put_between_renames_for_what_stands_behind_it(agent: Agent) -> None:
    nodes = [
        feed(PAY),
        {"id": "it", "type": "sequence", "config": SEQUENCE},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    made = pipeline(agent, "between", nodes, ["pay>it", "it>out"])
    renaming = {"columns": [{"column": "card", "name": "number"}]}
    changes = [
        {"op": "disconnect", "source": "pay", "target": "it"},
        {"op": "add_node", "node": {"id": "r", "type": "rename-cast", "config": renaming}},
        {"op": "connect", "source": "pay", "target": "r"},
        {"op": "connect", "source": "r", "target": "it"},
    ]
    said = agent.call("edit_pipeline", pipeline_id=made, changes=changes)
    told = said["findings"][0]
    assert told["got"] == {"it": ["key.0"]}
    said = agent.call("edit_pipeline", pipeline_id=made, changes=told["fix"])
    assert said["counts"]["errors"] == 0
    node = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]
    assert node["config"]["key"] == ["number"]


def test_a_column_of_another_type_is_cast_back(agent: Agent) -> None:
    nodes = [
        feed(PAY),
        {
            "id": "it",
            "type": "outlier",
            "config": {"value": "amount", "baseline_count": 20, "forget_after": "1 day"},
        },
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    made = pipeline(agent, "retyped", nodes, ["pay>it", "it>out"])
    columns = PAY.replace("amount double", "amount string")
    change = {"op": "update_node", "id": "pay", "config": {"columns": columns}}
    told = agent.call("edit_pipeline", pipeline_id=made, changes=[change])["findings"][0]
    assert told["message"].startswith("`amount` of `pay` is string, not double")
    said = agent.call("edit_pipeline", pipeline_id=made, changes=told["fix"])
    assert said["counts"]["errors"] == 0
    assert said["changed"]["added"] == ["pay_types"]


def test_a_column_that_is_gone_has_no_fix(agent: Agent) -> None:
    nodes = [
        feed(PAY),
        {"id": "paid", "type": "filter", "config": {"condition": "amount > 0"}},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    made = pipeline(agent, "gone", nodes, ["pay>paid", "paid>out"])
    columns = PAY.replace("amount double, ", "")
    change = {"op": "update_node", "id": "pay", "config": {"columns": columns}}
    told = agent.call("edit_pipeline", pipeline_id=made, changes=[change], dry_run=True)
    first = told["findings"][0]
    assert (first["code"], first.get("fix")) == ("COLUMNS_CHANGED", None)
    assert first["message"] == "no `amount` in `pay`: this breaks 1 node"
    assert first["got"] == {"paid": ["condition"]}


def test_what_cannot_be_written_anew_gets_the_old_name_back(agent: Agent) -> None:
    other = {**feed(PAY), "id": "other"}
    nodes = [
        feed(PAY),
        other,
        {"id": "both", "type": "union-merge", "config": {}},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    made = pipeline(agent, "union", nodes, ["pay>both", "other>both", "both>out"])
    columns = PAY.replace("amount", "price")
    change = {"op": "update_node", "id": "pay", "config": {"columns": columns}}
    told = agent.call("edit_pipeline", pipeline_id=made, changes=[change])["findings"][0]
    said = agent.call("edit_pipeline", pipeline_id=made, changes=told["fix"])
    assert (said["counts"]["errors"], said["changed"]["added"]) == (0, ["pay_names"])


def test_lineage_is_told_shortly(agent: Agent, tmp_path: Path) -> None:
    nodes = [
        feed(PAY),
        {"id": "paid", "type": "filter", "config": {"condition": "kind = 'pay'"}},
        {"id": "it", "type": "sequence", "config": SEQUENCE},
        {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
    ]
    made = pipeline(agent, "told", nodes, ["pay>paid", "paid>it", "it>out"])
    ask = {"pipeline_id": made, "detail": "lineage"}
    said = agent.call("get_pipeline", **ask, node="it", column="total")
    assert said["lineage"]["it"]["columns"] == {"total": ["pay.amount aggregated"]}
    said = agent.call("get_pipeline", **ask, node="pay", column="card")
    assert said["lineage"]["pay"]["used_by"] == {"card": ["it.key.0"]}
    assert "card is read by: it.key.0" in said["shown"]
    said = agent.call("get_pipeline", **ask)
    assert list(said["lineage"]) == ["out"]
    assert said["lineage"]["out"]["rows_decided_by"]["pay.kind"] == ["it", "paid"]
    wrong = agent.mcp.call("get_pipeline", {**ask, "node": "it", "column": "totel"})
    assert wrong["error"]["hint"] == "Did you mean `total`?"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("a b c", "a x c", {"b": "x"}),
        ("a b c d", "x b y d", {"a": "x", "c": "y"}),
        ("a b c d", "a x c", {"b": "x"}),
        ("a b c", "a c x", {}),
        ("a b", "b x", {}),
        ("a b c", "c b x", {"a": "x"}),
        ("a b c", "c", {}),
        ("a b c", "c a", {}),
    ],
)
def test_columns_are_paired_by_those_that_stayed(old: str, new: str, names: Json) -> None:
    given = [tuple(Column(name, "int") for name in text.split()) for text in (old, new)]
    assert paired(given[0], given[1]) == names
