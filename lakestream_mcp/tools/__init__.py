"""Operations, thin: each module declares a few; the domain does the work."""

from __future__ import annotations

import importlib

# In the order in which a newcomer meets them, which is the order of every listing.
MODULES = (
    "discovery",
    "node_types",
    "templates",
    "saved_templates",
    "authoring",
    "language",
    "history",
    "validation",
    "review",
    "generation",
    "parsing",
    "testing",
    "preview",
    "simulation",
    "discover_schema",
    "connections",
    "runs",
    "production",
    "deployment",
    "deployment_state",
    "model_calls",
    "benchmarks",
    "costs",
    "backtests",
    "view",
    "access",
    "audit",
    "preferences",
    "running",
)


def load() -> None:
    """Import every module, which registers its operations; cheap when done before."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
