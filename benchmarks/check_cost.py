"""What the calibration predicts for pipelines it has not seen, and what they take on Spark.

    python benchmarks/check_cost.py

Each pipeline runs with small and with large micro-batches. Prints JSON: microseconds of processor
per event, predicted and measured, and their ratio. Nothing is asserted.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from calibrate_cost import KEYS, LARGE, SMALL, batches_of, bench, opened, wanted_share

CHECKS = (
    ("fraud-detection", "probed"),
    ("iot-sensor-health", "far_off"),
    ("abandoned-cart", "abandoned"),
    ("emergency-waiting-times", "no_bed"),
)


def checked() -> list[dict[str, Any]]:
    """Pipelines that the calibration has not seen: predicted and measured."""
    from lakestream_mcp.deploy import spark_env
    from lakestream_mcp.deploy.cost.work import spark_event_us
    from lakestream_mcp.deploy.spark_process import SparkProcess

    lines = []
    with bench() as b, SparkProcess(spark_env.find()) as spark:
        for template, node in CHECKS:
            session, host = opened(b, spark, template, node, warm=True)
            share = wanted_share(session.pool)
            for size, spent in zip((SMALL, LARGE), batches_of(session, KEYS), strict=True):
                measured = spent * 1e6 / size
                predicted = spark_event_us(host.type_of(node), share, size, KEYS)
                lines.append(
                    {
                        "pipeline": template,
                        "pattern": host.type_of(node),
                        "events_per_batch": size,
                        "predicted_us": round(predicted, 1),
                        "measured_us": round(measured, 1),
                        "ratio": round(predicted / measured, 2),
                    }
                )
                print(lines[-1], file=sys.stderr)
    return lines


def main() -> None:
    """Measure and print."""
    print(json.dumps(checked(), indent=1))


if __name__ == "__main__":
    main()
