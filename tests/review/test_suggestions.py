"""What sample rows speak for: for each type's fields, with changes that can be sent and then say
no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from ..surfaces.callers import McpCaller

Json = dict[str, Any]
COLUMNS = (
    "id string, sensor string, kind string, value double, lat double, lon double, at timestamp"
)
TIMED = {"columns": COLUMNS, "event_time": "at", "watermark_delay": "10 minutes"}
SOURCE = {"bootstrap_servers": "localhost:9092", "topics": ["beats"]}
KEY = {"key": ["sensor"]}


def rows(count: int = 200) -> list[Json]:
    """Rows of four sensors, one each second in turn; values go up and down, and leap once."""
    return [
        {
            "id": f"e{n - (n % 50 == 49)}",
            "sensor": f"s{n % 4}",
            "kind": "open" if n % 8 < 4 else "closed",
            "value": 500.0 if n == 150 else float(n // 4 % 10),
            "lat": 52.0 + n / 1000,
            "lon": 13.0,
            "at": f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("suggestions")))
    yield McpCaller(host)
    host.workspace.close()


def made(caller: McpCaller, name: str, kind: str, config: Json, source: Json = TIMED) -> str:
    nodes = [
        {"id": "beats", "type": "kafka-topic", "config": SOURCE | source},
        {"id": "found", "type": kind, "config": config},
    ]
    document = {"name": name, "nodes": nodes, "edges": [{"source": "beats", "target": "found"}]}
    answer = caller.call("create_pipeline", {"id": name, "document": document})
    assert "error" not in answer, answer
    return name


def suggested(caller: McpCaller, name: str, sample: list[Json], node: str = "") -> list[Json]:
    asked = {"pipeline_id": name, "mode": "suggest", "events": sample, "node": node}
    answer = caller.call("review_pipeline", asked)
    assert "error" not in answer, answer
    found: list[Json] = answer["suggestions"]
    return found


CASES: dict[str, tuple[str, Json, Json]] = {
    "absence": (
        "absence",
        {"trigger": "kind = 'Open'", "expected": "kind = 'closed'", "within": "1 second", **KEY},
        {"within": "5 seconds", "trigger": "kind = 'open'"},
    ),
    "count": ("count-threshold", KEY | {"window": "1 minute"}, {"threshold": 16}),
    "count_more": (
        "count-threshold",
        KEY | {"window": "1 minute", "comparison": ">"},
        {"threshold": 15},
    ),
    "dedup": ("deduplicate", {}, {"key": ["id"]}),
    "custom_key": ("session", {"gap": "5 seconds"}, {"key": ["sensor"]}),
    "geofence": ("geofence", KEY, {"latitude": "lat", "longitude": "lon"}),
    "heartbeat": ("heartbeat", KEY, {"timeout": "15 seconds", "forget_after": "2 minutes"}),
    "forever": (
        "match-recognize",
        {
            "clause": "PARTITION BY sensor ORDER BY at PATTERN (A B) "
            "DEFINE B AS B.value > PREV(B.value)",
            "key": ["sensor"],
        },
        {"forget_after": "2 minutes"},
    ),
    "outlier": (
        "outlier",
        KEY | {"value": "value", "threshold": 9},
        {"threshold": 1.6, "baseline_count": 50},
    ),
    "outlier_column": ("outlier", KEY, {"value": "value"}),
    "sequence": (
        "sequence",
        KEY
        | {
            "within": "1 second",
            "steps": [{"name": "a", "where": "value > 2"}, {"name": "b", "where": "value < 3"}],
        },
        {"within": "5 seconds"},
    ),
    "session": ("session", KEY | {"gap": "1 minute"}, {"gap": "5 seconds"}),
    "trend": ("trend", KEY | {"value": "value", "direction": "up"}, {"length": 11}),
    "velocity": (
        "velocity",
        KEY | {"per": "minute", "window": "1 minute", "threshold": 2},
        {"threshold": 15},
    ),
    "velocity_sum": (
        "velocity",
        KEY | {"per": "minute", "window": "1 minute", "sum": "value", "threshold": 2},
        {"threshold": 570},
    ),
    "filter": ("filter", {"condition": "value > 2 AND kind = 'CLOSED'"}, {}),
    "watermark": ("watermark", {}, {"event_time": "at", "delay": "1 second"}),
}


@pytest.mark.parametrize("name", CASES)
def test_rows_speak_for_the_fields_of_a_type(name: str, caller: McpCaller) -> None:
    kind, config, wanted = CASES[name]
    source = {"columns": COLUMNS} if kind == "watermark" else TIMED
    made(caller, name, kind, config, source)
    said = suggested(caller, name, rows(), "found")
    assert said == suggested(caller, name, rows(), "found")
    fixes = [s["fix"][0]["config"] for s in said if "fix" in s]
    assert wanted.items() <= {k: v for fix in fixes for k, v in fix.items()}.items(), said
    assert all(any(c.isdigit() for c in s["why"]) for s in said), said


@pytest.mark.parametrize("name", CASES)
def test_what_was_taken_is_not_suggested_again(name: str, caller: McpCaller) -> None:
    kind, config, _ = CASES[name]
    made(caller, f"{name}_taken", kind, config)
    for _ in range(4):
        said = suggested(caller, f"{name}_taken", rows(), "found")
        changes = next((s["fix"] for s in said if "fix" in s), None)
        if changes is None:
            break
        sent = {"pipeline_id": f"{name}_taken", "changes": changes}
        assert "error" not in caller.call("edit_pipeline", sent)
    assert not [s for s in suggested(caller, f"{name}_taken", rows(), "found") if "fix" in s]


def test_a_limit_of_a_condition_comes_with_how_many_rows_pass_it(caller: McpCaller) -> None:
    made(caller, "limited", "filter", {"condition": "value > 2 AND kind = 'closed'"})
    (said,) = [s for s in suggested(caller, "limited", rows(), "found") if "fix" in s]
    assert said["fix"][0]["config"] == {"condition": "value > 9 AND kind = 'closed'"}
    assert "holds for 70 % of 200 rows" in said["why"]


def test_a_source_gets_columns_and_a_time_from_its_rows(caller: McpCaller) -> None:
    made(caller, "bare", "filter", {"condition": "TRUE"}, {})
    said = suggested(caller, "bare", rows(), "beats")
    config = {k: v for s in said for k, v in s["fix"][0]["config"].items()}
    assert config["columns"].startswith("id string, sensor string, kind string, value double")
    assert (config["event_time"], config["watermark_delay"]) == ("at", "1 second")


def test_numbers_of_a_file_of_text_count_as_numbers(caller: McpCaller) -> None:
    made(caller, "texts", "count-threshold", KEY | {"window": "1 minute"})
    sample = [{name: str(value) for name, value in row.items()} for row in rows()]
    fixes = [s["fix"][0]["config"] for s in suggested(caller, "texts", sample, "found")]
    assert {"threshold": 16} in fixes and {"where": "value > 9"} in fixes


def test_a_pattern_is_told_its_limits_before_its_source_has_a_time(caller: McpCaller) -> None:
    made(caller, "untimed", "velocity", {"per": "minute"}, {"columns": COLUMNS})
    fixes = [
        s["fix"][0]["config"] for s in suggested(caller, "untimed", rows(), "found") if "fix" in s
    ]
    assert fixes[0] == {"key": ["sensor"]} and {"threshold": 15} in fixes
