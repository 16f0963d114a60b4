"""The recorded cases on the tester, and what the runner says of cases that do not pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakestream_mcp.conformance.case_file import APART, report_text
from lakestream_mcp.conformance.run import run_file
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.surfaces.cli import main

DATA = Path(__file__).parents[1] / "data"
Json = dict[str, Any]


def cases(name: str) -> list[Json]:
    """The cases of a data file."""
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def run(folder: Path, listed: list[Json]) -> Json:
    """The report on cases, through a file."""
    path = folder / "cases.jsonl"
    path.write_text("\n".join(json.dumps(case) for case in listed), "utf-8")
    return run_file(path, "host", None, lambda _: None)


def verdicts(made: Json) -> dict[str, tuple[str, str]]:
    """Verdict and detail by id."""
    return {case["id"]: (case["verdict"], case["detail"]) for case in made["cases"]}


FILES = ("sequence_cep", "sequence_flink", "sequence_rare", "match_recognize_rare")


@pytest.mark.parametrize("file", FILES)
def test_each_answers_as_recorded(file: str) -> None:
    name = f"{file}.jsonl"
    made = run_file(DATA / name, "host", None, lambda _: None)
    assert made["total"] == {"pass": len(cases(name)), "wrong": 0, "refused": 0, "crash": 0}, [
        case for case in made["cases"] if case["verdict"] != "pass"
    ]


def test_row_patterns_answer_as_recorded() -> None:
    made = run_file(DATA / "match_recognize.jsonl", "host", None, lambda _: None)
    assert made["total"] == {"pass": 28, "wrong": 0, "refused": 0, "crash": 0}
    assert made[APART]["refused"] == 2


SAMPLE = "x.until.stop"
GROUP = "flink.GroupITCase.testGroupBegin"


def sample(case_id: str, **changes: Any) -> Json:
    """A recorded case, perhaps with other facts."""
    found = next(case for case in cases("sequence_cep.jsonl") if case["id"] == case_id)
    return found | changes


def test_a_wrong_answer_shows_both_sides(tmp_path: Path) -> None:
    wanted = [{"a": [0], "m": [1, 2], "z": [5]}, {"a": [0], "m": [2], "z": [5]}]
    listed = [
        sample(SAMPLE, id="bindings", expected_bindings=wanted),
        sample(SAMPLE, id="emission", emitted_after=[5, 4]),
        sample(SAMPLE, id="events", expected_bindings=None, expected=[[0, 1, 5]]),
        sample(SAMPLE, id="a refusal", error="MalformedPatternException: it cannot be"),
        sample("x.within.boundary_prev_cur", id="timed out", timed_out=[{"a": [3]}]),
    ]
    made = run(tmp_path, listed)
    told = verdicts(made)
    assert {verdict for verdict, _ in told.values()} == {"wrong"}
    assert '"m": [2]' in told["bindings"][1] and '"m": [1]' in told["bindings"][1]
    assert told["emission"][1].startswith("emission: expected")
    assert told["events"][1] == "events: expected [] got [[0, 1, 2, 5]]"
    assert told["a refusal"][1].endswith("got 2 rows")
    assert told["timed out"][1].startswith("timed out: expected")
    assert made["total"]["wrong"] == len(listed)
    assert "wrong: events: events: expected [] got [[0, 1, 2, 5]]" in report_text(made)


def test_refusals_and_crashes_are_told_apart(tmp_path: Path) -> None:
    pattern = sample(GROUP)["pattern"]
    loop = {"min": 1, "max": None, "optional": False, "greedy": False, "inner": "relaxed"}
    maybe = {"min": 1, "max": 1, "optional": True, "greedy": False}
    group = {"name": "g", "contiguity": "begin", "quantifier": loop,
             "group": [pattern[0]["group"][0] | {"quantifier": maybe}]}  # fmt: skip
    missing = sample("x.skip.throw_on_miss_last")
    listed = [
        sample(GROUP, id="refused", pattern=[group, pattern[1]]),
        sample(GROUP, id="broken", pattern=[{"name": "a"}]),
        missing | {"id": "fails", "error": None, "expected": []},
        missing | {"id": "fails as it should"},
        missing | {"id": "fails, but should be refused", "error": "MalformedPatternException"},
    ]
    told = verdicts(run(tmp_path, listed))
    assert [verdict for verdict, _ in told.values()] == [
        *("refused", "crash", "crash", "pass", "crash")
    ]
    assert told["refused"][1].startswith("EMPTY_LOOP")


def row_pattern(**changes: Any) -> Json:
    """A case of MATCH_RECOGNIZE over three rows, two of them with equal order."""
    case: Json = {
        "id": "rows",
        "sql": "SELECT m.g / 2 AS half, M.first_v, x, m.w FROM t MATCH_RECOGNIZE ( PARTITION BY g "
        'ORDER BY n DESC MEASURES FIRST(A.v) AS first_v, count(*) AS "x", A.w AS w '
        "PATTERN (A B) DEFINE B AS B.v > PREV(B.v) ) AS m WHERE first_v > 0",
        "columns": [
            {"name": "g", "type": "integer"},
            {"name": "n", "type": "integer"},
            {"name": "v", "type": "double"},
            {"name": "w", "type": "decimal(10,2)"},
        ],
        "rows": [[5, 1, 3.5, "1.00"], [5, 2, 1.0, "1.10"], [5, 2, 2.0, "1.20"]],
        "features": ["own"],
        "expected": [[2, 1, 2, "1.1"]],
        "expected_types": ["integer", "double", "bigint", "decimal(10,2)"],
    }
    return case | changes


def test_row_patterns_are_read_as_trino_reads_them(tmp_path: Path) -> None:
    """Descending order, arrival among equal rows, whole quotients, names without case."""
    listed = [
        row_pattern(),
        row_pattern(id="other", expected=[[2, 2, 2, "1.10"]]),
        row_pattern(id="trino counts", expected=[], expected_ansi=[[2, 1.0, 2, "1.100"]]),
        row_pattern(id="error", ansi_error="no", error="no", error_code="INVALID_LABEL"),
    ]
    told = verdicts(run(tmp_path, listed))
    assert {name: verdict for name, (verdict, _) in told.items()} == {
        "rows": "pass",
        "other": "wrong",
        "trino counts": "pass",
        "error": "wrong",
    }


def test_delimited_names_of_either_kind(tmp_path: Path) -> None:
    case = row_pattern()
    case["sql"] = case["sql"].replace('"x"', "`x`").replace("M.first_v", "`m`.`first_v`")
    assert verdicts(run(tmp_path, [case]))["rows"] == ("pass", "")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("m.g / 2", "q.g", "COLUMN_NOT_FOUND"),
        ("m.g / 2 AS half", "q.*", "TABLE_NOT_FOUND"),
        ("M.first_v", "m.nothing", "COLUMN_NOT_FOUND"),
        (") AS m", ") AS m (a, b)", "MISMATCHED_COLUMN_ALIASES"),
        ("ORDER BY n DESC", "ORDER BY n + 1", "INVALID_COLUMN_REFERENCE"),
        ("ORDER BY n DESC", "ORDER BY nothing", "COLUMN_NOT_FOUND"),
        ("FIRST(A.v)", '"FIRST"(A.v)', "FUNCTION_NOT_FOUND"),
        ("FIRST(A.v)", "FIRST(A.v", "SYNTAX_ERROR"),
        ("B.v > PREV(B.v)", "B.v > (SELECT 1)", "COMPOUND_QUERY"),
    ],
)
def test_semantic_errors_are_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    case = row_pattern(error="it is wrong", error_code=code)
    assert old in case["sql"]
    case["sql"] = case["sql"].replace(old, new)
    verdict, detail = verdicts(run(tmp_path, [case]))["rows"]
    assert verdict == "pass"
    assert detail.startswith(f"{code}: ")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "x"}', '"text"'])
def test_a_file_that_is_no_case_file(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(LakestreamError) as error:
        run_file(path, "host", None, lambda _: None)
    assert error.value.where["line"] == 2


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(sample(SAMPLE)), "utf-8")
    out = tmp_path / "out.json"
    done = CliRunner().invoke(main, ["conformance", str(path), "--json", str(out)])
    assert done.exit_code == 0, done.output
    told = json.loads(out.read_text("utf-8"))
    assert told["total"] == {"pass": 1, "wrong": 0, "refused": 0, "crash": 0}
    assert told["features"]["until"]["pass"] == 1
    assert told["cases"] == [{"id": SAMPLE, "verdict": "pass", "detail": ""}]
    assert done.stdout.splitlines()[0].split() == ["feature", "pass", "wrong", "refused", "crash"]
    gone = CliRunner().invoke(main, ["conformance", str(tmp_path / "no.jsonl")])
    assert gone.exit_code == 1 and "NOT_FOUND" in gone.stderr
