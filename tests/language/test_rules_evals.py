"""The rules on sentences they were made with, on sentences they were not, and on hostile ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from evals.cases import cases
from evals.score import Judge, Result, share
from lakestream_mcp.catalog import Catalog
from lakestream_mcp.language.rules import Rules
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

LEAST = Fraction(9, 10)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    engine = LocalEngine()
    yield Judge(Rules(), Catalog.load(), SailResolver(engine))
    engine.close()


def wrong(results: list[Result]) -> list[tuple[str, list[str]]]:
    return [(r.case.text[:120], r.wrong) for r in results if r.wrong]


@pytest.mark.parametrize(
    "name",
    [
        "understood",
        "edits",
        "edits_2",
        "held_out",
        "held_out_2",
        "fresh",
        "fresh_2",
        "fresh_4",
        "fresh_5",
        "fresh_6",
        "fresh_7",
        "fresh_8",
        "fresh_9",
        "fresh_10",
        "fresh_11",
        "fresh_12",
        "edits_4",
        "edits_5",
        "edits_6",
    ],
)
def test_sentences_become_the_nodes_and_parameters_they_say(judge: Judge, name: str) -> None:
    results = [judge.expected(case) for case in cases(name)]
    assert share(results) >= LEAST, wrong(results)


def test_what_is_ambiguous_is_asked(judge: Judge) -> None:
    results = [judge.asks(case) for case in cases("ambiguous")]
    assert not wrong(results)


def test_what_is_hostile_is_harmless(judge: Judge) -> None:
    results = [judge.harmless(case) for case in cases("hostile")]
    assert not wrong(results)


def test_there_are_as_many_as_promised() -> None:
    count: Callable[[str], int] = lambda name: len(cases(name))  # noqa: E731
    assert count("understood") >= 60
    assert count("held_out") + count("held_out_2") >= count("understood") // 3
    assert count("ambiguous") >= 15
    assert count("hostile") >= 40
