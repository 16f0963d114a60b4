"""The workspace's own list prices, and what deployments were billed: two system tables.

Both are read as the caller, by a SQL warehouse the caller may use.
"""

from __future__ import annotations

import re
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
WITH used AS (
  SELECT sku_name, usage_quantity, usage_start_time, usage_end_time
  FROM system.billing.usage
  WHERE usage_unit = 'DBU' AND (
    ARRAY_CONTAINS(SPLIT(:job_id, ','), usage_metadata.job_id)
    OR ARRAY_CONTAINS(SPLIT(:pipeline_id, ','), usage_metadata.dlt_pipeline_id)
  )
)
SELECT sku_name, CAST(SUM(usage_quantity) AS DOUBLE) AS quantity,
  CAST(MIN(usage_start_time) AS STRING) AS first, CAST(MAX(usage_end_time) AS STRING) AS last,
  (SELECT COUNT(DISTINCT DATE_TRUNC('HOUR', usage_start_time)) FROM used) AS billed_hours,
  (
    SELECT CAST(UNIX_MICROS(MAX(usage_end_time)) - UNIX_MICROS(MIN(usage_start_time)) AS DOUBLE)
    FROM used
  ) / 3600000000 AS hours
FROM used
GROUP BY sku_name
"""
"""Hours are those of the clock: a job and its pipelines that run at once share them."""
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
    """What all resources used of one SKU, and the hours of all SKUs.

    billed_hours: in which something was billed; hours: from the first use to the last.
    """

    sku: str
    quantity: float
    first: str
    last: str
    billed_hours: float
    hours: float

    @classmethod
    def of(cls, row: list[Any]) -> Billed:
        """A row of the statement."""
        sku, quantity, first, last, *hours = row
        return cls(sku, float(quantity), first, last, *map(float, hours))


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
    given = {
        kind: ",".join(value for of, value in ids if of == kind) or None
        for kind in ("job_id", "pipeline_id")
    }
    rows = [Billed.of(row) for row in _query(client_for(ws), USAGE, given)]
    quantity = sum(row.quantity for row in rows)
    hours = rows[0].billed_hours if rows else 0.0
    found: dict[str, Any] = {
        "deployment": deployment.id,
        "dbu": round(quantity, 4),
        "by_sku": {row.sku: round(row.quantity, 4) for row in rows},
        "billed_hours": round(hours, 2),
        "from": min((row.first for row in rows), default=None),
        "to": max((row.last for row in rows), default=None),
    }
    if hours:
        found["dbu_per_billed_hour"] = round(quantity / hours, 4)
    cost = deployment.settings.get("cost") or {}
    if estimated := cost.get("dbu_per_hour"):
        found["estimated_dbu_per_hour"] = estimated
        # What is triggered was estimated over the hours between its runs too.
        over = rows[0].hours if rows and cost.get("mode") == "triggered" else hours
        if over:
            found["billed_to_estimated"] = round(quantity / over / max(estimated["base"], 1e-9), 3)
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
