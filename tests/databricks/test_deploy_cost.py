"""What a plan says of its cost, what is kept of it, and what was billed beside it."""

from __future__ import annotations

import pytest

from lakestream_mcp.operations import call, find

from ..cost.test_billing import PRICES, USAGE, hour, price
from .site import FORCED, ID, Json, Site
from .stand_in import StandIn

LOAD = {"events_per_second": 500, "keys": 1000}


def told(site: Site, operation: str, **arguments: object) -> list[str]:
    """An answer's lines about cost, as a model reads them."""
    text = call(find(operation), site.host.caller({}), {"pipeline_id": ID, **arguments}).text()
    return [line for line in text.split("\n") if line.startswith(("cost", "billed"))]


def test_without_a_load_the_plan_stands_and_says_what_to_give(site: Site) -> None:
    site.make()
    plan = site.plan()
    assert plan["plan"]["cost"]["missing"] == ["events_per_second", "keys"]
    (line,) = told(site, "deploy", force_reason=FORCED)
    assert 'options={"load": {"events_per_second": 100, "keys": 10000}}' in line
    assert site.confirm(plan)["status"] == "deployed"


def test_the_plan_estimates_what_is_deployed_and_that_is_kept(site: Site) -> None:
    site.make()
    plan = site.plan(options={"load": LOAD})
    cost = plan["plan"]["cost"]
    month = cost["money_per_month"]
    assert 0 < month["low"] <= month["base"] <= month["high"]
    assert cost["compute"] == "serverless", "as it is deployed where no cluster is set"
    assert cost["assumptions"] > 3
    (line,) = told(site, "deploy", force_reason=FORCED, options={"load": LOAD})
    assert f"USD {month['low']:,.4g} / {month['base']:,.4g} / {month['high']:,.4g}" in line
    site.confirm(plan)
    assert site.call("get_deployment", pipeline_id=ID)["cost"] == cost
    site.deploy("start")
    assert site.call("get_deployment", pipeline_id=ID)["cost"] == cost
    assert told(site, "get_deployment") == [line]


@pytest.mark.parametrize(
    ("deploy", "load", "expected"),
    [
        ({}, {}, ("serverless", "triggered")),
        ({"cluster": {"node_type": "i3.xlarge", "workers": 2}}, {}, ("classic", "triggered")),
        ({"continuous": True}, {}, ("serverless", "continuous")),
        ({"continuous": True}, {"mode": "triggered"}, ("serverless", "triggered")),
    ],
)
def test_what_the_settings_say_need_not_be_said_again(
    site: Site, deploy: Json, load: Json, expected: tuple[str, str]
) -> None:
    site.make({"deploy": deploy})
    cost = site.plan(options={"load": LOAD | load})["plan"]["cost"]
    assert (cost["compute"], cost["mode"]) == expected


def test_it_is_the_estimate_that_is_given_when_asked(site: Site, world: StandIn) -> None:
    """With the workspace's prices, and the shares of rows that the newest test has shown."""
    site.make()
    site.test()
    world.warehouses.add("small")
    world.unity.add_table(
        "system.billing.list_prices", PRICES, [price("PREMIUM_JOBS_SERVERLESS_COMPUTE", 0.33)]
    )
    load = {"events_per_second": 500}
    cost = site.plan(options={"load": load})["plan"]["cost"]
    answer = site.call("estimate_cost", pipeline_id=ID, load=load)
    estimate = answer["estimate"]
    assert "list_prices" in estimate["assumptions"]["dbu_price.jobs_serverless"]["source"]
    assert "warnings" not in cost and not answer["warnings"]
    figures = ("dbu_per_hour", "money_per_hour", "dbu_per_month", "money_per_month")
    assert {name: cost[name] for name in figures} == {name: estimate[name] for name in figures}
    assert cost["assumptions"] == len(estimate["assumptions"])
    assert (cost["compute"], cost["mode"]) == (estimate["compute"], estimate["mode"])


def test_prices_that_cannot_be_used_do_not_hold_a_plan_up(site: Site) -> None:
    site.make()
    (site.settings.data_dir / "prices.json").write_text('{"nonsense": 1}')
    plan = site.plan(options={"load": LOAD})
    assert "nonsense" in plan["plan"]["cost"]["unknown"]
    assert site.confirm(plan)["status"] == "deployed"


def test_what_was_billed_stands_beside_it(site: Site, world: StandIn) -> None:
    site.make()
    plan = site.plan(options={"load": LOAD})
    site.confirm(plan)
    assert "billed" not in site.call("get_deployment", pipeline_id=ID), "no warehouse tells"
    world.warehouses.add("small")
    (job,) = map(str, world.jobs.known)
    rows = [hour("PREMIUM_JOBS_SERVERLESS_COMPUTE", "3", at, job, None) for at in (0, 1)]
    world.unity.add_table("system.billing.usage", USAGE, rows)
    billed = site.call("get_deployment", pipeline_id=ID)["billed"]
    assert billed["dbu"] == 6
    estimated = plan["plan"]["cost"]["dbu_per_hour"]["base"]
    assert billed["billed_to_estimated"] == pytest.approx(3 / estimated, abs=1e-3)
    assert told(site, "get_deployment")[1].startswith("billed: 6 DBU in 2 h")
    site.deploy(target="bundle")
    assert site.call("estimate_cost", pipeline_id=ID, load=LOAD)["actual"]["dbu"] == 6
