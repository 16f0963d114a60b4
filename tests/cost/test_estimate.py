"""`estimate_cost`: three cases in order, everything assumed is listed, nothing is guessed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen.settings import CodeSettings
from lakestream_mcp.deploy.cost.assumptions import CASES, LIMITS, MOST, Assumptions
from lakestream_mcp.deploy.cost.estimate import Estimate, estimate
from lakestream_mcp.deploy.cost.load import Load
from lakestream_mcp.errors import InvalidArgument, InvalidPipeline
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.templates.library import built_in
from tests.benchmark.pipelines import PAYMENTS
from tests.surfaces.callers import Caller

CATALOG = Catalog.load()
DOCUMENT = PipelineDocument.model_validate(PAYMENTS)
THREE = (
    "cpu_us_per_event",
    "cores",
    "dbu_per_hour",
    "money_per_hour",
    "dbu_per_month",
    "money_per_month",
    "state_bytes",
    "shuffle_bytes_per_second",
)
loads = st.fixed_dictionaries(
    {"events_per_second": st.floats(0.01, 1e6), "keys": st.floats(1, 1e8)},
    optional={
        "peak_factor": st.floats(1, 100),
        "compute": st.sampled_from(["classic", "serverless"]),
        "mode": st.sampled_from(["continuous", "triggered"]),
        "target": st.sampled_from(["sss", "sdp", "hybrid"]),
        "runs_per_day": st.floats(0.1, 1440),
        "batch_seconds": st.floats(0.1, 3600),
    },
)


def made(document: PipelineDocument = DOCUMENT, **load: Any) -> Estimate:
    return estimate(document, CATALOG, Load.of(load), Assumptions.load())


@given(loads)
def test_the_cases_are_in_order_and_sources_are_listed(load: dict[str, Any]) -> None:
    found = made(**load)
    for name in THREE:
        values = getattr(found, name)
        assert 0 <= values.low <= values.base <= values.high
    assert found.assumptions
    assert all(a.unit and a.source for a in found.assumptions.values())
    assert found.assumptions["events_per_second"].base == load["events_per_second"]


@given(loads, st.floats(1, 1000))
def test_more_events_never_cost_less(load: dict[str, Any], times: float) -> None:
    more = load | {"events_per_second": load["events_per_second"] * times}
    few, many = made(**load), made(**more)
    for case in CASES:
        assert few.dbu_per_hour.at(case) <= many.dbu_per_hour.at(case) * 1.001
        assert few.state_bytes.at(case) <= many.state_bytes.at(case) * 1.001


@given(loads, st.sampled_from(sorted(Assumptions.load().known)), st.floats(0.5, 2))
def test_only_what_is_listed_changes_the_estimate(
    load: dict[str, Any], name: str, value: float
) -> None:
    assumptions = Assumptions.load()
    least, most = LIMITS.get(name, (0, MOST))
    value = min(max(value, least), most)
    before = estimate(DOCUMENT, CATALOG, Load.of(load), assumptions)
    changed = assumptions.replaced({name: value}, "given")
    after = estimate(DOCUMENT, CATALOG, Load.of(load), changed)
    if name not in before.assumptions:
        assert after.model_dump(exclude={"assumptions"}) == before.model_dump(
            exclude={"assumptions"}
        )
    else:
        assert after.assumptions[name].source in ("given", before.assumptions[name].source)


@pytest.mark.parametrize("template", sorted(built_in()))
def test_every_template_has_an_estimate(template: str) -> None:
    found = made(built_in()[template].pipeline, events_per_second=100, keys=1000)
    assert found.money_per_month.base > 0
    assert {n.node for n in found.nodes} == {n.id for n in built_in()[template].pipeline.nodes}


@pytest.mark.parametrize(
    ("kind", "edition"),
    [("data-quality-expectations", "advanced"), ("cdc-stream", "pro"), ("filter", "core")],
)
def test_the_edition_follows_from_the_nodes(kind: str, edition: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    document.nodes = [document.nodes[0], document.nodes[1].model_copy(update={"type": kind})]
    document.edges = document.edges[:1]
    found = made(document, events_per_second=1, keys=1, target="sdp")
    assert found.edition == edition
    assert f"dbu_price.pipelines_{edition}" in found.assumptions
    serverless = made(document, events_per_second=1, keys=1, target="sdp", compute="serverless")
    assert serverless.edition is None


def test_an_agent_is_asked_for_what_is_missing(agent: Caller) -> None:
    said = agent.call("estimate_cost", {"pipeline_id": "payments"})["error"]
    assert said["code"] == "MISSING_LOAD"
    assert set(said["expected"]) == {"events_per_second", "keys"}


def test_a_simulator_says_the_rate_and_the_shares(agent: Caller) -> None:
    document = copy.deepcopy(PAYMENTS) | {"name": "Simulated"}
    document["nodes"][0] = {
        "id": "feed",
        "type": "stream-simulator",
        "name": "Feed",
        "config": {
            "profile": "custom",
            "events_per_second": 25,
            "event_time": "event_time",
            "watermark_delay": "1 minute",
            "columns": [
                {"name": "card", "type": "string", "generator": "choice(a, b, c)"},
                {"name": "amount", "type": "double", "generator": "random(-1000.0, 1000.0)"},
            ],
        },
    }
    created = agent.call("create_pipeline", {"document": document})
    assert "error" not in created, created
    found = agent.call("estimate_cost", {"pipeline_id": "simulated"})
    assert "estimate" in found, found
    listed = found["estimate"]["assumptions"]
    assert listed["events_per_second"]["base"] == 25
    assert listed["keys"]["base"] == 3
    assert 0.2 < listed["burst.wanted"]["base"] < 0.3
    assert "simulated" in listed["burst.wanted"]["source"]


def test_a_test_run_shows_the_shares(agent: Caller) -> None:
    rows = [
        {"card": f"c{n}", "amount": amount, "at": f"2026-01-01T00:00:0{n}Z"}
        for n, amount in enumerate([-1, 10, 600, 700])
    ]
    run = agent.call("test_pattern", {"pipeline_id": "payments", "events": rows})
    load = {"events_per_second": 1000}
    listed = agent.call("estimate_cost", {"pipeline_id": "payments", "load": load})["estimate"]
    shares = listed["assumptions"]
    assert (shares["burst.reach"]["base"], shares["burst.wanted"]["base"]) == (0.75, 0.5)
    assert run["run_id"] in shares["burst.wanted"]["source"]
    assert shares["keys"]["base"] == 2


def test_prices_are_edited_by_a_file_or_by_the_call(host: Host, agent: Caller) -> None:
    load = {"events_per_second": 10, "keys": 10, "compute": "classic"}
    asked = {"pipeline_id": "payments", "load": load}
    before = agent.call("estimate_cost", asked)["estimate"]
    own = {"dbu_price.jobs": {"low": 1, "base": 1, "high": 1, "unit": "USD/DBU", "source": "ours"}}
    Path(host.workspace.settings.data_dir, "prices.json").write_text(json.dumps(own), "utf-8")
    after = agent.call("estimate_cost", asked)["estimate"]
    assert after["assumptions"]["dbu_price.jobs"]["source"] == "ours"
    assert after["money_per_hour"]["base"] > before["money_per_hour"]["base"]
    free = {"dbu_price.jobs": 0, "vm_price_per_core_hour": 0}
    nothing = agent.call("estimate_cost", asked | {"assume": free})["estimate"]
    assert nothing["money_per_month"]["high"] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"load": {"events_per_secnd": 1}}, "INVALID_ARGUMENT"),
        ({"load": {"events_per_second": -1, "keys": 1}}, "INVALID_ARGUMENT"),
        ({"load": {"compute": "quantum"}}, "INVALID_ARGUMENT"),
        (
            {"load": {"events_per_second": 1, "keys": 1, "reach": {"brust": 1}}},
            "INVALID_ARGUMENT",
        ),
        ({"assume": {"utilisation": 1}}, "INVALID_ASSUMPTION"),
        ({"assume": {"utilization": "much"}}, "INVALID_ASSUMPTION"),
        ({"assume": {"utilization": {"low": 1}}}, "INVALID_ASSUMPTION"),
        ({"assume": {"utilization": 0}}, "INVALID_ASSUMPTION"),
        ({"assume": {"dbu_price.jobs": 1e308}}, "INVALID_ASSUMPTION"),
        ({"load": {"events_per_second": 1, "keys": 1, "batch_seconds": 1e-9}}, "INVALID_ARGUMENT"),
        (
            {"load": {"events_per_second": 1, "keys": 1, "reach": {"burst": 1e308}}},
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_bad_values_are_told(agent: Caller, arguments: dict[str, Any], code: str) -> None:
    load = {"events_per_second": 1, "keys": 1}
    said = agent.call("estimate_cost", {"pipeline_id": "payments", "load": load} | arguments)
    assert said["error"]["code"] == code


@pytest.mark.parametrize("value", [0, 1e-300, 1e308, {"low": 5, "base": 1, "high": 0}])
@pytest.mark.parametrize("name", sorted(Assumptions.load().known))
def test_whatever_is_assumed_it_is_an_estimate_or_a_refusal(name: str, value: Any) -> None:
    for compute in ("classic", "serverless"):
        for mode in ("continuous", "triggered"):
            load = {"events_per_second": 500, "keys": 1000, "compute": compute, "mode": mode}
            try:
                assumed = Assumptions.load().replaced({name: value}, "given")
                estimate(DOCUMENT, CATALOG, Load.of(load), assumed)
            except InvalidArgument as error:
                assert (error.code, error.where["assumption"]) == ("INVALID_ASSUMPTION", name)


@pytest.mark.parametrize("trigger", ["0 seconds", "1 second", "-1 seconds", "", "soon", 5, None])
def test_any_trigger_has_an_estimate_or_is_refused_as_in_code(trigger: Any) -> None:
    document = DOCUMENT.model_copy(update={"settings": {"trigger": trigger}})
    said = ""
    try:
        CodeSettings.of(document, "payments")
    except InvalidPipeline as error:
        said = error.code
    try:
        batch = made(document, events_per_second=1, keys=1).assumptions["batch_seconds"]
    except InvalidPipeline as error:
        assert error.code == said
        return
    assert said == ""
    assert (batch.source == "the pipeline's trigger") == (trigger == "1 second")


def test_keys_kept_apart_cost_only_where_few_are_touched() -> None:
    apart = DOCUMENT.model_copy(update={"settings": {"state_layout": "keys"}})
    few = {"events_per_second": 1, "keys": 1_000_000, "batch_seconds": 10}
    many = few | {"events_per_second": 100_000}
    assert made(apart, **few).cpu_us_per_event.base < made(**few).cpu_us_per_event.base
    assert made(apart, **many).cpu_us_per_event.base > made(**many).cpu_us_per_event.base


def test_what_reaches_a_pattern_is_what_it_wants_where_nothing_else_is_known() -> None:
    apart = DOCUMENT.model_copy(update={"settings": {"state_layout": "keys"}})
    load = {"events_per_second": 1000, "keys": 1_000_000, "reach": {"burst": 0.01}}
    unsaid, said = made(apart, **load), made(apart, **load, wanted={"burst": 0.01})
    assert unsaid.cpu_us_per_event == said.cpu_us_per_event


def test_it_is_of_what_would_be_deployed(agent: Caller) -> None:
    asked = {"pipeline_id": "payments", "load": {"events_per_second": 10, "keys": 10}}
    assert agent.call("estimate_cost", asked)["estimate"]["compute"] == "serverless"
    cluster = {"node_type": "i3.xlarge", "workers": 2}
    change = {"op": "set_pipeline", "settings": {"deploy": {"cluster": cluster}}}
    edited = agent.call("edit_pipeline", {"pipeline_id": "payments", "changes": [change]})
    assert "error" not in edited, edited
    assert agent.call("estimate_cost", asked)["estimate"]["compute"] == "classic"
    asked["load"] |= {"compute": "serverless"}  # type: ignore[operator]
    assert agent.call("estimate_cost", asked)["estimate"]["compute"] == "serverless"


def test_large_numbers_may_be_written_as_people_do() -> None:
    said = Load.of({"events_per_second": "10k", "keys": "1,500,000"})
    assert (said.events_per_second, said.keys) == (10_000, 1_500_000)
    with pytest.raises(InvalidArgument):
        Load.of({"events_per_second": "many"})
