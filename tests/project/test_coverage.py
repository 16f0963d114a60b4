"""The page of what each node type was tested for: whole, true to the catalogue, and noticed if not.

Whether each cell was witnessed is told by `scripts/coverage.py --check` after all tests.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from .sources import ROOT


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("node_coverage", ROOT / "scripts" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_is_whole(coverage: ModuleType) -> None:
    assert coverage.problems(coverage.PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| `filter` |", "| `filters` |", ["`filters` is no node type", "`filter` has nothing"]),
        ("| not for this type |", "|  |", ["`custom-python-source` has nothing under “SDP"]),
        ("| not for this type |", "| yes |", ["`custom-python-source` under “SDP dry-run”"]),
        ("| `watermark` | 2 |", "| `watermark` | 3 |", ["`watermark` has 2 fields, not 3"]),
        ("[^smtp]:", "[^smpt]:", ["the note smtp is missing"]),
    ],
)
def test_a_gap_is_noticed(coverage: ModuleType, old: str, new: str, said: list[str]) -> None:
    text = coverage.PAGE.read_text(encoding="utf-8")
    assert old in text
    found = "\n".join(coverage.problems(text.replace(old, new, 1)))
    assert all(each in found for each in said), found


def test_a_cell_that_nobody_witnessed_is_noticed(coverage: ModuleType) -> None:
    page = coverage.page({("filter", "sss"): {""}, ("mqtt", "sss"): {"mqtt"}})
    assert coverage.unwitnessed(page, {("filter", "sss"): {"", "kafka"}}) == [
        "`mqtt` under “SSS run on Spark”: yes[^mqtt]; tests say: -"
    ]
