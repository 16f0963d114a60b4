"""Why a key did not enter, leave or dwell, and fixes made from zones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_examples import check_examples

Json = dict[str, Any]
FEED = {
    "columns": "truck string, lat double, lon double, acc double, at timestamp",
    "event_time": "at",
    "watermark_delay": "1 minute",
}
DEGREE_M = 6371008.8 * math.pi / 180
CIRCLE = {"name": "depot", "latitude": 50.0, "longitude": 10.0, "radius_m": 200}
RING = [[178.0, -20.0], [-178.0, -20.0], [-179.0, -16.0], [178.0, -16.0], [178.0, -20.0]]
HOLE = [[178.5, -18.5], [-179.5, -18.5], [-179.5, -17.5], [178.5, -17.5], [178.5, -18.5]]
REEF = {"name": "reef", "polygon": {"type": "Polygon", "coordinates": [RING, HOLE]}}
PLAIN = {"key": ["truck"], "latitude": "lat", "longitude": "lon", "zones": [CIRCLE]}
SURE = PLAIN | {"confirm": 2, "accuracy": "acc", "max_accuracy_m": 50}
CASES: dict[str, Json] = {
    "a circle": PLAIN,
    "a polygon over the antimeridian": PLAIN | {"zones": [REEF, CIRCLE]},
    "confirmed, accurate, with a margin": SURE | {"exit_margin_m": 40, "initial": False},
    "a dwell": SURE | {"emit": ["dwell"], "dwell": "10 minutes", "forget_after": "10 minutes"},
    "a wide margin": PLAIN | {"zones": [REEF], "emit": ["exit"], "exit_margin_m": 5000},
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("geofence")) as made:
        yield made


@pytest.mark.parametrize("name", list(CASES))
def test_examples(agent: Agent, name: str) -> None:
    check_examples(agent, "geofence", CASES[name], FEED)


AWAY = {
    "type": "Polygon",
    "coordinates": [[[-50, 40], [-50, 40.1], [-50.1, 40.1], [-50.1, 40], [-50, 40]]],
}


def test_every_zone_has_examples(agent: Agent) -> None:
    zones = [
        {"name": n, "latitude": 10.0 * i, "longitude": 7.0 * i, "radius_m": 300 + i}
        for i, n in enumerate(("a", "b", "c"))
    ]
    zones.append({"name": "d", "polygon": AWAY})
    config = {"key": ["truck"], "latitude": "lat", "longitude": "lon", "zones": zones}
    made = agent.pipeline("geofence", config, FEED)
    told = agent.run(made, {"examples": "all"})["examples"]
    assert not [e for e in told if "not_found" in e]
    for expected in ("match", "no match"):
        of = {e["meant"]["measures"]["zone"] for e in told if e["expected"] == expected}
        assert of == {"a", "b", "c", "d"}
    check_examples(agent, "geofence", config, FEED)


def fix(minute: float, north_m: float, truck: str = "t", acc: float | None = 5.0) -> Json:
    """A fix so many metres north of the depot's centre."""
    seconds = round(minute * 60)
    at = f"2026-01-01T{12 + seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"
    return {"truck": truck, "lat": 50 + north_m / DEGREE_M, "lon": 10.0, "acc": acc, "at": at}


def ask(agent: Agent, config: Json, events: list[Json], advance: str = "all", **q: Any) -> Json:
    made = agent.pipeline("geofence", config, FEED)
    run = agent.run(made, events, advance_to=advance)
    return agent.call("explain_match", run_id=run["run_id"], **(q or {"key": {"truck": "t"}}))


def test_the_closest_approach(agent: Agent) -> None:
    told = ask(agent, PLAIN, [fix(0, 900), fix(1, 550), fix(2, 700)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("zones.0.radius_m", 1)
    assert (closest["got"], closest["distance"]) == (550.0, "350 m")
    assert closest["sentence"] == (
        "Event 1 at 2026-01-01T12:01:00Z was 350 m outside `depot`: 550 m from its centre, and "
        "the radius is 200 m."
    )


def test_the_nearest_of_several_zones(agent: Agent) -> None:
    other = CIRCLE | {"name": "yard", "latitude": 50 + 1000 / DEGREE_M}
    zones = [REEF, CIRCLE, other]
    told = ask(agent, PLAIN | {"zones": zones}, [fix(0, 450), fix(1, 700)])
    named = [(m["clause"], m["event"], m["distance"]) for m in told["misses"]]
    assert named == [("zones.2.radius_m", 1, "100 m"), ("zones.1.radius_m", 0, "250 m")]


def test_outside_a_polygon_and_in_its_hole(agent: Agent) -> None:
    at = {"truck": "t", "acc": 1.0, "at": "2026-01-01T12:00:00Z"}
    south = at | {"lat": -20 - 50 / DEGREE_M, "lon": 179.0}
    told = ask(agent, PLAIN | {"zones": [REEF]}, [south])
    assert (told["misses"][0]["clause"], told["misses"][0]["distance"]) == (
        "zones.0.polygon",
        "50 m",
    )
    hole = at | {"lat": -17.5 - 30 / DEGREE_M, "lon": 179.0}
    told = ask(agent, PLAIN | {"zones": [REEF]}, [hole])
    assert told["misses"][0]["distance"] == "30 m"


def test_one_of_two_confirming_fixes(agent: Agent) -> None:
    told = ask(agent, SURE, [fix(0, 900), fix(1, 50), fix(2, 230), fix(3, 900)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["got"]) == ("confirm", 2, 1)
    assert closest["events"] == [{"step": "inside", "event": 1}]
    assert "event 2 at 2026-01-01T12:02:00Z was 30 m outside" in closest["sentence"]
    told = ask(agent, SURE, [fix(0, 900), fix(1, 50)], event=1)
    assert "no other fix of the key followed" in told["misses"][0]["sentence"]


def test_too_inaccurate(agent: Agent) -> None:
    told = ask(agent, SURE, [fix(0, 50, acc=51.0), fix(1, 60, acc=None)], event=0)
    (miss,) = told["misses"]
    assert (miss["clause"], miss["got"]) == ("max_accuracy_m", 51.0)
    told = ask(agent, PLAIN, [fix(0, 50) | {"lat": None}], event=0)
    assert told["misses"][0]["clause"] == "latitude"


def test_a_dwell_that_was_too_short_or_is_not_over(agent: Agent) -> None:
    config = PLAIN | {"emit": ["dwell"], "dwell": "10 minutes"}
    told = ask(agent, config, [fix(0, 50), fix(4, 20), fix(7, 201), fix(8, 900)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == ("dwell", 2, "3 min")
    told = ask(agent, config, [fix(0, 50), fix(4, 20)], "2026-01-01T12:04:00Z")
    closest = told["misses"][0]
    assert (closest["clause"], closest["distance"]) == ("dwell", "6 min")
    assert "2026-01-01T12:10:00Z, which the watermark has not reached" in closest["sentence"]


def test_within_the_margin(agent: Agent) -> None:
    config = PLAIN | {"exit_margin_m": 50, "emit": ["exit"]}
    told = ask(agent, config, [fix(0, 50), fix(1, 220), fix(2, 235), fix(3, 100)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("exit_margin_m", 2)
    assert (closest["got"], closest["distance"]) == (35.0, "15 m")


def test_forgotten_without_an_exit(agent: Agent) -> None:
    config = PLAIN | {"emit": ["exit"], "forget_after": "10 minutes"}
    told = ask(agent, config, [fix(0, 50), fix(2, 50), fix(13, 900)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == (
        "forget_after",
        2,
        "1 min",
    )
    told = ask(agent, config, [fix(0, 50)])
    assert told["misses"][0]["clause"] == "forget_after"


def test_inside_from_the_first_fix(agent: Agent) -> None:
    config = PLAIN | {"emit": ["enter"], "initial": False}
    told = ask(agent, config, [fix(0, 50), fix(1, 60)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("initial", 0)


def test_a_fix_that_changed_nothing(agent: Agent) -> None:
    told = ask(agent, PLAIN, [fix(0, 50), fix(1, 60)], event=1)
    assert "140 m from its edge" in told["misses"][0]["sentence"]


def test_state(agent: Agent) -> None:
    made = agent.pipeline("geofence", SURE | {"zones": [CIRCLE, REEF]}, FEED)
    told = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]["state"]
    assert (told["events_max"], told["kept_for"]) == (6, "1 day")


def test_one_of_two_fixes_outside(agent: Agent) -> None:
    config = PLAIN | {"confirm": 2, "emit": ["exit"]}
    told = ask(agent, config, [fix(0, 50), fix(1, 60), fix(2, 900), fix(3, 70)], event=3)
    closest = told["misses"][0]
    assert (closest["clause"], closest["got"], closest["distance"]) == ("confirm", 1, "1 more")
    assert [e["event"] for e in closest["events"]] == [0, 1, 2]


def test_a_row_without_key_and_one_before_1970(agent: Agent) -> None:
    told = ask(agent, PLAIN, [fix(0, 300) | {"truck": None}], key={"truck": None})
    assert told["misses"][0]["distance"] == "100 m"
    early = fix(0, 300) | {"at": "1969-12-31T23:59:59.999Z"}
    told = ask(agent, PLAIN, [early], event=0)
    assert "was late: its event time 1969-12-31T23:59:59.999" in told["sentences"][0]


def test_a_dwell_is_told_with_the_fix_that_confirms_the_entry(agent: Agent) -> None:
    zone = {"name": "depot", "latitude": 0.0, "longitude": 0.0, "radius_m": 500}
    config = {
        "key": ["truck"],
        "latitude": "lat",
        "longitude": "lon",
        "zones": [zone],
        "emit": ["enter", "dwell"],
        "confirm": 3,
        "dwell": "1 minute",
    }
    made = agent.pipeline("geofence", config, FEED)
    fixes = [
        {"truck": "t", "lat": 0.0, "lon": 0.0, "acc": 1.0, "at": f"2026-01-01T12:0{minute}:00Z"}
        for minute in (0, 2, 4, 6)
    ]
    found = agent.run(made, fixes)["matches"]
    told = [(m["measures"]["transition"], m["detected_at"]) for m in found]
    assert sorted(told) == [("dwell", "2026-01-01T12:04:00Z"), ("enter", "2026-01-01T12:04:00Z")]
