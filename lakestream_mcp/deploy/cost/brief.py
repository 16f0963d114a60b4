"""The estimate as a plan of deployment shows it, and as it is kept with the deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .estimate import Estimate

EXAMPLE = 'options={"load": {"events_per_second": 100, "keys": 10000}}'
OTHERWISE = (
    "estimate_cost lists them; options.load says another load, prices.json in the data folder "
    "other prices"
)
SHOWN = ("dbu_per_hour", "money_per_hour", "dbu_per_month", "money_per_month", "compute", "mode")


def brief(made: Estimate, load: Mapping[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    """DBU and money; and `change`: what would make it another."""
    shown: dict[str, Any] = made.model_dump(mode="json", include=set(SHOWN))
    taken = {"assumptions": len(made.assumptions), "load": dict(load)}
    told = {"warnings": list(warnings)} if warnings else {}
    return shown | taken | told | {"change": OTHERWISE}


def not_known(missing: Sequence[str]) -> dict[str, Any]:
    """What a plan says where the load does not say enough."""
    lacks = " and ".join(f"`{name}`" for name in missing)
    return {
        "unknown": f"the load does not say {lacks}",
        "missing": list(missing),
        "change": f"give it of the mean hour: {EXAMPLE}",
    }
