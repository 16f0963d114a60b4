"""List prices and bills, read by the real SDK from a workspace on loopback."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host
from tests.databricks.stand_in.server import StandIn
from tests.surfaces.callers import Caller

LOAD = {"events_per_second": 10, "keys": 10, "compute": "classic"}
ASKED = {"pipeline_id": "payments", "load": LOAD}
PRICES = (
    "sku_name STRING, usage_unit STRING, currency_code STRING, price_end_time TIMESTAMP, "
    "pricing STRUCT<effective_list: STRUCT<default: DOUBLE>>"
)
USAGE = (
    "sku_name STRING, usage_unit STRING, usage_quantity DECIMAL(38, 18), "
    "usage_start_time TIMESTAMP, usage_end_time TIMESTAMP, "
    "usage_metadata STRUCT<job_id: STRING, dlt_pipeline_id: STRING>"
)


def price(sku: str, amount: float, **other: Any) -> dict[str, Any]:
    row = {"sku_name": sku, "usage_unit": "DBU", "currency_code": "USD", "price_end_time": None}
    return row | {"pricing": {"effective_list": {"default": amount}}} | other


def hour(sku: str, quantity: str, at: int, job: str | None, pipeline: str | None) -> dict[str, Any]:
    return {
        "sku_name": sku,
        "usage_unit": "DBU",
        "usage_quantity": quantity,
        "usage_start_time": f"2026-01-01T{at:02}:00:00Z",
        "usage_end_time": f"2026-01-01T{at + 1:02}:00:00Z",
        "usage_metadata": {"job_id": job, "dlt_pipeline_id": pipeline},
    }


def test_the_workspaces_prices_replace_the_assumed_ones(world: StandIn, agent: Caller) -> None:
    rows = [
        price("PREMIUM_JOBS_COMPUTE", 0.5),
        price("ENTERPRISE_JOBS_COMPUTE", 0.7),
        price("PREMIUM_JOBS_COMPUTE_(PHOTON)", 9),
        price("PREMIUM_JOBS_COMPUTE", 8, price_end_time="2026-01-01T00:00:00Z"),
        price("PREMIUM_JOBS_COMPUTE", 7, currency_code="EUR"),
        price("PREMIUM_JOBS_SERVERLESS_COMPUTE_US_EAST", 0.4),
    ]
    world.unity.add_table("system.billing.list_prices", PRICES, rows)
    before = datetime.now(UTC).date().isoformat()
    found = agent.call("estimate_cost", ASKED)
    listed = found["estimate"]["assumptions"]["dbu_price.jobs"]
    assert not found["warnings"], found["warnings"]
    assert (listed["low"], listed["base"], listed["high"]) == (0.5, 0.6, 0.7)
    assert "list_prices" in listed["source"]
    assert before <= listed["date"] <= datetime.now(UTC).date().isoformat()
    assert not found["warnings"]
    assert not world.writes


def test_prices_that_cannot_be_read_are_said_and_assumed(world: StandIn, agent: Caller) -> None:
    found = agent.call("estimate_cost", ASKED)
    assert any("list prices" in warning for warning in found["warnings"])
    assert "third-party" in found["estimate"]["assumptions"]["dbu_price.jobs"]["source"]


def test_no_warehouse_is_started_for_prices(world: StandIn, agent: Caller) -> None:
    for warehouse in world.warehouses.known.values():
        warehouse.state = "STOPPED"
    found = agent.call("estimate_cost", ASKED)
    assert any("warehouse" in warning for warning in found["warnings"])
    assert {warehouse.state for warehouse in world.warehouses.known.values()} == {"STOPPED"}


def test_without_a_workspace_nothing_is_said_of_it(agent: Caller) -> None:
    found = agent.call("estimate_cost", ASKED)
    assert found["warnings"] == []
    assert "actual" not in found


def deployed(host: Host, mode: str) -> None:
    """A deployment is on record, with an estimate of 2 DBU an hour."""
    estimate = {"dbu_per_hour": {"low": 1, "base": 2, "high": 4}, "mode": mode}
    with host.workspace.store.transaction(write=True) as store:
        store.add_deployment(
            "payments",
            1,
            target="workspace",
            status="deployed",
            actor="ann",
            files={},
            settings={"cost": estimate},
            resources={"ids": {"job payments": "17", "pipeline a": "p-1", "pipeline b": "p-2"}},
        )


def test_bills_need_a_workspace(host: Host, agent: Caller) -> None:
    deployed(host, "continuous")
    found = agent.call("estimate_cost", ASKED)
    assert "actual" not in found
    assert found["warnings"]


@pytest.mark.parametrize(("mode", "ratio"), [("continuous", 3), ("triggered", 1.5)])
def test_bills_are_compared_with_the_estimate_kept(
    world: StandIn, host: Host, agent: Caller, mode: str, ratio: float
) -> None:
    deployed(host, mode)
    world.unity.add_table("system.billing.list_prices", PRICES, [])
    rows = [
        hour("PREMIUM_JOBS_COMPUTE", "3", 0, "17", None),
        hour("PREMIUM_JOBS_COMPUTE", "4", 3, "17", None),
        hour("PREMIUM_JOBS_COMPUTE", "9", 3, "17", None),
        hour("PREMIUM_JOBS_COMPUTE", "-9", 3, "17", None),
        hour("PREMIUM_DLT_CORE_COMPUTE", "2", 3, None, "p-1"),
        hour("PREMIUM_DLT_CORE_COMPUTE", "3", 3, None, "p-2"),
        hour("PREMIUM_JOBS_COMPUTE", "100", 1, "18", None),
        hour("PREMIUM_DLT_CORE_COMPUTE", "100", 1, None, "p-3"),
    ]
    world.unity.add_table("system.billing.usage", USAGE, rows)
    answer = agent.call("estimate_cost", ASKED)
    assert not answer["warnings"]
    actual = answer["actual"]
    assert actual["dbu"] == 12
    assert actual["by_sku"] == {"PREMIUM_JOBS_COMPUTE": 7, "PREMIUM_DLT_CORE_COMPUTE": 5}
    assert (actual["billed_hours"], actual["dbu_per_billed_hour"]) == (2, 6)
    assert actual["billed_to_estimated"] == ratio
    assert (actual["from"][:13], actual["to"][:13]) == ("2026-01-01 00", "2026-01-01 04")
