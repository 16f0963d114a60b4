"""Recorded cases on generated code: the same verdicts as on the tester."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakestream_mcp.conformance.run import run_file

pytestmark = pytest.mark.spark
DATA = Path(__file__).parents[1] / "data"
CASES = {
    "sequence_cep.jsonl": (
        "flink.GroupITCase.testGroupBegin",
        "flink.NotPatternITCase.testNotNext",
        "siddhi.AbsentPatternTestCase.testQueryAbsent9",
        "x.absence.repeated",
        "x.skip.throw_on_miss_last",
        "x.within.boundary_prev_cur",
    ),
    "match_recognize.jsonl": (
        "flink.testPartitionBy",
        "trino.TestAnalyzer.testDefineClause.02",
        "trino.TestRowPatternMatching.testAfterMatchSkip.08",
        "trino.TestRowPatternMatching.testEmptyMatches.01",
    ),
}


def test_the_same_verdicts(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    lines = [
        line
        for name, chosen in CASES.items()
        for line in (DATA / name).read_text("utf-8").splitlines()
        if json.loads(line)["id"] in chosen
    ]
    path.write_text("\n".join(lines), "utf-8")
    made = run_file(path, "spark", None, lambda _: None)
    assert made["total"] == {"pass": len(lines), "wrong": 0, "refused": 0, "crash": 0}, [
        case for case in made["cases"] if case["verdict"] != "pass"
    ]
