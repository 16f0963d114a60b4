"""The workspace's own list prices, and what deployments were billed: two system tables.

Both are read as the caller, by a SQL warehouse the caller may use.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ..databricks_client import Caller, client_for
from ..warehouse import rows_of, warehouse_awake

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from ...storage.rows import Deployment

PATIENCE = timedelta(seconds=30)
PRICES = """
SELECT sku_name, CAST(pricing.effective_list.default AS DOUBLE) AS price
FROM system.billing.list_prices
WHERE price_end_time IS NULL AND usage_unit = 'DBU' AND currency_code = 'USD'
"""
USAGE = """
SELECT sku_name, CAST(SUM(usage_quantity) AS DOUBLE) AS quantity,
  CAST(MIN(usage_start_time) AS STRING) AS first, CAST(MAX(usage_end_time) AS STRING) AS last,
  CAST(SUM(
    UNIX_MICROS(usage_end_time) - UNIX_MICROS(usage_start_time)
  ) AS DOUBLE) / 3600000000 AS billed_hours
FROM system.billing.usage
WHERE usage_unit = 'DBU'
  AND (usage_metadata.job_id = :job_id OR usage_metadata.dlt_pipeline_id = :pipeline_id)
GROUP BY sku_name
"""
TIER = r"(PREMIUM|ENTERPRISE)_"
SKUS = {
    "dbu_price.jobs": rf"{TIER}JOBS_COMPUTE",
    "dbu_price.jobs_serverless": rf"{TIER}JOBS_SERVERLESS_COMPUTE(_[A-Z0-9_]+)?",
    "dbu_price.pipelines_core": rf"{TIER}DLT_CORE_COMPUTE",
    "dbu_price.pipelines_pro": rf"{TIER}DLT_PRO_COMPUTE",
    "dbu_price.pipelines_advanced": rf"{TIER}DLT_ADVANCED_COMPUTE",
    "dbu_price.pipelines_serverless": rf"{TIER}JOBS_SERVERLESS_COMPUTE(_[A-Z0-9_]+)?",
}
"""Serverless pipelines are billed as serverless jobs."""


class Billed(NamedTuple):
    """What one resource used of one SKU."""

    sku: str
    quantity: float
    first: str
    last: str
    hours: float

    @classmethod
    def of(cls, row: list[Any]) -> Billed:
        """A row of the statement."""
        sku, quantity, first, last, hours = row
        return cls(sku, float(quantity), first, last, float(hours))


def live_prices(ws: Caller) -> tuple[dict[str, dict[str, float]], str]:
    """Prices by assumption, as the workspace lists them, and their source.

    Where regions or tiers differ, the middle one is the likely one. Raises DatabricksFailed.
    """
    client = client_for(ws)
    rows = _query(client, PRICES, {})
    found = {}
    for name, pattern in SKUS.items():
        prices = [float(price) for sku, price in rows if re.fullmatch(pattern, sku)]
        if prices:
            found[name] = {"low": min(prices), "base": median(prices), "high": max(prices)}
    return found, "system.billing.list_prices of the workspace"


def usage_of(ws: Caller, deployment: Deployment) -> dict[str, Any] | None:
    """DBUs billed for what a deployment made, and the estimate that was kept with it.

    None where it made nothing in a workspace. Raises DatabricksFailed.
    """
    ids = resource_ids(deployment.resources)
    if not ids:
        return None
    client = client_for(ws)
    rows: list[Billed] = []
    for kind, value in ids:
        given = {"job_id": None, "pipeline_id": None} | {kind: value}
        rows += [Billed.of(row) for row in _query(client, USAGE, given)]
    estimated = (deployment.settings.get("cost") or {}).get("dbu_per_hour")
    hours = sum(row.hours for row in rows)
    by_sku: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        by_sku[row.sku] += row.quantity
    quantity = sum(by_sku.values())
    found: dict[str, Any] = {
        "deployment": deployment.id,
        "dbu": round(quantity, 4),
        "by_sku": {sku: round(used, 4) for sku, used in by_sku.items()},
        "billed_hours": round(hours, 2),
        "from": min((row.first for row in rows), default=None),
        "to": max((row.last for row in rows), default=None),
    }
    if hours:
        found["dbu_per_billed_hour"] = round(quantity / hours, 4)
    if estimated:
        found["estimated_dbu_per_hour"] = estimated
        if hours:
            found["billed_to_estimated"] = round(quantity / hours / max(estimated["base"], 1e-9), 3)
    return found


def resource_ids(resources: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(`job_id` or `pipeline_id`, id) of what a deployment made, by the keys of its resources."""
    ids = resources.get("ids") or {}
    kinds = {"job": "job_id", "pipeline": "pipeline_id"}
    found = ((kinds.get(key.split(" ")[0]), str(value)) for key, value in ids.items())
    return [(kind, value) for kind, value in found if kind]


def _query(
    client: WorkspaceClient, text: str, parameters: Mapping[str, str | None]
) -> list[list[Any]]:
    """The rows of a statement, as texts. Raises DatabricksFailed."""
    return rows_of(client, text, parameters, warehouse_awake(client), PATIENCE)
