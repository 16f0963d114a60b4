"""Running an author's code directly in its guarded process, past the checks of the node type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lakestream_mcp.cep.authored.safety import ALLOWED_MODULES
from lakestream_mcp.cep.processor.codec import decoded_table
from lakestream_mcp.cep.processor.runner import LIMITS, Limits, RunOutcome, run_processor
from lakestream_mcp.cep.processor_type import ProcessorPlan, TimeMode
from lakestream_mcp.graph.model import Column
from lakestream_mcp.patterns.custom.code import read_code
from lakestream_mcp.relational.column_types import parse_columns

HEAD = "from pyspark.sql import Row\nfrom pyspark.sql.streaming import StatefulProcessor\n"
COLUMNS = (Column("key", "string"), Column("n", "bigint"))
ONE_ROW = [{"rows": [["a", 1]], "time_ms": 0, "watermark_ms": 0}]


def plan_of(
    code: str, output: str = "said string", time_mode: TimeMode = "event_time"
) -> ProcessorPlan:
    """A plan as the node type makes it, for any code."""
    authored = read_code(code)
    modules = {module for module, _ in authored.imports} & ALLOWED_MODULES
    return ProcessorPlan(
        code,
        authored.classes[0].name,
        tuple(sorted(modules)),
        authored.states,
        ("key",),
        parse_columns(output),
        time_mode,
        "append",
    )


def run(
    code: str,
    batches: Sequence[dict[str, Any]] = ONE_ROW,
    output: str = "said string",
    time_mode: TimeMode = "event_time",
    limits: Limits = LIMITS,
) -> RunOutcome:
    """Run code on batches of (key, n). Raises as the tester does."""
    plan = plan_of(code, output, time_mode)
    return run_processor(plan, COLUMNS, [batches], "it", limits)[0]


def said(outcome: RunOutcome, output: str = "said string") -> list[dict[str, Any]]:
    """The rows that came out."""
    rows: list[dict[str, Any]] = decoded_table(outcome.rows, parse_columns(output)).to_pylist()
    return rows


def processor(body: str, init: str = "pass", timer: str = "return iter(())") -> str:
    """A processor whose methods have these bodies."""
    methods = {
        "init(self, handle)": f"self.handle = handle\n{init}",
        "handleInputRows(self, key, rows, timerValues)": body,
        "handleExpiredTimer(self, key, timerValues, expiredTimerInfo)": timer,
    }
    text = HEAD + "class P(StatefulProcessor):\n"
    for signature, lines in methods.items():
        text += f"    def {signature}:\n"
        text += "".join(f"        {line}\n" for line in lines.splitlines())
    return text
