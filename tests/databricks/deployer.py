"""A process of its own that carries out a plan, to be killed in the middle.

python -m tests.databricks.deployer FOLDER HASH ACTION TARGET NTH

NTH: the change of a file of a bundle before which it kills itself; 0 for none.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lakestream_mcp.relational.local import LocalEngine

from ..disk import failing
from .site import Site


def main(folder: str, plan: str, action: str, target: str, nth: str) -> None:
    """Confirm the plan on the store in that folder, as the tests' user."""
    engine = LocalEngine()
    site = Site(None, Path(folder), engine)  # type: ignore[arg-type]
    with failing(Path(folder) / "bundles", int(nth), "kill"):
        print(site.confirm({"confirm": plan, "action": action}, target=target))
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
