"""Generated files hold no unquoted user value: the same tokens, but for the texts given.

Declarative SQL, code that is cut in two, and bundles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from sqlglot.tokens import TokenType

from lakestream_mcp.codegen import CodeTarget, Generated
from lakestream_mcp.relational.dialect import tokenize
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, Json, document
from tests.codegen.test_hostile import (
    BENIGN,
    HOSTILE,
    SHAPES,
    assert_same_tree,
    places,
    put,
    sql_literal,
    variants,
)

from .cases import CONFIG, TYPES, code_or_none, declarative

OWN_SHAPES: tuple[Callable[[str], str], ...] = (
    *SHAPES,
    lambda text: f"SELECT *, {sql_literal(text)} AS said FROM in_0",
)
SETTINGS: Json = {
    "checkpoints": "/Volumes/main/ops/state",
    "tables": "/Volumes/main/ops/tables",
    "trigger": "30 seconds",
    "catalog": "main",
    "schema": "ops",
    "deploy": {
        "schedule": {"cron": "0 0 * * * ?", "timezone": "UTC"},
        "cluster": {"node_type": "i3.xlarge", "workers": 2, "policy": "small"},
        "notify": ["ops@example.com"],
        "tags": {"team": "ops"},
        "permissions": [{"group": "ops", "level": "CAN_VIEW"}, {"user": "me", "level": "CAN_RUN"}],
        "run_as": {"service_principal": "runner"},
    },
}
NAMED: Json = {"aggregations": [{"function": "sum", "column": "amount", "name": "total"}]}


def own_variants(node_type: str) -> Iterator[Json]:
    yield from variants(node_type)
    if node_type == "window-aggregate":
        yield BASES[node_type] | NAMED


def assert_same_files(ours: Generated, theirs: Generated, given: list[tuple[str, str]]) -> None:
    assert ours.files.keys() == theirs.files.keys()
    for name, benign in ours.files.items():
        hostile = theirs.files[name]
        if name.endswith(".py"):
            assert_same_tree(benign, hostile, tuple(given))
        elif name.endswith(".yml"):
            assert_same_config(yaml.safe_load(benign), yaml.safe_load(hostile), given)
            assert benign.count("${") == hostile.count("${")
        else:
            assert_same_tokens(benign, hostile, given)
            assert marks(benign) == marks(hostile)
            for a, b in zip(configs(benign), configs(hostile), strict=True):
                assert_same_config(a, b, given)


def assert_same_config(benign: Any, hostile: Any, given: list[tuple[str, str]]) -> None:
    """What remarks and bundles say reads back as it was given: equal, but for the texts."""
    assert type(benign) is type(hostile)
    if isinstance(benign, dict):
        assert benign.keys() == hostile.keys()
        for key, value in benign.items():
            assert_same_config(value, hostile[key], given)
    elif isinstance(benign, list):
        for a, b in zip(benign, hostile, strict=True):
            assert_same_config(a, b, given)
    elif isinstance(benign, str):
        assert hostile in [benign, *(benign.replace(*pair) for pair in given)]
    else:
        assert benign == hostile


def assert_same_tokens(benign: str, hostile: str, given: list[tuple[str, str]]) -> None:
    for a, b in zip(tokenize(benign), tokenize(hostile), strict=True):
        quoted = (a.token_type, b.token_type) == (TokenType.VAR, TokenType.IDENTIFIER)
        assert a.token_type == b.token_type or quoted
        assert b.text in [a.text, *(a.text.replace(*pair) for pair in given)]


def in_login(text: str) -> str:
    """A name as it stands inside a login's text, which has quotes of its own."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def marks(text: str) -> list[str]:
    lines = text.splitlines()
    own = [line for line in lines if line.startswith("-- lakestream:")]
    return [CONFIG if line.startswith(CONFIG) else line for line in own]


def configs(text: str) -> list[Any]:
    lines = text.splitlines()
    return [json.loads(line.removeprefix(CONFIG)) for line in lines if line.startswith(CONFIG)]


def check(
    bench: Bench,
    node_type: str,
    target: CodeTarget,
    share: int,
    whole: Callable[[str, Json], Json],
) -> bool:
    """Put texts into every place: all of them, or one of `share`; whether there was a place."""
    seen: set[str] = set()
    for config in own_variants(node_type):
        for path in places(config):
            for number, shape in enumerate(OWN_SHAPES):
                if repr((path, number)) in seen:
                    continue
                harmless = whole(node_type, put(config, path, shape(BENIGN)))
                base = code_or_none(bench, harmless, target)
                if base is None:
                    continue
                seen.add(repr((path, number)))
                for text in HOSTILE[len(seen) % share :: share]:
                    changed = whole(node_type, put(config, path, shape(text)))
                    made = code_or_none(bench, changed, target)
                    if made is not None:
                        assert_same_files(base, made, pairs(shape, text))
    return bool(seen)


def pairs(shape: Callable[[str], str], text: str) -> list[tuple[str, str]]:
    """How the harmless text and the hostile one may stand in code."""
    quoted = "`" + text.replace("`", "``") + "`"
    found = [(BENIGN, said) for said in (text, text.strip(), quoted, in_login(text))]
    return [*found, (shape(BENIGN), shape(text)), (shape(BENIGN), in_login(shape(text)))]


@pytest.mark.parametrize("node_type", TYPES)
def test_hostile_texts_become_literals(bench: Bench, node_type: str) -> None:
    found = check(bench, node_type, "sdp", 1, declarative)
    assert found or node_type in ("union-merge", "watermark")


@pytest.mark.parametrize("target", ["hybrid", "bundle"])
@pytest.mark.parametrize("node_type", list(BASES))
def test_hostile_texts_stay_literals(bench: Bench, node_type: str, target: CodeTarget) -> None:
    check(bench, node_type, target, 5, document)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("target", ["hybrid", "bundle"])
@pytest.mark.parametrize("node_type", list(BASES))
def test_all_hostile_texts_stay_literals(bench: Bench, node_type: str, target: CodeTarget) -> None:
    check(bench, node_type, target, 1, document)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_comments(bench: Bench, text: str) -> None:
    def named(name: str) -> Json:
        made = declarative("filter", BASES["filter"], name=name[:120])
        return {**made, "name": name[:120], "description": name}

    benign, hostile = code_or_none(bench, named(BENIGN)), code_or_none(bench, named(text))
    assert benign is not None
    if hostile is not None:
        assert_same_files(benign, hostile, [])
        assert "${" not in hostile.files["parity.sql"]


def test_hostile_settings_stay_texts_in_bundles(bench: Bench) -> None:
    def placed(path: tuple[Any, ...], text: str) -> Json:
        made = document("filter", BASES["filter"])
        return {**made, "name": BENIGN, "settings": put(SETTINGS, path, text)}

    taken = set()
    for path in places(SETTINGS):
        benign = code_or_none(bench, placed(path, BENIGN), "bundle")
        for text in HOSTILE:
            hostile = code_or_none(bench, placed(path, text), "bundle")
            if hostile is not None:
                assert benign is not None
                assert_same_files(benign, hostile, [(BENIGN, text)])
                taken.add(path[-1])
    assert taken >= {"checkpoints", "node_type", "policy", "group", "user", "service_principal"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_texts_in_bundles(bench: Bench, text: str) -> None:
    def named(name: str) -> Generated | None:
        made = document("filter", BASES["filter"], name=name[:120])
        made |= {"name": name[:120], "description": name, "tags": [name]}
        return code_or_none(bench, made, "bundle")

    benign, hostile = named(BENIGN), named(text)
    assert benign is not None
    if hostile is not None:
        plain = text[:120].replace("${", "$ {")
        assert_same_files(benign, hostile, [(BENIGN, plain)])
