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
    "history",
    "validation",
    "generation",
    "parsing",
    "testing",
    "preview",
    "simulation",
    "connections",
    "runs",
    "view",
)


def load() -> None:
    """Import every module, which registers its operations; cheap when done before."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
