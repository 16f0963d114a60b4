"""A process of its own that carries out a plan, to be killed in the middle.

python -m tests.databricks.deployer FOLDER HASH ACTION TARGET
"""

from __future__ import annotations

import sys
from pathlib import Path

from lakestream_mcp.relational.local import LocalEngine

from .site import Site


def main(folder: str, plan: str, action: str, target: str) -> None:
    """Confirm the plan on the store in that folder, as the tests' user."""
    engine = LocalEngine()
    site = Site(None, Path(folder), engine)  # type: ignore[arg-type]
    print(site.confirm({"confirm": plan, "action": action}, target=target))
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
