"""`python -m evals [sets] [--backend rules|anthropic|databricks] [--first N]`: print scores.

Models are found as the product finds them: by ANTHROPIC_API_KEY and LAKESTREAM_LLM_ENDPOINT.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .backends import NAMES, proposing
from .cases import cases
from .score import Judge, share

TOKENS = 1_000_000_000
"""What models may cost: whoever scores one has chosen its sentences."""
SETS = ("understood", "ambiguous", "hostile")


def main(arguments: Sequence[str]) -> int:
    """Print each set's score and its failures. Exit code 2: the back-end cannot answer here."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    parser.add_argument("sets", nargs="*", help=f"default: {' '.join(SETS)}")
    parser.add_argument("--backend", choices=NAMES, default="rules")
    parser.add_argument("--first", type=int, help="only so many sentences of each set")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env()
        language = settings.language._replace(tokens_per_day=TOKENS)
        host = Host.local(settings._replace(data_dir=Path(folder), language=language))
        try:
            backend = proposing(host.workspace, asked.backend)
            if isinstance(backend, str):
                sys.stdout.write(f"{asked.backend}: {backend}\n")
                return 2
            judge = Judge(backend, host.workspace.catalog, host.workspace.resolver)
            for name in asked.sets or SETS:
                _scored(judge, name, asked.first)
        finally:
            host.workspace.close()
    return 0


def _scored(judge: Judge, name: str, first: int | None) -> None:
    judged = judge.harmless if name == "hostile" else judge.expected
    results = [judged(case) for case in cases(name)[:first]]
    for result in results:
        if result.wrong:
            said = "; ".join(result.wrong)[:600]
            sys.stdout.write(f"  {result.case.text[:150]!r}\n    {said}\n")
    score = f"{float(share(results)):.1%} of {len(results)}"
    sys.stdout.write(f"{name}, by {judge.backend.name}: {score}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
