"""Cases whose answers Flink CEP 2.3.0 gave: those of its own test suite, and random ones.

`sequence_flink.jsonl` holds random patterns over random events, one for each combination of
features met, recorded from Flink's automaton.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine

from . import cases

SAMPLES = cases.read("sequence_cep.jsonl")
RANDOM = cases.read("sequence_flink.jsonl")


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """A running engine."""
    running = LocalEngine()
    yield running
    running.close()


@pytest.mark.parametrize("case", [*SAMPLES, *RANDOM], ids=lambda case: case["id"])
def test_answers_as_flink(engine: LocalEngine, case: dict[str, Any]) -> None:
    if case["error"]:
        with pytest.raises((ValueError, RuntimeError)):
            cases.run(cases.build(engine, case), case["end_of_input_ms"])
        return
    matches, timed_out = cases.run(cases.build(engine, case), case["end_of_input_ms"])
    if case["expected_bindings"] is not None:
        assert cases.multiset([m.bound for m in matches]) == cases.multiset(
            case["expected_bindings"]
        )
    else:
        found = [sorted(i for ids in m.bound.values() for i in ids) for m in matches]
        assert cases.multiset(found) == cases.multiset(case["expected"])
    if case["timed_out"] is not None:
        assert cases.multiset(timed_out) == cases.multiset(case["timed_out"])
    if case["emitted_after"] is not None:
        assert sorted(m.after for m in matches) == sorted(case["emitted_after"])
        assert sorted(m.by for m in matches) == sorted(case["emitted_by"])
