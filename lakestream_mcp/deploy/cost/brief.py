"""The estimate as a plan of deployment shows it, and as it is kept with the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...graph.model import PipelineDocument
from .assumptions import Assumptions
from .estimate import estimate
from .flows import Flows
from .load import Load

EXAMPLE = 'options={"load": {"events_per_second": 100, "keys": 10000}}'
OTHERWISE = (
    "estimate_cost lists them; options.load says another load, prices.json in the data folder "
    "other prices"
)
SHOWN = ("dbu_per_hour", "money_per_hour", "dbu_per_month", "money_per_month", "compute", "mode")


def brief_cost(
    document: PipelineDocument, catalog: Any, load: Mapping[str, Any], folder: Path | None = None
) -> dict[str, Any]:
    """DBU and money, or what the load does not say; and `change`: what would make it another.

    folder: where the data folder's own prices are. Raises InvalidArgument.
    """
    given = Load.of(load)
    if missing := given.missing(Flows.of(document, catalog).has_state):
        lacks = " and ".join(f"`{name}`" for name in missing)
        return {
            "unknown": f"the load does not say {lacks}",
            "missing": missing,
            "change": f"give it of the mean hour: {EXAMPLE}",
        }
    made = estimate(document, catalog, given, Assumptions.load(folder))
    shown: dict[str, Any] = made.model_dump(mode="json", include=set(SHOWN))
    taken = {"assumptions": len(made.assumptions), "load": dict(load)}
    return shown | taken | {"change": OTHERWISE}
