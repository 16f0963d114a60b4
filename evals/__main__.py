"""`python -m evals [names of sets]`: score the rules, show the rest."""

from __future__ import annotations

import sys

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.language.rules import Rules
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

from .cases import cases
from .score import Judge, share


def main(names: list[str]) -> None:
    """Print each file's score and its failures."""
    with_engine = LocalEngine()
    judge = Judge(Rules(), Catalog.load(), SailResolver(with_engine))
    for name in names or ["understood", "ambiguous", "hostile"]:
        judged = judge.harmless if name == "hostile" else judge.expected
        results = [judged(case) for case in cases(name)]
        for result in results:
            if result.wrong:
                sys.stdout.write(
                    f"  {result.case.text[:150]!r}\n    {'; '.join(result.wrong)[:600]}" + "\n"
                )
        sys.stdout.write(f"{name}: {float(share(results)):.1%} of {len(results)}" + "\n")
    with_engine.close()


if __name__ == "__main__":
    main(sys.argv[1:])
