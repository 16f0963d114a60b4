"""Cells are kept between generations: what was made before must not show in what is made now."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lakestream_mcp.codegen import plan, render
from lakestream_mcp.graph.kept import Kept

from .bench import Bench
from .cases import BASES, FEED, Json, document

COUNT: Json = {"key": ["key"], "keep": ["id"], "where": "amount > 1", "threshold": 2}
HOOK = BASES["rest-webhook-sink"]
BASE = document("count-threshold", COUNT)


def changed(node: str, **config: Any) -> Json:
    """The pipeline with fields of one node changed."""
    made = copy.deepcopy(BASE)
    next(n for n in made["nodes"] if n["id"] == node)["config"].update(config)
    return made


def renamed(old: str, new: str) -> Json:
    """The pipeline with another id for a node."""
    made = copy.deepcopy(BASE)
    for part in [*made["nodes"], *made["edges"]]:
        part.update({key: new for key, value in part.items() if value == old})
    return made


def headed(*names: str) -> Json:
    """A pipeline with a sink that sends headers in this order."""
    return document("rest-webhook-sink", HOOK | {"headers": dict.fromkeys(names, "1")})


VARIANTS: dict[str, Json] = {
    "as it was": BASE,
    "a title": document("count-threshold", COUNT, name="Another"),
    "a condition": changed("it", where="amount > 2"),
    "a kept column": changed("it", keep=["id", "amount"]),
    "columns upstream": changed("feed", columns=FEED["columns"].replace("id bigint", "id string")),
    "a delay upstream": changed("feed", watermark_delay="7 minutes"),
    "an id upstream": renamed("feed", "other"),
    "its own id": renamed("it", "that"),
    "a layout": {**BASE, "settings": {"state_layout": "keys"}},
    "headers": headed("a", "b"),
    "headers in another order": headed("b", "a"),
    "no pattern": document("filter", {"condition": "amount > 1"}),
}


def text(bench: Bench, made: Json) -> str:
    return next(iter(bench.make(made).generated.files.values()))


def test_code_does_not_depend_on_what_was_made_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_others = {name: text(bench, made) for name, made in VARIANTS.items()}
    assert len(set(after_others.values())) == len(VARIANTS)
    for name, made in VARIANTS.items():
        monkeypatch.setattr(render, "_CELLS", Kept(8))
        monkeypatch.setattr(plan, "_PATTERNS", Kept(8))
        assert text(bench, made) == after_others[name], name
        assert text(bench, made) == after_others[name], f"{name}, once more"
