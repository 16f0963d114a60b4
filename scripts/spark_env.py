"""Prepares the local Spark: fetches pinned jars and records the classes that its JVM loads.

python scripts/spark_env.py [--broker]     --broker: also the jars of the Kafka broker for tests
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lakestream_mcp.deploy import jar_files, setup
from lakestream_mcp.errors import LakestreamError


def main() -> None:
    """Do it, saying what is done; a failed step says what to do."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--broker", action="store_true")
    broker = parser.parse_args().broker
    try:
        environment = setup.prepare(tell=lambda line: print(f"spark: {line}", file=sys.stderr))
        if broker:
            print("spark: fetching the Kafka broker for tests", file=sys.stderr)
            jar_files.jars("broker", environment.python, environment.java_home, environment.cache)
    except LakestreamError as error:
        sys.exit(f"{error.message}\n{error.hint or ''}")
    print(f"spark: ready ({environment.python}, Java in {environment.java_home})", file=sys.stderr)


if __name__ == "__main__":
    main()
