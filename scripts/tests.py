"""Run the tests of one tier: `scripts/tests.py quick|fast|all|soak`.

Tests without outside processes run in parallel; those that start Spark, Kafka or a browser run one
after the other, since each of them takes the whole machine.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = "spark or kafka or browser"
PARALLEL = ("-n", "2", "--dist", "worksteal")
QUICK = [
    "tests/graph",
    "tests/tools",
    "tests/cep/test_expression.py",
    "tests/cep/test_watermark.py",
    "tests/codegen/test_golden.py",
    "tests/codegen/test_platform.py",
    "tests/surfaces/test_mcp.py",
    "tests/patterns/test_readmes.py",
    "tests/nodes/test_readmes.py",
    "tests/explain/test_match.py",
    "tests/project/test_tidy.py",
    "tests/project/test_layers.py",
    "tests/storage/test_pipelines.py",
]
"""What is looked at before every commit: a little of everything, in less than two minutes."""
SEARCH = ("--hypothesis-profile", "search")
"""Long tests draw new examples each time; the others draw the same ones."""
PHASES = {
    "quick": ("quick", f"not ({OUTSIDE} or postgres or soak)", (*QUICK, *PARALLEL)),
    "fast": ("fast", f"not ({OUTSIDE} or postgres or soak)", PARALLEL),
    "databases": ("with databases", f"not ({OUTSIDE} or soak)", PARALLEL),
    "outside": ("with Spark, Kafka, Chromium", f"({OUTSIDE}) and not soak", ("-n", "0")),
    "soak": ("long", "soak", ("-n", "0", "--timeout", "7200", *SEARCH)),
}
TIERS = {"quick": ("quick",), "fast": ("fast",), "all": ("databases", "outside"), "soak": ("soak",)}


COVERAGE = (sys.executable, "scripts/coverage.py")
"""The page of what each node type was tested for: only all tests can tell whether it is true."""


def main(tier):
    """Run every phase of a tier, also after one that failed; the exit code tells of any failure."""
    started, outcomes = time.monotonic(), []
    if tier == "all":
        subprocess.run([*COVERAGE, "--forget"], cwd=ROOT, check=True)
    for phase in TIERS[tier]:
        title, marks, options = PHASES[phase]
        print(f"== tests: {title}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-m", marks, *options, "--durations", "5"]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        outcomes.append((title, code))
    if tier == "all":
        code = subprocess.run([*COVERAGE, "--check"], cwd=ROOT, check=False).returncode
        outcomes.append(("docs/node_coverage.md is what tests have witnessed", code))
    print(f"== {tier} tests took {time.monotonic() - started:.0f} s")
    for title, code in outcomes:
        print(f"   {'passed' if code == 0 else f'FAILED (exit code {code})'}: {title}")
    return int(any(code for _, code in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
